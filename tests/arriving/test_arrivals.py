"""Files before completion, over HTTP: verified ones and no others, for their owner, under their place in the box."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.api.site import Client
from tests.arriving.conftest import I2D, MSA, UNCAL
from tests.workflows.conftest import Site
from topmast_service.api.app import create_app
from topmast_service.errors import TransferFailed
from topmast_service.staging.manifest_files import EXCLUDED, PAGE
from topmast_service.store.slices import Slice
from topmast_service.workflows.result import failed

OBSERVATION = {"observations": ["1"]}
FILES = 11


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return of_user(site, "alice")


def of_user(site: Site, name: str) -> FlaskClient:
    app = create_app(site.api)
    app.test_client_class = Client
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {site.api.stores.keys.new(name).secret}"
    return client


@pytest.fixture
def held(site: Site) -> Iterator[tuple[str, Slice]]:
    """A bundle that has arrived but for one file, which is in somebody's hands."""
    new = site.resolve(site.bundle(OBSERVATION, layout="pipeline").id)
    piece = site.api.stores.slices.next()
    assert piece is not None
    done = threading.Event()
    beat = threading.Thread(
        target=lambda: [site.api.stores.slices.renew(piece) for _ in iter(lambda: done.wait(0.2), True)]
    )
    beat.start()
    site.transfer()
    yield new.id, piece
    done.set()
    beat.join()


def listed(client: FlaskClient, bundle: str, **query: int) -> dict:
    answer = client.get(f"/v1/bundles/{bundle}/arrivals", query_string=query)
    assert answer.status_code == 200
    return dict(answer.json)


def path_of(site: Site, bundle: str, row: int) -> str:
    from topmast_service.store.tables import Table
    from topmast_service.workflows.control import products_table

    return str(next(Table(products_table(site.settings.tables, bundle)).rows("_row = ?", row))["path"])


def test_what_has_arrived_can_be_fetched_and_the_rest_not_yet(
    site: Site, client: FlaskClient, held: tuple[str, Slice]
) -> None:
    bundle, piece = held
    first = listed(client, bundle, limit=4)
    rest = listed(client, bundle, after=first["next"])
    assert (len(first["items"]), first["next"], first["final"]) == (4, 4, False)
    assert (len(rest["items"]), rest["next"], rest["final"]) == (FILES - 5, FILES - 1, False)
    assert listed(client, bundle, after=FILES - 1) == {"items": [], "next": FILES - 1, "final": False}
    assert listed(client, bundle, after=99)["next"] == FILES - 1, "begun anew: from the start"
    for item in first["items"] + rest["items"]:
        answer = client.get(f"/v1/bundles/{bundle}/files/{item['path']}")
        assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{item["sha256"]}"')
        assert hashlib.sha256(answer.data).hexdigest() == item["sha256"]
        assert len(answer.data) == item["size"]
    waited = path_of(site, bundle, int(piece.members[0].partition(":")[0]))
    assert waited not in {item["path"] for item in first["items"] + rest["items"]}
    for path in (waited, PAGE, EXCLUDED, "Obs007", "Obs007/uncal/", ""):
        answer = client.get(f"/v1/bundles/{bundle}/files/{path}")
        assert (answer.status_code, answer.json["code"]) == (409, "not_ready"), path
        assert int(answer.headers["Retry-After"]) > 0
    for path in ("Obs008", "Obs007/uncal/x.fits", "../secrets", f"Obs007//uncal/{UNCAL}"):
        assert client.get(f"/v1/bundles/{bundle}/files/{path}").status_code == 404, path


def test_it_is_served_as_ever(site: Site, client: FlaskClient, held: tuple[str, Slice]) -> None:
    bundle, _ = held
    item = next(item for item in listed(client, bundle)["items"] if item["path"].endswith((I2D, MSA)))
    address, tag = f"/v1/bundles/{bundle}/files/{item['path']}", f'"{item["sha256"]}"'
    whole = client.get(address)
    name = item["path"].rpartition("/")[2]
    assert whole.headers["Content-Type"] == "application/fits"
    assert whole.headers["Content-Disposition"].endswith(name)
    part = client.get(address, headers={"Range": "bytes=100-", "If-Range": tag})
    assert (part.status_code, part.data) == (206, whole.data[100:])
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert client.head(address).headers["Content-Length"] == str(item["size"])


def test_what_cannot_be_had_is_told_with_the_reason(site: Site, client: FlaskClient, held: tuple[str, Slice]) -> None:
    bundle, piece = held
    site.api.stores.slices.settle(piece, piece.members[0], failed(TransferFailed("it is broken")))
    path = path_of(site, bundle, int(piece.members[0].partition(":")[0]))
    answer = client.get(f"/v1/bundles/{bundle}/files/{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "no_such_file")
    assert "failed: it is broken" in answer.json["detail"]
    assert listed(client, bundle)["next"] == FILES - 1


def test_nobody_else_sees_what_arrived(site: Site, client: FlaskClient, held: tuple[str, Slice]) -> None:
    bundle, _ = held
    path = listed(client, bundle)["items"][0]["path"]
    site.api.stores.users.add("bob", email="bob@example.org")
    bob = of_user(site, "bob")
    for address in (f"/v1/bundles/{bundle}/arrivals", f"/v1/bundles/{bundle}/files/{path}"):
        assert bob.get(address).status_code == 404


def test_what_left_the_cache_is_not_ready(site: Site, client: FlaskClient, held: tuple[str, Slice]) -> None:
    bundle, _ = held
    item = listed(client, bundle)["items"][0]
    blob = site.settings.cache / "blobs" / item["sha256"][:2] / item["sha256"]
    blob.unlink()
    assert client.get(f"/v1/bundles/{bundle}/files/{item['path']}").status_code == 409


def test_before_it_is_planned_nothing_is_there_and_nothing_is_refused(site: Site, client: FlaskClient) -> None:
    bundle = site.bundle(OBSERVATION).id
    assert listed(client, bundle) == {"items": [], "next": 0, "final": False}
    assert client.get(f"/v1/bundles/{bundle}/files/JWST/x.fits").status_code == 409


def test_once_published_the_manifest_has_everything(site: Site, client: FlaskClient) -> None:
    done = site.run(OBSERVATION)
    final = {"items": [], "next": 3, "final": True}
    assert listed(client, done.id, after=3) == final
    path = site.rows(done)[I2D]["path"]
    again = site.api.control.retry(site.alice, done.id, everything=True)
    site.resolve(again.id)
    assert listed(client, done.id, after=3) == final, "the revision before is what is shown"
    assert client.get(f"/v1/bundles/{done.id}/files/{path}").status_code == 200


def test_an_aborted_one_has_nothing_more(site: Site, client: FlaskClient, held: tuple[str, Slice]) -> None:
    bundle, _ = held
    path = listed(client, bundle)["items"][0]["path"]
    site.api.control.abort(site.alice, bundle)
    assert listed(client, bundle, after=4) == {"items": [], "next": 4, "final": True}
    assert client.get(f"/v1/bundles/{bundle}/files/{path}").json["code"] == "no_result"
