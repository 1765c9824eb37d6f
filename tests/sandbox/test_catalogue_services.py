"""Keyword rows, file sets, names of targets and telemetry."""

import hashlib
import re
from datetime import UTC, datetime

import pytest
from astropy.io import fits

from topmast_sandbox.catalogue import open_catalogue
from topmast_sandbox.clock import Clock

PORTAL_TYPES = {"string", "int", "float", "boolean"}


@pytest.fixture(scope="module")
def catalogue():
    return open_catalogue(clock=Clock(), scale=0.002)


@pytest.mark.parametrize("service", ["Nircam", "Niriss", "Nirspec", "Miri", "Fgs", "GuideStar", "Wss"])
def test_keyword_rows_have_the_services_columns(catalogue, service):
    columns = dict(catalogue.keyword_columns(service))
    assert set(columns.values()) <= PORTAL_TYPES
    row = next(catalogue.keywords(service))
    assert set(row) == set(columns)
    assert ("fileName" in row) == (service in {"GuideStar", "Wss"})
    kinds = {"string": str, "int": int, "float": int | float, "boolean": bool}
    wrong = {k: v for k, v in row.items() if v is not None and not isinstance(v, kinds[columns[k]])}
    assert wrong == {}
    for name in (c for c in columns if c.endswith("_mjd")):
        told = row[name.removesuffix("_mjd")]
        assert (told is None) == (row[name] is None)
        assert told is None or re.fullmatch(r"/Date\(\d+\)/", told)


def test_keyword_columns_are_about_as_many_as_masts(catalogue):
    for service, number in (("Nircam", 218), ("Niriss", 206), ("Nirspec", 224), ("Miri", 221)):
        assert abs(len(catalogue.keyword_columns(service)) - number) < 20
    assert catalogue.keyword_columns("Nonsense") == []


def test_keyword_rows_agree_with_the_file(catalogue, tmp_path):
    row = next(r for r in catalogue.keywords("Niriss") if r["exp_type"] == "NIS_SOSS" and r["productLevel"] == "3")
    file = catalogue.file(row["dataURI"])
    data = b"".join(file.read())
    assert row["tsovisit"] == "t"
    assert row["fileSize"] == len(data)
    assert row["checksum"] == hashlib.md5(data).hexdigest()
    (tmp_path / "x.fits").write_bytes(data)
    with fits.open(tmp_path / "x.fits") as hdus:
        header = hdus[0].header
    assert (header["FILENAME"], header["PROGRAM"], header["CAL_VER"]) == (
        row["filename"],
        row["program"],
        row["cal_ver"],
    )


def test_only_the_highest_levels_are_searchable(catalogue):
    assert {r["productLevel"] for r in catalogue.keywords("Miri")} == {"2b", "3"}


def test_file_sets_group_the_files_of_an_exposure(catalogue):
    sets = {r["fileSetName"]: r for r in catalogue.filesets()}
    assert len(sets) > 1_500
    row = sets["jw01541001001_02101_00001"]
    assert (row["instrume"], row["exp_type"], row["tsovisit"], row["program"]) == ("NIRISS", "NIS_SOSS", "t", 1541)
    assert row["productLevel"] == "1b, 2a, 2b, 2c"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}", row["date_obs"])
    products = catalogue.fileset_products("jw01541001001_02101_00001")
    assert {"_uncal", "_rate", "_calints", "_x1dints"} <= {p["file_suffix"] for p in products}
    assert sum(p["file_suffix"] == "_uncal" for p in products) >= 3  # one per segment
    first = products[0]
    assert first["uri"] == f"{first['dataset']}/{first['filename']}"
    assert all(catalogue.file(f"mast:JWST/product/{p['filename']}").size == p["size"] for p in products)
    assert catalogue.fileset_products("jw01541001001_02101_00009") == []
    assert catalogue.fileset_products("nonsense") == []


@pytest.mark.parametrize(
    "name", ["m57", "M 57", "M57", "ngc6720", "NGC 6720", "ngc-6720", "Ring Nebula", "RING_NEBULA", "Messier 57"]
)
def test_m57_is_found_however_it_is_spelled(catalogue, name):
    found = catalogue.resolve(name)
    assert (found["ra"], found["decl"]) == (283.396, 33.029)
    assert found["canonicalName"] == "M 57"


def test_unknown_and_moving_targets_do_not_resolve(catalogue):
    assert catalogue.resolve("NGC 99999") is None
    assert catalogue.resolve("Jupiter") is None
    assert catalogue.resolve("") is None
    assert catalogue.resolve("VV 191")["ra"] == pytest.approx(207.0879)


def test_telemetry_brackets_the_interval(catalogue):
    start, end = datetime(2022, 7, 1, tzinfo=UTC), datetime(2022, 7, 1, 0, 1, tzinfo=UTC)
    samples = list(catalogue.samples("sa_zaducmdx", start, end))
    times = [datetime.strptime(s[0], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC) for s in samples]
    assert times[0] < start <= times[1]
    assert times[-2] <= end < times[-1]
    assert samples == list(catalogue.samples("SA_ZADUCMDX", start, end))
    assert {s[3] for s in samples} == {"real"}
    assert list(catalogue.samples("NO_SUCH", start, end)) == []
    names = [m["tlmMnemonic"] for m in catalogue.mnemonics()]
    assert len(set(names)) == len(names) > 10
