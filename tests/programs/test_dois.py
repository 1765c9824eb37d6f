"""DOIs: their metadata and citation, and their observations where a source lists them."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Site
from topmast_service.domain import job
from topmast_service.errors import EmptySelection, Invalid

PROGRAM, LIST, PLAIN = "10.17909/sandbox-1558", "10.17909/sandbox-1558-o001", "10.17909/sandbox-1558-plain"


@pytest.mark.parametrize(
    "written",
    [PROGRAM, PROGRAM.upper(), f"doi:{PROGRAM}", f"https://doi.org/{PROGRAM}", f"http://dx.doi.org/{PROGRAM}"],
)
def test_a_doi_however_it_is_written(site: Site, written: str) -> None:
    (row,) = site.rows(site.search("dois", criteria={"doi": written}))
    assert (row["doi"], row["type"], row["state"], row["year"]) == (PROGRAM, "Dataset", "findable", 2022)
    assert row["citation"] == (
        "Wesson, Roger (2022). Beyond the Main Ring: structure and chemistry of the planetary nebula NGC 6720. "
        f"[Dataset]. STScI/MAST. https://doi.org/{PROGRAM}"
    )


def test_each_says_which_source_lists_its_observations(site: Site) -> None:
    done = site.search("dois", criteria={"doi": [LIST, PROGRAM, PLAIN, "10.17909/nobody"]})
    told = [(r["doi"], r["observations"], r["programs"], r["observations_from"]) for r in site.rows(done)]
    assert told == [
        (LIST, 9, None, "DataCite relatedIdentifiers"),
        (PROGRAM, None, "JWST-1558", "DataCite subjects"),
        (PLAIN, None, None, None),
    ]
    assert done.result["notes"] == ["DataCite knows no DOI 10.17909/nobody."]


def test_listed_observations_become_rows(site: Site) -> None:
    done = site.search("dois", criteria={"doi": LIST}, expand="observations")
    rows = site.rows(done)
    assert done.result["notes"] == [f"{LIST}: DataCite relatedIdentifiers lists 9 observations."]
    assert len(rows) == 9
    assert all(row["obs_id"].startswith("jw01558-o001_") for row in rows)


def test_a_named_program_becomes_its_executed_observations_and_that_is_said(site: Site) -> None:
    done = site.search("dois", criteria={"doi": [PROGRAM, LIST]}, expand="observations")
    rows = site.rows(done)
    assert len(rows) == len({row["obsid"] for row in rows}) == 45
    assert {(row["proposal_id"], row["calib_level"] >= 0) for row in rows} == {("1558", True)}
    assert "names only JWST 1558" in done.result["notes"][0]


def test_nothing_is_made_up_where_no_source_lists_them(site: Site) -> None:
    done = site.search("dois", criteria={"doi": PLAIN}, expand="observations")
    assert (done.phase, done.outcome) == (job.COMPLETED, "empty")
    assert (
        done.result["notes"][0] == f"{PLAIN}: no source lists its observations; its page does: https://doi.org/{PLAIN}"
    )


def test_a_doi_that_nobody_knows_ends_the_job_with_a_code(site: Site) -> None:
    done = site.search("dois", criteria={"doi": "10.17909/nobody"})
    assert (done.phase, done.error and done.error["code"]) == (job.ERROR, "doi_not_found")


@pytest.mark.parametrize("fault", [{"fault": "html"}, {"fault": "status", "status": 503}, {"fault": "cut", "at": 50}])
def test_a_datacite_that_is_away_is_waited_for(site: Site, fault: dict[str, object]) -> None:
    site.sandbox.post("faults", service="dois", **fault)
    done = site.search("dois", criteria={"doi": PROGRAM})
    assert (done.phase, done.phase_reason) == (job.SUSPENDED, "upstream_down")


@pytest.mark.parametrize(
    ("doi", "error"),
    [
        ("10.17909/*", Invalid),
        ("10.17909/../../clients", Invalid),
        ("jw01558-o001_t001_miri_f1000w", Invalid),
        ("https://example.org/10.17909/x", Invalid),
        ({"not": "10.17909/x"}, EmptySelection),
    ],
)
def test_what_is_no_doi_is_told_at_once(site: Site, doi: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        site.search("dois", criteria={"doi": doi})
