"""The products of what was found: each file once, found again or begun, and a search like any other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import RedisProcess
from tests.workflows.conftest import FITS, PRODUCTS, Site, write_catalogue
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.config import Settings
from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.errors import Invalid

PLACE = "283.396 33.029 r=1m"
SHARED = "jw01558001001_02101_00001_mirimage_cal.fits"


@pytest.fixture(scope="module")
def mast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    process = start_sandbox(folder, "--catalog", str(write_catalogue(folder / "catalogue")))
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


def ran(work: Site, job_id: str) -> Job:
    container.for_query(work.settings).searches.run(job_id)
    return work.job(job_id)


def test_the_files_of_what_was_found(work: Site, asks: FlaskClient) -> None:
    found = work.search(target=PLACE)
    begun = asks.get(f"/v1/searches/{found.id}/products")
    assert (begun.status_code, begun.headers["Location"]) == (202, f"/v1/jobs/{begun.json['id']}")
    assert begun.json["request"] == {"collection": "products", "search": found.id, "where": []}
    done = ran(work, begun.json["id"])
    assert (done.phase, done.outcome) == (job.COMPLETED, "complete")
    again = asks.get(f"/v1/searches/{found.id}/products")
    assert (again.status_code, again.headers["Location"]) == (303, f"/v1/searches/{done.id}")
    listed = [p for p in PRODUCTS if p["parent_obsid"] in {1, 2, 3}]
    assert asks.get(again.headers["Location"]).json["search"]["products"] == {
        "observations": 3, "listed": len(listed), "duplicates": 1, "unique": 6, "guide_stars": 1, "bytes": 6 * FITS,
    }  # fmt: skip
    assert any("planned" in note for note in done.result["notes"])
    assert any("GALEX" in note for note in done.result["notes"])
    rows = asks.get(f"/v1/searches/{done.id}/rows?where=listed:gt:1").json["items"]
    assert [(row["productFilename"], row["listed"], row["access"]) for row in rows] == [(SHARED, 2, "public")]
    assert [rows[0][name] for name in ("extension", "suffix", "detector")] == ["fits", "cal", "mirimage"]
    facets = asks.get(f"/v1/searches/{done.id}/facets?where=guide_star:eq:false").json
    assert (facets["matching"], facets["total"]) == (5, 6)
    told = {f["name"]: [(v["value"], v["count"]) for v in f["values"]] for f in facets["columns"]}
    assert told["access"] == [("public", 4), ("exclusive", 1)]
    assert told["guide_star"] == [(False, 5), (True, 0)]


def test_only_chosen_rows(work: Site, asks: FlaskClient) -> None:
    found = work.search(target=PLACE)
    address = f"/v1/searches/{found.id}/products"
    first = asks.get(f"{address}?where=filters:eq:f560w&where=access:eq:public").json
    assert asks.get(f"{address}?where=access:eq:public&where=filters:eq:f560w").json["id"] == first["id"]
    assert asks.get(address).json["id"] != first["id"]
    done = ran(work, first["id"])
    names = {row["productFilename"] for row in asks.get(f"/v1/searches/{done.id}/rows").json["items"]}
    assert names == {"jw01558-o001_t001_miri_f560w_i2d.fits", SHARED}
    nothing = ran(work, asks.get(f"{address}?where=calib_level:eq:-1").json["id"])
    assert (nothing.outcome, nothing.result["count"]) == ("empty", 0)
    assert nothing.result["notes"] == [
        "1 planned observations have no data yet.", "None of the chosen rows has files."
    ]  # fmt: skip
    assert asks.get(f"{address}?where=calib_level:eq:high").status_code == 422


def test_a_bundle_of_them_is_exactly_these_files(work: Site, asks: FlaskClient) -> None:
    found = work.search(criteria={"obs_id": "jw01558-o001_t001_miri_f1000w"})
    products = ran(work, asks.get(f"/v1/searches/{found.id}/products").json["id"])
    done = work.run({"search": products.id})
    assert len(work.rows(done)) == 4
    assert done.result["counts"]["excluded"] == {}
    recommended = work.resolve(work.bundle({"search": products.id}, select={"mrp": True}).id)
    assert recommended.result["counts"]["selected"] == 1
    twice = ran(work, asks.get(f"/v1/searches/{products.id}/products?where=guide_star:eq:true").json["id"])
    assert twice.result["products"]["unique"] == 1


def test_many_who_ask_at_once_begin_one(work: Site) -> None:
    found = work.search(criteria={"obs_collection": "JWST"})
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: work.api.submissions.products(work.alice, found.id, []), range(24)))
    assert len({m.job.id for m in made}) == 1
    assert sum(not m.repeated for m in made) == 1
    assert [j.id for j in work.woken].count(made[0].job.id) >= 1


@pytest.mark.parametrize("ended", ["deleted", "aborted"])
def test_one_that_is_no_longer_of_use_is_begun_anew(work: Site, asks: FlaskClient, ended: str) -> None:
    found = work.search(criteria={"obs_collection": "JWST"})
    address = f"/v1/searches/{found.id}/products"
    first = asks.get(address).json["id"]
    if ended == "deleted":
        work.api.control.delete(work.alice, first)
    else:
        work.api.control.abort(work.alice, first)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: work.api.submissions.products(work.alice, found.id, []), range(8)))
    assert len({m.job.id for m in made}) == 1
    assert made[0].job.id != first
    assert ran(work, made[0].job.id).phase == job.COMPLETED


def test_it_cannot_be_submitted(work: Site, asks: FlaskClient) -> None:
    body = {"collection": "products", "search": "s_0123456789abcdef", "where": []}
    assert asks.post("/v1/searches", json=body).status_code == 422
    with pytest.raises(Invalid):
        work.api.submissions.search(work.alice, body)


def test_what_has_no_files_says_so(work: Site, asks: FlaskClient) -> None:
    waiting = work.api.submissions.search(work.alice, {"target": PLACE}).job
    assert asks.get(f"/v1/searches/{waiting.id}/products").json["code"] == "not_ready"
    programs = work.search(collection="programs", criteria={"program": "1558"})
    assert asks.get(f"/v1/searches/{programs.id}/products").json["code"] == "not_to_be_bundled"
    counted = work.search(target=PLACE, count_only=True)
    assert asks.get(f"/v1/searches/{counted.id}/products").json["code"] == "no_result"
    gone = work.search(target=PLACE)
    products = asks.get(f"/v1/searches/{gone.id}/products").json["id"]
    work.api.control.delete(work.alice, gone.id)
    assert ran(work, products).error["code"] == "expired"
    assert asks.get(f"/v1/searches/{gone.id}/products").status_code == 404
