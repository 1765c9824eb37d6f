"""The numbers the catalogue was made to show: the Primer's, and the sizes that break naive clients."""

import tracemalloc
from collections import Counter

import pytest

from topmast_sandbox.catalogue import Catalogue, open_catalogue
from topmast_sandbox.catalogue.caom import COLUMNS
from topmast_sandbox.catalogue.tables import PRODUCT_COLUMNS
from topmast_sandbox.clock import Clock


@pytest.fixture(scope="module")
def catalogue():
    return open_catalogue(clock=Clock(), scale=0.002)


def rows_of(catalogue: Catalogue, **wanted: object):
    return [r for r in catalogue.observations() if all(r[k] == v for k, v in wanted.items())]


def listing(catalogue: Catalogue, obs_id: str):
    (row,) = rows_of(catalogue, obs_id=obs_id)
    return list(catalogue.products(row["obsid"]))


def test_the_primers_m57_image_lists_what_the_primer_shows(catalogue):
    rows = listing(catalogue, "jw01558-o001_t001_miri_f1000w")
    assert len(rows) == 7496
    assert Counter(r["productType"] for r in rows) == {"SCIENCE": 98, "PREVIEW": 82, "INFO": 34, "AUXILIARY": 7282}
    groups = Counter(r["productSubGroupDescription"] for r in rows)
    assert [groups[g] for g in ("I2D", "ASN", "POOL", "UNCAL")] == [17, 17, 17, 16]
    assert Counter(r["productGroupDescription"] for r in rows)["Minimum Recommended Products"] == 2
    # The Primer's basket filter: I2D and UNCAL are 33 of the 98 science files, ASN and POOL all 34 of INFO.
    assert groups["I2D"] + groups["UNCAL"] == 33


def test_the_m57_images_are_nine_filters_within_an_arcminute(catalogue):
    images = [r for r in rows_of(catalogue, proposal_id="1558", target_name="NGC6720") if r["calib_level"] == 3]
    miri = [r for r in images if r["instrument_name"] == "MIRI/IMAGE"]
    assert [r["filters"] for r in miri] == [f"F{um}W" for um in (560, 770, 1000, 1130, 1280, 1500, 1800, 2100, 2550)]
    assert all(abs(r["s_ra"] - 283.396) < 0.01 and abs(r["s_dec"] - 33.029) < 0.01 for r in miri)
    assert miri[0]["t_exptime"] == pytest.approx(444.008)
    assert rows_of(catalogue, obs_id="jw01558001001_xx101_00001_miri", calib_level=-1, provenance_name="APT")
    assert any("F100LP" in r["filters"] for r in rows_of(catalogue, instrument_name="NIRSPEC/IFU", proposal_id="1558"))


def test_program_1073_is_the_deduplication_case(catalogue):
    rows = rows_of(catalogue, proposal_id="1073")
    assert len(rows) == 15
    assert {r["instrument_name"] for r in rows} == {"NIRCAM/IMAGE"}
    assert "F277W" in {r["filters"] for r in rows}
    listed = [p["dataURI"] for r in rows for p in catalogue.products(r["obsid"])]
    assert 30_000 < len(listed) < 32_000
    assert 6_000 < len(set(listed)) < 6_500


def test_program_2736_msa_sources_share_their_children(catalogue):
    rows = rows_of(catalogue, proposal_id="2736", instrument_name="NIRSPEC/MSA")
    assert len(rows) > 200
    assert sum(catalogue.count(r["obsid"]) for r in rows) >= 250_000
    one = list(catalogue.products(rows[0]["obsid"]))
    assert [p["productSubGroupDescription"] for p in one].count("MSA") == 6
    unique: set[str] = set()
    for row in rows[::20]:
        unique |= {p["dataURI"] for p in catalogue.products(row["obsid"])}
    listed = sum(catalogue.count(r["obsid"]) for r in rows[::20])
    assert len(unique) < 0.1 * listed
    assert len({u for u in unique if u.endswith("_msa.fits")}) == 1
    assert max(len(r["s_region"]) for r in rows) > 20_000


def test_there_are_enough_observations_and_over_a_million_rows(catalogue):
    rows = catalogue.observations()
    assert len(rows) >= 3_000
    assert sum(catalogue.count(r["obsid"]) for r in rows) > 1_000_000
    assert len({r["obsid"] for r in rows}) == len({r["obs_id"] for r in rows}) == len(rows)


def test_counting_agrees_with_expanding(catalogue):
    """One observation of every program and instrument: arithmetic and real listing must not drift apart."""
    kinds = {(r["proposal_id"], r["instrument_name"], r["calib_level"]): r["obsid"] for r in catalogue.observations()}
    for kind, obsid in kinds.items():
        assert catalogue.count(obsid) == sum(1 for _ in catalogue.products(obsid)), kind


def test_there_are_over_forty_thousand_unique_files(catalogue):
    names = [r.uri for source in catalogue._sources for r in source.records()]
    assert len(names) == len(set(names)) > 40_000


def test_a_long_listing_is_not_held_in_memory(catalogue):
    obsids = [r["obsid"] for r in rows_of(catalogue, proposal_id="2736", instrument_name="NIRSPEC/MSA")[:20]]
    tracemalloc.start()
    assert sum(1 for o in obsids for _ in catalogue.products(o)) > 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000  # 20,000 rows held would be five times that


def test_columns_come_in_masts_order(catalogue):
    rows = catalogue.observations()
    assert len(COLUMNS) == 33
    assert all(list(r) == COLUMNS for r in rows)
    assert list(next(catalogue.products(rows[0]["obsid"]))) == PRODUCT_COLUMNS
    assert len(PRODUCT_COLUMNS) == 20


def test_unknown_and_planned_observations_have_no_products(catalogue):
    assert list(catalogue.products(1)) == []
    planned = rows_of(catalogue, calib_level=-1)
    assert planned
    assert all(list(catalogue.products(r["obsid"])) == [] for r in planned)
    assert all(r["t_min"] is None and r["dataURL"] is None for r in planned)


def test_a_program_number_can_find_two_missions(catalogue):
    assert {r["obs_collection"] for r in rows_of(catalogue, proposal_id="1334")} == {"JWST", "HST"}


def test_the_kinds_of_rows_that_trip_clients_are_there(catalogue):
    rows = catalogue.observations()
    assert {"NIRCAM", "NIRCAM/IMAGE", "NIRISS/SOSS"} <= {r["instrument_name"] for r in rows}
    assert {"VV-191", "VV191"} <= {r["target_name"] for r in rows_of(catalogue, proposal_id="1176")}
    assert all(r["s_ra"] is None and r["s_region"] is None for r in rows if r["mtFlag"])
    assert any(r["mtFlag"] for r in rows)
    assert {"PUBLIC", "EXCLUSIVE_ACCESS", "RESTRICTED", None} == {r["dataRights"] for r in rows}
    assert {"COM", "ERS", "GO", "GTO", "CAL"} <= {r["proposal_type"] for r in rows}
    assert any("-seg007_" in r["obs_id"] for r in rows)
    assert any(r["calib_level"] == 4 for r in rows)
    assert any(r["filters"] is None and r["em_min"] is None for r in rows)


def test_a_stage_2_association_can_be_absent_from_the_stage_3_listing(catalogue):
    rows = listing(catalogue, "jw01541-o001_t001_niriss_clear-gr700xd-substrip256")
    listed = [r["productFilename"] for r in rows if r["productSubGroupDescription"] == "ASN"]
    assert [n for n in listed if "tso3" in n] == listed
    member = next(r["obsID"] for r in rows if r["calib_level"] == 1)
    own = [r["productFilename"] for r in catalogue.products(member) if r["productSubGroupDescription"] == "ASN"]
    assert len(own) == 1
    assert catalogue.file(f"mast:JWST/product/{own[0]}") is not None
