"""M 57 as the Primer works with it: what is there, how many files that is, and what a reprocessing changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table


@pytest.fixture(scope="module")
def mast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("sandbox"), "--scale", "0.001")
    yield process
    process.stop()


@pytest.fixture
def work(tmp_path: Path, redis_process: RedisProcess, mast: SandboxProcess) -> Iterator[Site]:
    settings = Settings(data=tmp_path, redis_url=redis_process.url, mast_url=mast.url, resolver_url=mast.url)
    woken: list[Job] = []
    api = container.for_api(settings, wake=woken.append)
    api.stores.redis.flushall()
    yield Site(settings, mast, api, api.stores.users.add("alice"), woken)
    api.stores.close()


@pytest.fixture
def asks(work: Site) -> FlaskClient:
    client = create_app(work.api).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {work.api.stores.keys.new('alice').secret}"
    return client


def rows(work: Site, search: Job) -> list[dict[str, Any]]:
    return list(Table(rows_table(work.settings.tables, search.id)).rows())


def test_m57_per_mission_instrument_and_level(work: Site, asks: FlaskClient) -> None:
    found = work.search(target="m57 r=1m")
    every = rows(work, found)
    some = [row for row in every if row["obs_collection"] == "JWST" and row["calib_level"] >= 2]
    where = ["obs_collection:eq:JWST", "calib_level:ge:2"]
    told = asks.get(f"/v1/searches/{found.id}/facets", query_string={"where": where}).json
    assert (told["matching"], told["total"]) == (len(some), len(every))
    assert 0 < len(some) < len(every)
    facets = {facet["name"]: facet for facet in told["columns"]}
    for name in ("obs_collection", "instrument_name", "calib_level"):
        totals, counts = Counter(row[name] for row in every), Counter(row[name] for row in some)
        values = {v["value"]: (v["count"], v["total"]) for v in facets[name]["values"]}
        assert values == {value: (counts[value], totals[value]) for value in totals}
    assert {"MIRI/IMAGE", "NIRCAM/IMAGE"} <= {v["value"] for v in facets["instrument_name"]["values"]}


def test_the_files_of_the_primers_basket(work: Site, asks: FlaskClient) -> None:
    found = work.search(target="m57 r=1m", criteria={"filters": "F1000W", "instrument_name": "MIRI/IMAGE"})
    where = ["target_name:eq:NGC6720", "calib_level:eq:3"]
    begun = asks.get(f"/v1/searches/{found.id}/products", query_string={"where": where}).json
    container.for_query(work.settings).searches.run(begun["id"])
    facts = asks.get(f"/v1/searches/{begun['id']}").json["search"]["products"]
    assert (facts["observations"], facts["listed"]) == (1, 7496)
    (types,) = asks.get(f"/v1/searches/{begun['id']}/facets?columns=productType").json["columns"]
    auxiliary = {v["value"]: v["total"] for v in types["values"]}["AUXILIARY"]
    listed = sum(row["listed"] for row in rows(work, work.job(begun["id"])) if row["productType"] == "AUXILIARY")
    assert auxiliary == facts["guide_stars"] + 1  # the segmentation map
    assert listed == 7282


def test_what_a_reprocessing_changes(work: Site, asks: FlaskClient) -> None:
    asked = {"criteria": {"proposal_id": "1558"}}
    old = work.search(**asked)
    work.sandbox.post("reprocess", program="1558")
    new = work.search(**asked)
    before, after = ({row["obsid"]: row for row in rows(work, search)} for search in (old, new))
    told = asks.get(f"/v1/searches/{new.id}/rows?since={old.id}&limit=1000").json
    assert told["notes"] == []
    kinds = {row["obsid"]: row["_change"] for row in told["items"]}
    assert {k for k, change in kinds.items() if change == "new"} == after.keys() - before.keys()
    assert {k for k, change in kinds.items() if change == "gone"} == before.keys() - after.keys()
    for row in told["items"]:
        if row["_change"] == "changed":
            pair = before[row["obsid"]], after[row["obsid"]]
            differ = {n for n in pair[0] if n != "_row" and pair[0][n] != pair[1][n]}
            assert set(row["_changed"].split(";")) == differ
    same = before.keys() & after.keys() - kinds.keys()
    assert all({**before[k], "_row": 0} == {**after[k], "_row": 0} for k in same)
    assert "changed" in kinds.values()
