"""Every generated name fits the archive's naming rules, and leads back to its file."""

import json
import re

import pytest

from topmast_sandbox.catalogue import names, open_catalogue
from topmast_sandbox.clock import Clock

# The rules as the archive's documentation gives them, independent of the patterns the catalogue reads names with.
RULES = [
    re.compile(p)
    for p in (
        r"^jw(\d{5})(\d{3})(\d{3})_(\d{2})(\d)([0-9a-z]{2})_(\d{5})(?:-seg(\d{3}))?_([a-z0-9]+?)(?:_([aoc]\d{3,4}))?_([a-z0-9\-]+)\.(fits|jpg|png)$",
        r"^jw(\d{5})-([aocr]\d{3,4})_(?:t(\d{3})|([sbv])(\d{5,9}))(?:-epoch(\d))?_([a-z0-9]+)_([a-z0-9\-]+?)_([a-z0-9\-]+)\.(fits|jpg|png|ecsv)$",
        r"^jw(\d{5})-([aocr]\d{3,4})_(\d{8}t\d{6})_([a-z0-9\-]+)_(\d{3,5})_asn\.json$",
        r"^jw(\d{5})_(\d{8}t\d{6})_pool\.csv$",
        r"^jw(\d{11})_(\d{2})_msa\.fits$",
        r"^jw(\d{5})(\d{3})(\d{3})_gs-(id|acq1|acq2|track|fg)_(\d{1,2}|\d{13})(?:-seg(\d{3}))?(?:_(image|stacked))?[_-](uncal|cal|stream)\.(fits|jpg)$",
        r"^R\d{10}-NRCA3_FP1-1\.fits$",
    )
]
DETECTORS = (
    {f"nrc{module}{chip}" for module in "ab" for chip in (1, 2, 3, 4, "long")}
    | {"nis", "nrs1", "nrs2", "guider1", "guider2"}
    | {"mirimage", "mirifushort", "mirifulong"}
)


@pytest.fixture(scope="module")
def catalogue():
    return open_catalogue(clock=Clock(), scale=0.002)


@pytest.fixture(scope="module")
def records(catalogue):
    return list(catalogue._sources[0].records())


def test_every_name_fits_a_rule(records):
    strange = [r.filename for r in records if not any(rule.match(r.filename) for rule in RULES)]
    assert strange == []
    assert {"png", "jpg", "fits", "json", "csv", "ecsv"} == {r.filename.rpartition(".")[2] for r in records}


def test_detectors_are_real(records):
    found = {m["detector"] for r in records if (m := names.EXPOSURE.match(r.filename))}
    assert found <= DETECTORS
    assert {"nrcalong", "mirifushort", "nrs2", "nis", "guider1"} <= found


def test_names_lead_back_to_their_file(catalogue, records):
    for record in records[::97]:
        found = catalogue.file(record.uri)
        assert found is not None, record.uri
        assert found.filename == record.filename


def test_the_prefix_may_be_in_lower_case(catalogue):
    uri = "mast:JWST/product/jw01558-o001_t001_miri_f560w_i2d.fits"
    assert catalogue.file(uri.replace("JWST", "jwst")).uri == catalogue.file(uri).uri == uri
    assert catalogue.file("mast:JWST/product/jw01558-o001_t001_miri_f561w_i2d.fits") is None
    assert catalogue.file("mast:JWST/product/../../etc/passwd") is None
    assert catalogue.file("nonsense") is None


def test_planned_names_are_as_the_scheduler_writes_them(catalogue):
    planned = [r["obs_id"] for r in catalogue.observations() if r["calib_level"] == -1]
    assert all(re.fullmatch(r"jw\d{11}_xx[0-9a-z]{3}_\d{5}_[a-z]+", name) for name in planned)


@pytest.mark.parametrize("proposal", ["1558", "2736", "1324", "1366", "1386", "1373", "1073"])
def test_association_members_are_in_the_same_listing(catalogue, proposal):
    """One target-level product of each mode: a pipeline run finds every member beside the association."""
    rows = [r for r in catalogue.observations() if r["proposal_id"] == proposal and r["calib_level"] == 3]
    for row in {r["instrument_name"]: r for r in rows}.values():
        listed = {p["productFilename"]: p for p in catalogue.products(row["obsid"])}
        associations = [n for n in listed if n.endswith("_asn.json")]
        assert associations
        for name in associations:
            asn = json.loads(b"".join(catalogue.file(listed[name]["dataURI"]).read()))
            members = [m["expname"] for product in asn["products"] for m in product["members"]]
            assert members
            assert set(members) <= set(listed), (row["obs_id"], name)
            assert asn["asn_pool"] in listed


def test_slitless_associations_bring_their_direct_image(catalogue):
    row = next(r for r in catalogue.observations() if r["instrument_name"] == "NIRISS/WFSS")
    listed = {p["productFilename"]: p["dataURI"] for p in catalogue.products(row["obsid"])}
    asn = json.loads(b"".join(catalogue.file(next(u for n, u in listed.items() if "_spec3_" in n)).read()))
    kinds = {m["exptype"] for m in asn["products"][0]["members"]}
    assert {"science", "direct_image", "sourcecat", "segmap"} == kinds


def test_the_pool_is_a_bar_separated_table(catalogue):
    row = next(r for r in catalogue.observations() if r["proposal_id"] == "1539")
    pool = next(p["dataURI"] for p in catalogue.products(row["obsid"]) if p["productSubGroupDescription"] == "POOL")
    lines = b"".join(catalogue.file(pool).read()).decode().splitlines()
    assert lines[0].startswith("FILENAME|OBS_ID|PROGRAM")
    assert {line.count("|") for line in lines} == {63}
    assert all(catalogue.file(f"mast:JWST/product/{line.partition('|')[0]}") for line in lines[1:])
