"""Citations: words, an entry for a bibliography, and the list of ids that a DOI is made of."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.programs.conftest import Site
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.domain.columns import OBSERVATION
from topmast_service.store import tables
from topmast_service.workflows.control import rows_table

F1000W = "jw01558-o001_t001_miri_f1000w"


@pytest.fixture
def client(site: Site) -> FlaskClient:
    found = create_app(site.api).test_client()
    found.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {site.api.stores.keys.new('alice').secret}"
    return found


def cite(client: FlaskClient, job_id: str, wanted: str = "", accept: str | None = None) -> Any:
    headers = {"Accept": accept} if accept else {}
    return client.get(f"/v1/jobs/{job_id}/citation{wanted}", headers=headers)


def test_a_search_is_cited_with_its_programs_and_without_what_is_only_planned(site: Site, client: FlaskClient) -> None:
    done = site.search("observations", criteria={"proposal_id": ["1558", "1176"]})
    rows = site.rows(done)
    said = cite(client, done.id).get_data(as_text=True)
    assert "JWST 1176, PI Windhorst, Rogier A.: JWST medium-deep fields" in said
    assert "JWST 1558, PI Wesson, Roger: Beyond" in said
    assert '"criteria": {"proposal_id": ["1558", "1176"]}' in said
    assert "5 planned ones have no data yet" in said
    assert "citation?format=ids" in said
    listed = cite(client, done.id, "?format=ids").get_data(as_text=True).splitlines()
    assert listed == sorted(str(row["obs_id"]) for row in rows if row["calib_level"] >= 0)
    assert f"{len(listed)} observations" in said


def test_the_bibliography_s_entry_is_latex(site: Site, client: FlaskClient) -> None:
    done = site.search("observations", criteria={"proposal_id": "1558", "instrument_name": "MIRI/IMAGE"})
    entry = cite(client, done.id, accept="application/x-bibtex").get_data(as_text=True)
    assert entry.startswith(f"@misc{{topmast_{done.id},\n  author = {{{{Mikulski")
    assert "Observations of program JWST 1558" in entry
    assert r"instrument\_name" in entry
    assert entry.count("{") - entry.count(r"\{") * 2 == entry.count("}") - entry.count(r"\}") * 2
    assert entry.endswith("}\n}\n")


@pytest.mark.parametrize(
    ("accept", "wanted", "media"),
    [
        (None, "", "text/plain"),
        ("*/*", "", "text/plain"),
        ("text/csv", "", "text/csv"),
        ("text/csv, application/x-bibtex;q=0.9", "", "text/csv"),
        ("image/png", "?format=bibtex", "application/x-bibtex"),
    ],
)
def test_the_format_is_chosen(site: Site, client: FlaskClient, accept: str | None, wanted: str, media: str) -> None:
    done = site.search("observations", criteria={"obs_id": F1000W})
    answer = cite(client, done.id, wanted, accept)
    assert (answer.status_code, answer.mimetype, answer.headers["Vary"]) == (200, media, "Accept")


def test_more_than_one_doi_takes_is_said(site: Site, client: FlaskClient) -> None:
    done = site.search("observations", criteria={"obs_id": F1000W})
    columns = [column for column in OBSERVATION.values() if column.name != "distance"]
    many = (
        {"obs_id": f"jw{n:011}", "obsid": n, "obs_collection": "HST", "proposal_id": str(n % 99)} for n in range(10_001)
    )
    tables.write(rows_table(site.settings.tables, done.id), columns, many)
    first, *listed = cite(client, done.id, "?format=ids").get_data(as_text=True).splitlines()
    assert first == "# 10001 observations are more than the 10000 that one MAST DOI takes: divide the list."
    assert len(listed) == 10_001
    said = cite(client, done.id).get_data(as_text=True)
    assert "divide the list" in said
    assert "some or all of them of HST" in said
    assert "and 49 more" in said


def test_a_bundle_lists_the_observations_whose_files_it_holds(site: Site, client: FlaskClient) -> None:
    found = site.search("observations", criteria={"proposal_id": "1558", "instrument_name": "MIRI/IMAGE"})
    body = {"from": {"search": found.id}, "select": {"sub_groups": ["ASN"], "levels": [3]}}
    bundle = site.api.submissions.bundle(site.alice, body).job
    assert cite(client, bundle.id).status_code == 409
    query = container.for_query(site.settings)
    query.bundles.resolve(bundle.id, query.planner)
    container.for_transfer(site.settings).run()
    query.bundles.publish(bundle.id)
    listed = cite(client, bundle.id, "?format=ids").get_data(as_text=True).splitlines()
    wanted = {str(row["obs_id"]) for row in site.rows(found) if row["calib_level"] >= 0}
    assert set(listed) == wanted
    assert F1000W in listed
    assert "  JWST 1558, PI Wesson, Roger: Beyond" in cite(client, bundle.id).get_data(as_text=True)
    site.api.control.delete(site.alice, found.id)
    assert "  JWST 1558\n" in cite(client, bundle.id).get_data(as_text=True)


def test_a_doi_is_cited_itself(site: Site, client: FlaskClient) -> None:
    done = site.search("dois", criteria={"doi": "doi:10.17909/SANDBOX-1558-o001"}, expand="observations")
    assert "which is to be cited: https://doi.org/10.17909/sandbox-1558-o001\n" in cite(client, done.id).get_data(True)
    assert len(cite(client, done.id, "?format=ids").get_data(as_text=True).splitlines()) == len(site.rows(done)) == 9


def test_what_has_no_observations_is_no_citation(site: Site, client: FlaskClient) -> None:
    programs = site.search("programs", criteria={"program": "1558"})
    counted = site.search("observations", criteria={"obs_id": F1000W}, count_only=True)
    waiting = site.api.submissions.search(site.alice, {"criteria": {"obs_id": F1000W}}).job
    for job_id, code in ((programs.id, "no_result"), (counted.id, "no_result"), (waiting.id, "not_ready")):
        answer = cite(client, job_id)
        assert (answer.status_code, answer.json["code"]) == (409, code)
    assert cite(client, programs.id, accept="image/png").json["code"] == "not_acceptable"
    assert cite(client, programs.id, "?format=ris").status_code == 422
    assert cite(client, "s_0123456789abcdef").status_code == 404
