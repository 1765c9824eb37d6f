"""Rows as MAST really gives them: without a dataURI, with -999, NaN and dates nobody can read; and real ones."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.keyword_search.conftest import rows_of
from tests.keyword_search.recorded import Recorded, recorded
from tests.workflows.conftest import Site
from topmast_service.domain import access, dates
from topmast_service.domain.forms import keyword_columns

REAL = Path(__file__).parents[3] / "shared/data/si_keywords_sample_all_columns.csv"
SERVICES = {"nircam": "Mast.Jwst.Filtered.Nircam", "nirspec": "Mast.Jwst.Filtered.Nirspec",
            "miri": "Mast.Jwst.Filtered.Miri", "niriss": "Mast.Jwst.Filtered.Niriss"}  # fmt: skip
KEYWORDS = "instrument_keywords"


def exposure(name: str, **more: Any) -> dict[str, Any]:
    """A row of a NIRCam file."""
    return {"filename": name, "dataURI": f"mast:JWST/product/{name}", "program": 1558, "fileSize": 5760, **more}


@contextmanager
def archive(site: Site, **rows: list[dict[str, Any]]) -> Iterator[Recorded]:
    """The site asks these rows, by service; `caom` are observations."""
    named = {SERVICES.get(service, "Mast.Caom.Filtered"): given for service, given in rows.items()}
    before = site.settings
    with recorded(named) as portal:
        site.settings = replace(before, mast_url=portal.url)
        yield portal
        site.settings = before


def test_cells_are_masts_and_blank_ones_are_null(site: Site) -> None:
    given = exposure(
        "jw01558005001_02101_00001_nrca1_cal.fits", dataURI="", gs_mag=math.nan, drpfrms1=-999, gs_dec=-999.0,
        date_obs="/Date(1656941527607)/", tsovisit="T", isRestricted=False, title="a;b, c",
    )  # fmt: skip
    with archive(site, nircam=[given, exposure("jw01558005001_02101_00001_nrca2_cal.fits")]):
        done = site.search(collection=KEYWORDS, criteria={"instrument": "nircam", "program": 1558})
        row, other = rows_of(site, done)
    assert row["dataURI"] == "mast:JWST/product/jw01558005001_02101_00001_nrca1_cal.fits"
    assert (row["gs_mag"], row["drpfrms1"], row["gs_dec"]) == (None, -999, -999.0)
    assert (row["date_obs"], row["tsovisit"], row["isRestricted"]) == ("2022-07-04T13:32:07.607000Z", "T", False)
    assert (row["title"], other["title"], other["isRestricted"]) == ("a;b, c", None, None)
    assert "MAST gave 1 rows without a dataURI; it was made from the name of the file." in done.result["notes"]


def test_a_date_that_cannot_be_is_null_and_its_access_unknown(site: Site) -> None:
    given = exposure("a_cal.fits", publicReleaseDate="/Date(999999999999999)/", isRestricted=False)
    with archive(site, nircam=[given]):
        done = site.search(collection=KEYWORDS, criteria={"instrument": "nircam", "program": 1558})
        (row,) = rows_of(site, done)
    assert row["publicReleaseDate"] is None
    assert access.of_row(row, done.created) == access.UNKNOWN


def test_dates_in_iso_without_a_zone_are_utc(site: Site) -> None:
    given = exposure("a_cal.fits", date_obs="2022-05-07T12:04:20.0979991", title="2022-05-07")
    with archive(site, nircam=[given]):
        (row,) = rows_of(site, site.search(collection=KEYWORDS, criteria={"instrument": "nircam", "program": 1558}))
    assert (row["date_obs"], row["title"]) == ("2022-05-07T12:04:20.097999Z", "2022-05-07")


def test_a_flag_or_date_that_rows_must_be_tested_by(site: Site) -> None:
    given = [
        exposure("a_cal.fits", tsovisit="T", date_obs="/Date(1656941527607)/"),
        exposure("b_cal.fits", tsovisit="f", date_obs="/Date(1656941527607)/"),
        exposure("c_cal.fits", tsovisit=None, date_obs=None),
    ]
    with archive(site, nircam=given):
        for criterion, expected in (
            ({"tsovisit": {"not": True}}, ["b_cal.fits", "c_cal.fits"]),
            ({"date_obs": {"not": "2022-07-04"}}, ["c_cal.fits"]),
            ({"date_obs": None}, ["c_cal.fits"]),
        ):
            done = site.search(collection=KEYWORDS, criteria={"instrument": "nircam", "program": 1558, **criterion})
            assert [row["filename"] for row in rows_of(site, done)] == expected


def test_many_pages_come_once_each_and_in_order(site: Site) -> None:
    given = [exposure(f"jw01558005001_02101_{n:05}_nrca1_cal.fits") for n in range(2_500)]
    with archive(site, nircam=given, miri=given[:3]) as portal:
        done = site.search(collection=KEYWORDS, criteria={"instrument": ["miri", "nircam"], "program": 1558})
        found = [(row["instrument"], row["filename"]) for row in rows_of(site, done)]
    assert found == [("nircam", row["filename"]) for row in given] + [("miri", row["filename"]) for row in given[:3]]
    assert sorted(r["page"] for r in portal.asked if r["service"] == SERVICES["nircam"]) == [1, 2, 3]


def test_what_belongs_to_no_observation_is_counted_and_named(site: Site) -> None:
    files = [
        exposure("jw01558005001_02101_00001_nrca1_o005_crf.fits", filter="F300M", pupil="CLEAR"),
        exposure("jw01558005001_02101_00001_nrca1_cal.fits", filter="F300M", pupil="CLEAR"),
        exposure("jw01558006001_02101_00001_nrca1_cal.fits", filter="F300M", pupil="CLEAR"),
        exposure("jw01558-o009_t001_nircam_clear-f300m_i2d.fits"),
    ]
    known = [{"obs_id": "jw01558-o005_t001_nircam_clear-f300m", "obsid": 7, "calib_level": 3, "dataRights": "PUBLIC"}]
    with archive(site, nircam=files, caom=known) as portal:
        done = site.search(
            collection=KEYWORDS, criteria={"instrument": "nircam", "program": 1558}, expand="observations"
        )
        (row,) = rows_of(site, done)
    assert (row["obs_id"], row["matched_files"], row["matched_by"]) == (known[0]["obs_id"], 2, "member")
    left = ["jw01558006001_02101_00001_nrca1", "jw01558-o009_t001_nircam_clear-f300m"]
    assert done.result["unmatched"] == {"count": 2, "names": left}
    assert any("2 of 4 files belong to no observation" in note and left[0] in note for note in done.result["notes"])
    first = next(r for r in portal.asked if r["service"] == SERVICES["nircam"])
    assert first["params"]["columns"] == "filename,filter,pupil"


def test_names_of_what_was_not_matched_are_a_hundred_at_most(site: Site) -> None:
    files = [exposure(f"jw01558005001_02101_{n:05}_nrca1_cal.fits") for n in range(150)]
    with archive(site, nircam=files):
        done = site.search(
            collection=KEYWORDS, criteria={"instrument": "nircam", "program": 1558}, expand="observations"
        )
    assert (done.result["count"], done.result["unmatched"]["count"]) == (0, 150)
    assert len(done.result["unmatched"]["names"]) == 100


def _real() -> list[dict[str, str]]:
    if not REAL.exists():
        pytest.skip("the shared data are not beside the project")
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with REAL.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _told(service: str, row: dict[str, str]) -> dict[str, Any]:
    """A row as the Portal sends it: blank cells are null, numbers numbers."""
    readers: dict[str, Any] = {"int": lambda text: int(float(text)), "float": float, "boolean": lambda t: t == "True"}
    return {
        name: readers.get(column.type, str)(row[name]) if row.get(name) else None
        for name, column in keyword_columns(service).items()
    }


def test_real_rows_come_back_cell_by_cell(site: Site) -> None:
    given: dict[str, list[dict[str, Any]]] = {}
    for row in _real():
        service = row["instrume"].lower()
        given.setdefault(service, []).append(_told(service, row))
    with archive(site, **given):
        done = site.search(collection=KEYWORDS, criteria={"instrument": list(given), "program": {"min": 1}})
        found = rows_of(site, done)
    assert len(found) == sum(map(len, given.values())) == 360
    by_name = {row["filename"]: row for row in found}
    for service, rows in given.items():
        columns = keyword_columns(service)
        for row in rows:
            shown = by_name[row["filename"]]
            assert shown["instrument"] == service
            for name, cell in row.items():
                expected = dates.cell(cell) if columns[name].type == "date" else cell
                assert shown[name] == (expected if name != "dataURI" else f"mast:JWST/product/{row['filename']}")
    made = sum(1 for rows in given.values() for row in rows if not row["dataURI"])
    assert any(f"{made} rows without a dataURI" in note for note in done.result["notes"])
    assert {access.of_row(row, dates.from_mjd(61_500)) for row in found} == {"public"}
