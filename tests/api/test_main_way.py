"""The main job's way over HTTP: submit, look, read rows, read manifest, fetch."""

from __future__ import annotations

import hashlib

from flask.testing import FlaskClient

from tests.api.site import ASN, FILES, I2D, Site
from topmast_service.domain import job as moves


def test_a_search_is_submitted_found_and_waited_for(client: FlaskClient, site: Site) -> None:
    made = client.post("/v1/searches", json={"target": "m57 r=1m", "label": "ring"})
    assert made.status_code == 202
    assert made.json["phase"] == "QUEUED"
    assert made.json["search"] is None
    assert made.json["request"] == {"target": "m57 r=1m", "label": "ring"}
    assert made.headers["Location"] == made.json["links"]["self"]
    assert [job.id for job in site.woken] == [made.json["id"]]
    found = client.get(made.headers["Location"])
    assert (found.status_code, found.json["label"]) == (200, "ring")
    assert found.headers["Retry-After"]
    assert found.json["destruction"].endswith("Z")


def test_a_finished_search_tells_its_facts_and_its_rows(client: FlaskClient, site: Site) -> None:
    search = site.search()
    document = client.get(f"/v1/searches/{search.id}").json
    assert document["phase"] == "COMPLETED"
    assert document["search"]["count"] == 5
    assert document["search"]["resolved"]["resolver"] == "SIMBAD"
    page = client.get(f"/v1/searches/{search.id}/rows").json
    assert (page["total"], page["next"], page["truncated"], page["stale"]) == (5, None, False, False)
    assert [row["access"] for row in page["items"]] == ["public", "exclusive", "planned", "restricted", "unknown"]
    assert [row["_row"] for row in page["items"]] == [1, 2, 3, 4, 5]
    assert page["items"][3]["mtFlag"] is True


def test_access_is_told_whatever_columns_are_shown(client: FlaskClient, site: Site) -> None:
    page = client.get(f"/v1/searches/{site.search().id}/rows?columns=obs_id,calib_level").json
    assert [set(row) for row in page["items"]] == [{"_row", "obs_id", "calib_level", "access", "release"}] * 5
    assert [row["access"] for row in page["items"]][:3] == ["public", "exclusive", "planned"]
    assert [row["release"] for row in page["items"]] == [None, "2105-04-16T00:00:00Z", None, None, None]


def test_a_bundle_is_submitted_from_a_search(client: FlaskClient, site: Site) -> None:
    body = {"from": {"search": site.search().id}, "select": {"sub_groups": ["I2D"], "mrp": None}}
    made = client.post("/v1/bundles", json=body)
    assert made.status_code == 202
    assert made.json["bundle"]["revision"] is None
    assert made.json["bundle"]["ftps"] is None
    assert made.json["request"] == body
    assert site.woken[-1].notices == ("acknowledged ann@example.org", "ready ann@example.org")


def test_a_finished_bundle_is_listed_described_and_fetched(client: FlaskClient, site: Site) -> None:
    bundle = site.bundle()
    document = client.get(f"/v1/bundles/{bundle.id}").json
    assert document["bundle"]["counts"]["selected"] == 2
    assert document["bundle"]["ftps"]["path"] == f"/{bundle.id}/"
    manifest = client.get(document["links"]["manifest"]).json
    assert [item["path"] for item in manifest["items"]] == [I2D, ASN]
    top = client.get(document["bundle"]["files"]).json["items"]
    assert [entry["name"] for entry in top] == [
        "JWST",
        "MANIFEST.HTML",
        "manifest.csv",
        "manifest.json",
        "sha256sums.txt",
    ]
    for item in manifest["items"]:
        got = client.get(f"/v1/bundles/{bundle.id}/files/{item['path']}")
        assert got.data == FILES[item["path"]]
        assert hashlib.sha256(got.data).hexdigest() == item["sha256"] == got.get_etag()[0]


def test_jobs_are_aborted_and_deleted(client: FlaskClient, site: Site) -> None:
    running, ended = site.search(moves.EXECUTING), site.bundle()
    assert client.post(f"/v1/jobs/{running.id}/abort").status_code == 202
    assert client.post(f"/v1/jobs/{running.id}/abort").status_code == 200
    assert client.get(f"/v1/jobs/{running.id}").json["phase"] == "ABORTED"
    assert client.delete(f"/v1/jobs/{ended.id}").status_code == 204
    assert client.get(f"/v1/bundles/{ended.id}").status_code == 404
    assert not site.api.stores.trees.path("ann", ended.id, 1).exists()


def test_a_job_is_held_and_goes_on(client: FlaskClient, site: Site) -> None:
    running = site.bundle(moves.EXECUTING)
    held = client.post(f"/v1/jobs/{running.id}/hold")
    assert (held.status_code, held.json["phase"], held.json["phase_reason"]) == (202, "HELD", "user")
    assert client.post(f"/v1/jobs/{running.id}/hold").status_code == 202
    assert client.post(f"/v1/jobs/{running.id}/run").json["phase"] == "QUEUED"
    assert client.post(f"/v1/jobs/{running.id}/retry").json["code"] == "illegal_move"
    assert [job.id for job in site.woken] == [running.id]


def test_while_the_next_revision_is_made_the_one_before_stays_in_sight(client: FlaskClient, site: Site) -> None:
    done = site.bundle()
    again = client.post(f"/v1/jobs/{done.id}/retry")
    assert (again.status_code, again.json["phase"], again.json["step"]) == (202, "QUEUED", "again")
    assert client.get(f"/v1/bundles/{done.id}/files/{I2D}").status_code == 200
    assert client.get(f"/v1/bundles/{done.id}").json["bundle"]["superseded"] == {"count": 0, "files": []}
    assert client.get(f"/v1/bundles/{done.id}/diff?old=1&new=1").json == {"items": []}
    assert client.get(f"/v1/bundles/{done.id}/diff?old=1&new=2").json["code"] == "no_such_revision"
