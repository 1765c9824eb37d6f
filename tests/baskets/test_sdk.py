"""Baskets from a notebook: the SDK against the API on a socket, with a worker that searches as soon as it is woken."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.serving import make_server

import topmast
from tests.baskets.conftest import M57
from tests.servers import SandboxProcess
from tests.servers_redis import RedisProcess
from topmast import _source
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.config import Settings
from topmast_service.domain.job import Job

URI = "mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits"


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, redis_process: RedisProcess, small_sandbox: SandboxProcess
) -> Iterator[topmast.Client]:
    settings = Settings(
        data=tmp_path_factory.mktemp("sdk"), redis_url=redis_process.url, mast_url=small_sandbox.url,
        resolver_url=small_sandbox.url,
    )  # fmt: skip
    query = container.for_query(settings)
    with ThreadPoolExecutor(1) as worker:

        def wake(job: Job) -> None:
            worker.submit(query.searches.run, job.id)

        api = container.for_api(settings, wake=wake)
        api.stores.redis.flushall()
        api.stores.users.add("alice")
        server = make_server("127.0.0.1", 0, create_app(api), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            with topmast.Client(url, api.stores.keys.new("alice").secret) as made:
                yield made
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            api.stores.close()


def names(basket: topmast.Basket, **where: object) -> set[str]:
    return {row["productFilename"] for row in basket.items(where=where or None)}


def test_from_a_search_to_what_a_bundle_takes(client: topmast.Client) -> None:
    found = client.search("283.396 33.029 r=1m")
    basket = client.baskets.create("m57").add(found, progress=False)
    assert isinstance(basket, topmast.Basket)
    assert (basket.totals.count, basket.totals.barred, basket.totals.ticked, basket.totals.listed) == (8, 2, 3, 9)
    assert basket.listing is not None
    assert any("cannot be staged" in note for note in basket.listing.notes)
    assert [(node["name"], node["count"]) for node in basket.tree()] == [("GALEX", 2), ("JWST", 6)]
    assert {node["name"] for node in basket.tree(f"JWST/{M57}")} == {f"{M57}_i2d.fits"}
    basket.untick().tick(where={"productSubGroupDescription": ["UNCAL", "I2D"]})
    assert basket.totals.ticked == len(names(basket, ticked=True)) == 4
    (mission,) = basket.tree(where="ticked:eq:true")
    basket.untick(where=mission["where"])
    assert basket.totals.ticked == 0
    shown = {f["name"]: f["values"] for f in basket.facets(["productType"], where={"guide_star": False})["columns"]}
    assert [(v["value"], v["count"]) for v in shown["productType"]] == [("SCIENCE", 6), ("AUXILIARY", 1)]
    basket.remove(where={"obs_collection": "GALEX"})
    assert basket.missions.keys() == {"JWST"}
    assert _source.source(basket) == _source.source(basket.id) == {"basket": basket.id}


def test_rows_ids_and_files(client: topmast.Client) -> None:
    basket = client.baskets.create("several")
    basket.add([M57], progress=False)
    assert names(basket, ticked=True) == {f"{M57}_i2d.fits"}
    basket.add(URI.replace("i2d", "segm")).add(["mast:TESS/a.fits"])
    assert (basket.totals.count, basket.totals.ticked, basket.totals.barred) == (6, 2, 1)
    basket.add_series("SA_ZADUCMDX", "2022-02-01T00:00:00Z", dt.datetime(2022, 2, 2, tzinfo=dt.UTC))
    assert "SA_ZADUCMDX-20220201T000000-20220202T000000.csv" in names(basket, ticked=True)
    found = client.search(criteria={"obs_collection": "JWST"})
    version = basket.version
    basket.add(found, where={"filters": "F560W"}, wait=False)
    assert basket.listing is not None
    basket.listing.wait(progress=False)
    assert basket.refresh().version != version
    assert "jw01558-o001_t001_miri_f560w_i2d.fits" in names(basket)


def test_several_by_id_and_by_name(client: topmast.Client) -> None:
    first = client.baskets.create("a name")
    assert client.baskets.get("a name").id == client.baskets.get(first.id).id == first.id
    assert first.id in {basket.id for basket in client.baskets.list()}
    with pytest.raises(topmast.Conflict) as taken:
        client.baskets.create("a name")
    assert taken.value.code == "basket_exists"
    assert first.rename("another").name == "another"
    with pytest.raises(topmast.UsageError, match="another"):
        client.baskets.get("a name")
    first.delete()
    first.delete()
    with pytest.raises(topmast.NotFound):
        first.refresh()


def test_how_a_notebook_shows_it(client: topmast.Client) -> None:
    basket = client.baskets.create("<b>bold</b>").add([URI, "mast:GALEX/a.fits"])
    page = basket._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert all(text in page for text in ("GALEX", "JWST", "1 of 2 ticked", "cannot be staged"))
    assert repr(basket) == f"<Basket {basket.id} '<b>bold</b>' 1 of 2 files ticked>"
