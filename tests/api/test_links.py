"""Links: made by the owner of a box, opened by anybody who has one, for as long as both are there."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_IMODE
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from tests.api.served import start_api
from tests.api.site import ASN, FILES, I2D, OBSERVATION_FOLDER, Site
from tests.archives.boxes import inside
from topmast_service.domain.job import Job
from topmast_service.workflows.control import manifest_table

BOTH = {I2D: FILES[I2D], ASN: FILES[ASN]}


@pytest.fixture
def stranger(site: Site) -> FlaskClient:
    """Who has no key."""
    return site.client(None)


@pytest.fixture
def bundle(site: Site) -> Job:
    return site.bundle()


@pytest.fixture
def link(client: FlaskClient, bundle: Job) -> Callable[..., str]:
    """The address, without the host, of a new link of ann's."""

    def make(**body: Any) -> str:
        answer = client.post(f"/v1/bundles/{bundle.id}/links", json=body)
        assert answer.status_code == 201, answer.json
        return urlsplit(answer.json["url"]).path

    return make


def test_a_link_says_what_it_opens_and_until_when(client: FlaskClient, bundle: Job, site: Site) -> None:
    now = datetime.now(UTC)
    site.change(bundle.id, destruction=now + timedelta(days=30))
    made = client.post(f"/v1/bundles/{bundle.id}/links", json={"path": f"{I2D}/"}).json
    assert made["url"].startswith(f"{site.settings.public_url}/d/")
    assert made["url"].endswith(f"/{I2D}")
    assert (made["path"], made["archive"]) == (I2D, None)
    assert abs(datetime.fromisoformat(made["until"]) - now - timedelta(days=7)) < timedelta(minutes=1)
    site.change(bundle.id, destruction=now + timedelta(hours=2))
    made = client.post(f"/v1/bundles/{bundle.id}/links", json={}).json
    assert datetime.fromisoformat(made["until"]) <= now + timedelta(hours=2)
    assert made["path"] == ""


def test_a_file_comes_as_it_does_with_a_key(link: Callable[..., str], stranger: FlaskClient) -> None:
    address, data = link(path=I2D), FILES[I2D]
    whole = stranger.get(address)
    assert (whole.status_code, whole.data) == (200, data)
    assert whole.headers["Content-Type"] == "application/fits"
    assert whole.headers["Cache-Control"] == "private, no-cache"
    assert whole.headers["Referrer-Policy"] == "no-referrer"
    assert "Repr-Digest" in whole.headers
    tag = whole.headers["ETag"]
    part = stranger.get(address, headers={"Range": "bytes=100-", "If-Range": tag})
    assert (part.status_code, part.data) == (206, data[100:])
    assert stranger.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert stranger.head(address).headers["Content-Length"] == str(len(data))
    assert stranger.get(address, headers={"Range": f"bytes={len(data)}-"}).status_code == 416


def test_a_folder_opens_what_is_below_and_its_links_stay_under_the_door(
    link: Callable[..., str], stranger: FlaskClient
) -> None:
    seen: dict[str, bytes] = {}
    for start in (link(), link(path="JWST")):
        waiting = [start]
        while waiting:
            for entry in stranger.get(waiting.pop()).json["items"]:
                assert entry["link"].startswith("/d/")
                if entry["type"] == "folder":
                    waiting.append(entry["link"])
                else:
                    seen[entry["path"]] = stranger.get(entry["link"]).data
    assert {path: data for path, data in seen.items() if "/" in path} == BOTH
    assert b"<html" in seen["MANIFEST.HTML"]
    assert stranger.head(link()).status_code == 200


def test_a_link_opens_nothing_else(link: Callable[..., str], stranger: FlaskClient, site: Site) -> None:
    file, folder = link(path=I2D), link(path=OBSERVATION_FOLDER)
    door = file.removesuffix(I2D)
    other = site.bundle()
    assert stranger.get(folder + ASN.rpartition("/")[2]).status_code == 200
    for address in (
        door + ASN,
        door,
        door.rstrip("/"),
        folder.removesuffix(f"{OBSERVATION_FOLDER}/") + "MANIFEST.HTML",
        f"/d/{link(path='JWST').split('/')[2]}/{other.id}",
        file.replace("/d/", "/d/A", 1),
        "/d/short/",
    ):
        answer = stranger.get(address)
        assert (answer.status_code, answer.json["code"]) == (403, "bad_link"), address
    for escape in ("../../../x", "%2e%2e/%2e%2e/x", "nothing"):
        assert stranger.get(folder + escape).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, 422, "invalid"),
        ({"until": "2999-01-01T00:00:00Z"}, 422, "invalid"),
        ({"path": "nothing"}, 404, "no_such_file"),
        ({"path": "../../.."}, 404, "no_such_file"),
        ({"path": "JWST", "archive": "zip"}, 422, "invalid"),
        ({"archive": "rar"}, 422, "invalid"),
        ({"unti": "2020-01-01T00:00:00Z"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_linked(body: dict[str, str], status: int, code: str, client: FlaskClient, bundle: Job) -> None:
    answer = client.post(f"/v1/bundles/{bundle.id}/links", json=body)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_only_the_owner_of_a_published_box_makes_links(site: Site, bundle: Job, stranger: FlaskClient) -> None:
    def asked(client: FlaskClient, job: Job) -> int:
        return client.post(f"/v1/bundles/{job.id}/links", json={}).status_code

    assert asked(stranger, bundle) == 401
    assert asked(site.client("bob"), bundle) == 404
    assert asked(site.client(), site.bundle("EXECUTING")) == 409
    assert asked(site.client(), site.bundle("ARCHIVED")) == 410


def test_it_ends_at_its_end(link: Callable[..., str], stranger: FlaskClient, site: Site, monkeypatch: Any) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    address = link(path=I2D, until=soon.isoformat().replace("+00:00", "Z"))
    assert stranger.get(address).status_code == 200
    monkeypatch.setattr(type(site.api.stores.jobs), "now", lambda _: soon + timedelta(seconds=1))
    answer = stranger.get(address)
    assert (answer.status_code, answer.json["code"]) == (410, "link_expired")


@pytest.mark.parametrize("end", ["archived", "deleted", "owner gone", "key gone"])
def test_it_ends_with_what_it_opens(
    end: str, link: Callable[..., str], stranger: FlaskClient, site: Site, bundle: Job
) -> None:
    address = link(path=I2D)
    match end:
        case "archived":
            site.change(bundle.id, phase="ARCHIVED")
        case "deleted":
            site.client().delete(f"/v1/jobs/{bundle.id}")
        case "owner gone":
            for name in site.api.stores.redis.scan_iter("*user:ann"):
                site.api.stores.redis.delete(name)
        case "key gone":
            site.settings.link_key_file.unlink()
    answer = stranger.get(address)
    expected = (403, "bad_link") if end == "key gone" else (410, "expired")
    assert (answer.status_code, answer.json["code"]) == expected


def test_it_shows_the_current_revision(
    link: Callable[..., str], stranger: FlaskClient, site: Site, bundle: Job
) -> None:
    address = link(path=I2D)
    second = site.bundle(files={I2D: b"reprocessed"})
    trees, tables = site.api.stores.trees, site.settings.tables.absolute()
    trees.path("ann", second.id, 1).rename(trees.path("ann", bundle.id, 2))
    manifest_table(tables, second.id, 1).rename(manifest_table(tables, bundle.id, 2))
    site.change(bundle.id, revision=2)
    assert stranger.get(address).data == b"reprocessed"


def test_what_is_not_public_stays_its_owners(
    link: Callable[..., str], stranger: FlaskClient, client: FlaskClient, site: Site, bundle: Job
) -> None:
    folder = link(path=OBSERVATION_FOLDER)
    site.keep_to_program(bundle, I2D, "ann")
    listed = {entry["path"]: entry["link"] for entry in stranger.get(folder).json["items"]}
    assert (listed[I2D], listed[ASN] is None) == (None, False)
    refused = stranger.get(folder + I2D.rpartition("/")[2])
    assert (refused.status_code, refused.json["code"]) == (403, "not_by_link")
    assert client.post(f"/v1/bundles/{bundle.id}/links", json={"path": I2D}).status_code == 403
    assert client.get(f"/v1/bundles/{bundle.id}/files/{I2D}").status_code == 200


def test_the_key_is_its_owners_alone_and_old_ones_open_until_they_are_removed(
    link: Callable[..., str], stranger: FlaskClient, site: Site
) -> None:
    old, file = link(), site.settings.link_key_file
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert S_IMODE(file.parent.stat().st_mode) == 0o700
    first = file.read_text()
    file.write_text("n" * 64 + "\n" + first)
    new = link()
    assert [stranger.get(address).status_code for address in (old, new)] == [200, 200]
    file.write_text("n" * 64 + "\n")
    assert [stranger.get(address).status_code for address in (old, new)] == [403, 200]


def test_an_archive_is_a_target_of_its_own(link: Callable[..., str], stranger: FlaskClient) -> None:
    address = link(archive="zip")
    assert address.endswith("/archive.zip")
    assert stranger.get(address).headers["Content-Type"] == "application/zip"
    assert stranger.get(f"{address}/more").status_code == 404
    for other in ("archive.tar", I2D, ""):
        assert stranger.get(address.replace("archive.zip", other)).status_code == 403


@pytest.mark.parametrize("secret", [I2D, "flat_i2d.fits"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_by_link_holds_what_is_public_and_no_more(
    kind: str, secret: str, client: FlaskClient, stranger: FlaskClient, site: Site
) -> None:
    bundle = site.bundle(files={**FILES, "flat_i2d.fits": b"at the top of the box"})
    site.keep_to_program(bundle, secret, "ann")
    made = client.post(f"/v1/bundles/{bundle.id}/links", json={"archive": kind}).json["url"]
    by_link = inside(kind, stranger.get(urlsplit(made).path).data)
    with_key = inside(kind, client.get(f"/v1/bundles/{bundle.id}/archive.{kind}").data)
    assert with_key.keys() - by_link.keys() == {f"{bundle.id}/{secret}"}
    assert with_key.items() >= by_link.items()
    assert by_link[f"{bundle.id}/{ASN}"] == FILES[ASN]


def test_no_log_holds_a_link_that_opens(link: Callable[..., str], site: Site, tmp_path: Path) -> None:
    """Not even where an operator wants to see every request."""
    address = link(path=I2D)
    server = start_api(site, tmp_path, more=["--access-logfile=-"])
    try:
        with urllib.request.urlopen(f"{server.url}{address}", timeout=10) as answer:
            assert answer.read() == FILES[I2D]
    finally:
        server.stop()
    said, signature = server.log.read_text(), address.split("/")[2]
    assert signature[:26] in said
    assert signature[26:] not in said
