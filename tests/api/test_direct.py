"""One observation in one call: begun once a day, found afterwards, and begun anew when it came to nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site, _through

OBS_ID = "jw01558-o001_t001_miri_f1000w"
ADDRESS = f"/v1/observations/{OBS_ID}/mrp.zip"


def ended(site: Site, job_id: str, phase: str = "COMPLETED") -> None:
    """What the workers leave: with its files, if it ended well."""
    changes: dict[str, Any] = {}
    if phase == "COMPLETED":
        other, tables = site.bundle(), site.settings.tables.absolute()
        for table in tables.glob(f"{other.id}.*"):
            table.rename(table.with_name(table.name.replace(other.id, job_id)))
        changes = {"revision": 1, "result": other.result}
    site.api.stores.jobs.change(job_id, lambda job: _through(job, phase, changes))


def test_it_is_begun_once_and_then_found(client: FlaskClient, site: Site) -> None:
    first = client.get(ADDRESS)
    assert first.status_code == 202
    bundle = first.json["id"]
    assert first.headers["Location"] == f"/v1/jobs/{bundle}"
    assert int(first.headers["Retry-After"]) > 0
    assert first.json["request"] == {"from": {"observations": [OBS_ID]}, "notify": []}
    assert [job.id for job in site.woken] == [bundle]
    assert client.get(ADDRESS).json["id"] == bundle
    ended(site, bundle)
    done = client.get(ADDRESS)
    assert (done.status_code, done.headers["Location"]) == (303, f"/v1/bundles/{bundle}/archive.zip")
    assert done.json["id"] == bundle
    assert [job.id for job in site.woken] == [bundle]
    assert site.api.stores.jobs.get(bundle).notices == ()


def test_each_user_each_observation_and_each_day_has_its_own(client: FlaskClient, site: Site, monkeypatch: Any) -> None:
    ids = [client.get(ADDRESS).json["id"], site.client("bob").get(ADDRESS).json["id"]]
    ids += [client.get("/v1/observations/87602457/mrp.zip").json["id"]]
    later = site.api.stores.jobs.now() + timedelta(days=1)
    monkeypatch.setattr(type(site.api.stores.jobs), "now", lambda _: later)
    ids += [client.get(ADDRESS).json["id"]]
    assert len(set(ids)) == 4


@pytest.mark.parametrize("end", ["ERROR", "ABORTED", "ARCHIVED", "deleted"])
def test_what_came_to_nothing_is_begun_anew(end: str, client: FlaskClient, site: Site) -> None:
    bundle = client.get(ADDRESS).json["id"]
    if end == "deleted":
        client.delete(f"/v1/jobs/{bundle}")
    else:
        ended(site, bundle, end)
    again = client.get(ADDRESS)
    assert again.status_code == 202
    assert again.json["id"] != bundle


def test_it_waits_as_long_as_is_preferred(client: FlaskClient, site: Site, monkeypatch: Any) -> None:
    """Nobody works here: the wait itself publishes it."""
    bundle = client.get(ADDRESS).json["id"]
    wait = type(site.api.control).wait

    def work(control: Any, user: Any, job_id: str, since: int | None, seconds: float) -> Any:
        ended(site, job_id)
        return wait(control, user, job_id, since, seconds)

    monkeypatch.setattr(type(site.api.control), "wait", work)
    assert client.get(ADDRESS).status_code == 202
    done = client.get(ADDRESS, headers={"Prefer": "wait=5"})
    assert (done.status_code, done.headers["Preference-Applied"], done.json["id"]) == (303, "wait=5", bundle)


def test_what_has_no_products_is_no_archive(client: FlaskClient, site: Site) -> None:
    bundle = client.get(ADDRESS).json["id"]
    ended(site, bundle)
    site.change(bundle, outcome="empty")
    answer = client.get(ADDRESS)
    assert answer.status_code == 404
    assert bundle in answer.json["hint"]


def test_no_observation_is_called_so(client: FlaskClient, site: Site) -> None:
    for name in ("a b", "μ", "x" * 201):
        assert client.get(f"/v1/observations/{name}/mrp.zip").status_code == 404
    assert client.get(f"{ADDRESS}?wait=3").status_code == 422
    assert site.client(None).get(ADDRESS).status_code == 401
    assert site.woken == []
