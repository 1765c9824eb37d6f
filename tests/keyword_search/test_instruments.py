"""Instrument keywords: several services in one question, and nothing silently left out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.keyword_search.conftest import rows_of
from tests.workflows.conftest import Site
from topmast_service.archive import keywords, portal
from topmast_service.domain import job
from topmast_service.domain.forms import INSTRUMENTS
from topmast_service.domain.rows import ask
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table

KEYWORDS = "instrument_keywords"
TIME_SERIES = {
    "category": ["COM", "ERS"],
    "exp_type": ["NRS_BRIGHTOBJ", "NRC_TSGRISM", "MIR_LRS-SLITLESS", "NIS_SOSS"],
    "tsovisit": True,
}
"""The Primer's example: single-object, slitless time series of commissioning and early release science."""


def rows(site: Site, **criteria: Any) -> list[dict[str, Any]]:
    return rows_of(site, site.search(collection=KEYWORDS, criteria=criteria))


def names(site: Site, **criteria: Any) -> set[str]:
    return {row["filename"] for row in rows(site, **criteria)}


def test_the_primers_time_series_in_one_search_of_every_instrument(site: Site) -> None:
    done = site.search(collection=KEYWORDS, criteria=TIME_SERIES)
    found = rows_of(site, done)
    assert len(found) == done.result["count"] > 50
    assert {row["category"] for row in found} <= {"COM", "ERS"}
    assert {row["exp_type"] for row in found} == set(TIME_SERIES["exp_type"])
    assert {row["tsovisit"] for row in found} == {"t"}
    assert all(row["dataURI"] == f"mast:JWST/product/{row['filename']}" for row in found)
    by_service = {service: sum(row["instrument"] == service for row in found) for service in INSTRUMENTS}
    assert done.result["instruments"] == {s: n for s, n in by_service.items() if s != "guidestar"}
    assert by_service["nirspec"] > by_service["miri"] > 0 == by_service["fgs"]
    assert any("highest level" in note for note in done.result["notes"])
    assert any("Guide stars: not asked, for there is no column tsovisit" in note for note in done.result["notes"])

    # the Primer goes on with a filter in the table of results: level 3 only
    table = Table(rows_table(site.settings.tables, done.id))
    page = table.page(ask(table.columns, where=["productLevel:eq:3"], sort="instrument,filename"))
    assert [row["filename"] for row in page.items] == [
        "jw01366-o011_t002_miri_p750l-slitlessprism_x1dints.fits",
        "jw01366-o002_t001_nircam_f322w2-grismr-subgrism256_x1dints.fits",
        "jw01366-o001_t001_niriss_clear-gr700xd-substrip256_x1dints.fits",
        "jw01541-o001_t001_niriss_clear-gr700xd-substrip256_x1dints.fits",
        "jw01366-o003_t001_nirspec_f290lp-g395h-sub2048_x1dints.fits",
        "jw01366-o004_t001_nirspec_clear-prism-sub2048_x1dints.fits",
    ]


def test_rows_come_in_the_order_of_the_instruments_whoever_answers_first(site: Site) -> None:
    site.sandbox.post("faults", service="Mast.Jwst.Filtered.Nircam", fault="late", seconds=0.3)
    try:
        late = rows(site, program=1366, instrument=["niriss", "miri", "nircam"])
    finally:
        site.sandbox.post("faults", rules=[])
    order = list(dict.fromkeys(row["instrument"] for row in late))
    assert order == [service for service in INSTRUMENTS if service in order]
    assert late == rows(site, program=1366, instrument=["nircam", "niriss", "miri"])


@pytest.mark.parametrize("program", ["1541", "01541", 1541, ["01541"], {"min": 1541, "max": 1541}])
def test_a_program_in_any_spelling(site: Site, program: Any) -> None:
    found = rows(site, program=program, instrument="NIRISS")
    assert {row["program"] for row in found} == {1541}
    assert {row["instrument"] for row in found} == {"niriss"}


def test_columns_begin_with_the_instrument_and_are_those_of_whom_was_asked(site: Site) -> None:
    done = site.search(collection=KEYWORDS, criteria={"instrument": ["guidestar"], "program": 1541})
    told = [column["name"] for column in done.result["columns"]]
    assert told[0] == "instrument"
    assert {"fileName", "dataURI", "gs_order", "isJitter"} <= set(told)
    assert not {"filename", "pupil", "tsovisit"} & set(told)


def test_a_file_name_is_one_column_whatever_the_instrument_calls_it(site: Site) -> None:
    criteria = {"instrument": ["niriss", "guidestar"], "program": 1541}
    done = site.search(collection=KEYWORDS, criteria=criteria)
    told = [column["name"] for column in done.result["columns"]]
    assert "filename" in told
    assert "fileName" not in told
    assert any("fileName" in note for note in done.result["notes"])
    guides = [row for row in rows_of(site, done) if row["instrument"] == "guidestar"]
    assert guides
    assert all("_gs-" in row["filename"] and row["dataURI"].endswith(row["filename"]) for row in guides)
    assert names(site, **criteria, filename="*_gs-fg_*") == {
        r["filename"] for r in guides if "_gs-fg_" in r["filename"]
    }
    assert {r["filename"] for r in rows(site, **criteria, fileName=guides[0]["filename"])} == {guides[0]["filename"]}


def test_an_instrument_that_lacks_a_column_is_not_asked_and_that_is_said(site: Site) -> None:
    site.sandbox.post("requests/reset")
    done = site.search(
        collection=KEYWORDS, criteria={"instrument": ["niriss", "miri"], "pupil": "GR700XD", "program": 1541}
    )
    assert {row["instrument"] for row in rows_of(site, done)} == {"niriss"}
    assert "MIRI: not asked, for there is no column pupil." in done.result["notes"]
    assert done.result["api"] == "Mast.Jwst.Filtered.Niriss"


def test_when_nobody_has_the_column_nothing_is_found_and_the_notes_say_why(site: Site) -> None:
    done = site.search(collection=KEYWORDS, criteria={"instrument": "miri", "pupil": "GR700XD"})
    assert (done.outcome, done.result["count"]) == ("empty", 0)
    assert "MIRI: not asked, for there is no column pupil." in done.result["notes"]


def test_dates_are_asked_and_told_as_people_write_them(site: Site) -> None:
    found = rows(site, instrument="miri", date_obs={"min": "2022-07-04", "max": "2022-07-04"}, productLevel="3")
    assert found
    assert {row["date_obs"][:10] for row in found} == {"2022-07-04"}
    assert all(row["date_obs"].endswith("Z") for row in found)
    every = names(site, instrument="miri", program=1558)
    outside = names(site, instrument="miri", program=1558, date_obs={"not": {"min": "2022-07-04", "max": "2022-07-04"}})
    inside = names(site, instrument="miri", program=1558, date_obs="2022-07-04")
    assert outside | inside == every
    assert not outside & inside
    assert names(site, instrument="miri", program=1558, date_obs=None) == set()


@pytest.mark.parametrize("yes", [True, "t", "T", "true"])
def test_flags_in_any_writing(site: Site, yes: Any) -> None:
    found = rows(site, instrument="niriss", program=1366, tsovisit=yes)
    assert {row["tsovisit"] for row in found} == {"t"}


@pytest.mark.parametrize("no", [False, "F"])
def test_flags_that_are_not_set(site: Site, no: Any) -> None:
    assert {row["tsovisit"] for row in rows(site, instrument="miri", program=1558, tsovisit=no)} == {"f"}


def test_several_wildcards_lists_and_exclusions_together(site: Site) -> None:
    base = {"instrument": {"not": ["nircam", "nirspec", "miri", "fgs", "guidestar"]}, "exp_type": "NIS_SOSS"}
    both = names(site, **base, filename=["*_x1dints.fits", "*_calints.fits", "*nis*"])
    assert {name.rpartition("_")[2] for name in both} == {"x1dints.fits", "calints.fits"}
    assert len(rows(site, **base, filename=["*_x1dints.fits", "*nis*"])) == len(both)
    assert names(site, **base, program={"not": "01366"}) == {name for name in both if "01366" not in name} != both


@pytest.mark.parametrize(
    "criteria",
    [
        {"instrument": ["niriss", "guidestar"], "program": 1541},
        {"instrument": ["niriss", "guidestar"], "program": 1541, "exp_type": {"not": "FGS_ACQ1"}},
        {"instrument": "niriss", "filename": ["*nis_x1dints.fits", "*_x1dints.fits"], "program": 1541},
    ],
)
def test_a_count_is_that_of_the_rows(site: Site, criteria: dict[str, Any]) -> None:
    counted = site.search(collection=KEYWORDS, criteria=criteria, count_only=True)
    found = rows(site, **criteria)
    assert counted.result["count"] == len(found) > 0
    assert sum(counted.result["instruments"].values()) == len(found)
    assert counted.result["counted_only"]


def test_an_instrument_that_does_not_answer_leaves_no_half_an_answer(site: Site) -> None:
    site.sandbox.post("faults", service="Mast.Jwst.Filtered.Miri", fault="status", status=503)
    try:
        done = site.search(collection=KEYWORDS, criteria={"program": 1366})
    finally:
        site.sandbox.post("faults", rules=[])
    assert done.phase == job.SUSPENDED
    assert not rows_table(site.settings.tables, done.id).exists()


def test_rows_that_one_instrument_keeps_back_are_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal, "MOST_ROWS", 12)
    monkeypatch.setattr(keywords, "PAGE_ROWS", 6)
    done = site.search(collection=KEYWORDS, criteria={"instrument": ["miri", "niriss"], "program": 1366})
    assert done.result["truncated"]
    assert done.result["truncated_because"].startswith("Mast.Jwst.Filtered.")
    assert done.result["count"] == sum(done.result["instruments"].values()) <= 24
