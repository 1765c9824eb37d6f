"""Archives over HTTP: what is in them, conditional and range requests, and whom they are refused."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.site import FILES, I2D, MANIFEST_COLUMNS, NOW, Site, manifest_row
from tests.archives.boxes import inside
from topmast_service.api.app import create_app
from topmast_service.domain.job import Job, retry
from topmast_service.domain.manifest import ManifestRow
from topmast_service.staging.packed import Broken
from topmast_service.store import tables
from topmast_service.workflows.control import manifest_table

KINDS = ["zip", "tar"]
TYPES = {"zip": "application/zip", "tar": "application/x-tar"}
OWN = {"MANIFEST.HTML", "manifest.json", "manifest.csv", "sha256sums.txt"}


@pytest.fixture
def bundle(site: Site) -> Job:
    return site.change(site.bundle().id, published_at=NOW)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(bundle: Job, kind: str) -> str:
    return f"/v1/bundles/{bundle.id}/archive.{kind}"


def box(site: Site, bundle: Job) -> Path:
    return site.api.stores.trees.path(bundle.owner, bundle.id, 1)


def test_the_whole_box_in_one_folder(client: FlaskClient, site: Site, bundle: Job, kind: str, address: str) -> None:
    got = client.get(address)
    top = box(site, bundle)
    expected = {**FILES, **{name: (top / name).read_bytes() for name in OWN}}
    assert inside(kind, got.data) == {f"{bundle.id}/{path}": content for path, content in expected.items()}


def test_an_archive_says_what_it_is(client: FlaskClient, bundle: Job, kind: str, address: str) -> None:
    got, told = client.get(address), client.head(address)
    assert (got.status_code, told.status_code, told.data) == (200, 200, b"")
    for answer in (got, told):
        assert answer.headers["Content-Length"] == str(len(got.data))
        assert answer.headers["Content-Type"] == TYPES[kind]
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{bundle.id}.{kind}"
        assert "Repr-Digest" not in answer.headers
        assert answer.headers["ETag"] == got.headers["ETag"]
    assert got.headers["ETag"].startswith(f'"{kind}-')


def test_a_document_links_to_them(client: FlaskClient, bundle: Job, kind: str, address: str) -> None:
    assert client.get(f"/v1/bundles/{bundle.id}").json["links"][kind] == address


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 1 << 15), length=st.integers(1, 1 << 15))
def test_a_cut_download_resumes_to_the_same_bytes(start: int, length: int, client: FlaskClient, address: str) -> None:
    whole = client.get(address)
    start %= len(whole.data)
    for wanted, piece in (
        (f"{start}-", slice(start, None)),
        (f"{start}-{start + length - 1}", slice(start, start + length)),
    ):
        answer = client.get(address, headers={"Range": f"bytes={wanted}", "If-Range": whole.headers["ETag"]})
        assert (answer.status_code, answer.data) == (206, whole.data[piece])
        end = start + len(answer.data) - 1
        assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{len(whole.data)}"
        assert answer.headers["Content-Length"] == str(len(answer.data))


def test_conditions_are_those_of_files(client: FlaskClient, address: str) -> None:
    whole = client.get(address)
    tag = whole.headers["ETag"]
    other = client.get(address, headers={"Range": "bytes=5-", "If-Range": '"another"'})
    assert (other.status_code, other.data) == (200, whole.data)
    known = client.get(address, headers={"If-None-Match": tag, "Range": "bytes=5-"})
    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", tag)
    refused = client.get(address, headers={"If-Match": '"another"'})
    assert (refused.status_code, refused.json["code"]) == (412, "precondition_failed")
    behind = client.get(address, headers={"Range": f"bytes={len(whole.data)}-"})
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, f"bytes */{len(whole.data)}")
    assert client.get(f"{address}?x=1").status_code == 422


def test_what_cannot_be_had_is_told(client: FlaskClient, site: Site, kind: str) -> None:
    for phase, status, code in (
        ("EXECUTING", 409, "not_ready"),
        ("ERROR", 409, "no_result"),
        ("ARCHIVED", 410, "expired"),
    ):
        for method in ("GET", "HEAD"):
            answer = client.open(f"/v1/bundles/{site.bundle(phase).id}/archive.{kind}", method=method)
            assert answer.status_code == status
        assert client.get(f"/v1/bundles/{site.bundle(phase).id}/archive.{kind}").json["code"] == code
    assert client.get(f"/v1/bundles/b_{'0' * 16}/archive.{kind}").status_code == 404
    assert client.get(f"/v1/bundles/{site.search().id}/archive.{kind}").status_code == 404


def test_anothers_is_not_there(site: Site, address: str) -> None:
    answer = site.client("bob").get(address)
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_job")
    assert site.client(None).get(address).status_code == 401


def test_one_that_is_too_large_is_refused_with_another_way(site: Site, address: str) -> None:
    length = int(site.client().head(address).headers["Content-Length"])
    for most, status in ((length, 200), (length - 1, 413)):
        settings = replace(site.settings, archive_max_bytes=most)
        app = create_app(replace(site.api, stores=replace(site.api.stores, settings=settings)))
        answer = app.test_client().get(address, headers={"Authorization": f"Bearer {site.keys['ann']}"}, buffered=True)
        assert answer.status_code == status
    assert answer.json["code"] == "archive_too_large"
    assert "FTPS" in answer.json["hint"]


def test_own_files_of_any_name_come_along_and_nothing_hidden_or_foreign(
    client: FlaskClient, site: Site, bundle: Job, kind: str, address: str
) -> None:
    before = client.head(address).headers["ETag"]
    top = box(site, bundle)
    (top / "excluded.csv").write_bytes(b"why\n")
    (top / ".secret").write_bytes(b"no")
    (top / "link").symlink_to("/etc/passwd")
    got = client.get(address)
    assert set(inside(kind, got.data)) == {f"{bundle.id}/{path}" for path in (*FILES, *OWN, "excluded.csv")}
    assert got.headers["ETag"] != before


def test_products_at_the_top_of_a_box_are_there_once(client: FlaskClient, site: Site, kind: str) -> None:
    bundle = site.bundle(files={"JWST/a/x.fits": b"x"})
    write_manifest(site, bundle, [replace(manifest_row("JWST/a/x.fits", b"x"), path="x.fits")])
    (box(site, bundle) / "x.fits").write_bytes(b"x")
    assert sorted(inside(kind, client.get(f"/v1/bundles/{bundle.id}/archive.{kind}").data)) == sorted(
        f"{bundle.id}/{path}" for path in (*OWN, "x.fits")
    )


def write_manifest(site: Site, bundle: Job, rows: list[ManifestRow], without: str = "") -> None:
    columns = [column for column in MANIFEST_COLUMNS if column.name != without]
    tables.write(manifest_table(site.settings.tables.absolute(), bundle.id, 1), columns, map(asdict, rows))


def test_checksums_come_from_the_manifest_and_for_earlier_releases_from_the_bytes(
    client: FlaskClient, site: Site, bundle: Job
) -> None:
    address = f"/v1/bundles/{bundle.id}/archive.zip"
    rows = [manifest_row(path, content) for path, content in FILES.items()]
    for column, crc32 in (("", 7), ("", None), ("crc32", None)):
        write_manifest(site, bundle, [replace(row, crc32=crc32) for row in rows], without=column)
        with zipfile.ZipFile(io.BytesIO(client.get(address).data)) as archive:
            assert (crc32 or zlib.crc32(FILES[I2D])) == archive.getinfo(f"{bundle.id}/{I2D}").CRC


def test_only_what_was_delivered(client: FlaskClient, site: Site, bundle: Job, kind: str, address: str) -> None:
    rows = [manifest_row(path, content) for path, content in FILES.items()]
    write_manifest(site, bundle, [rows[0], replace(rows[1], status="FAILED", size=None)])
    assert set(inside(kind, client.get(address).data)) == {f"{bundle.id}/{path}" for path in (I2D, *OWN)}


def test_a_retry_changes_nothing_until_there_is_another_revision(
    client: FlaskClient, site: Site, bundle: Job, address: str
) -> None:
    before = client.get(address)
    site.api.stores.jobs.change(bundle.id, lambda job: retry(job, "resolve", ()))
    during = client.get(address)
    assert (during.data, during.headers["ETag"]) == (before.data, before.headers["ETag"])
    site.change(bundle.id, published_at=NOW + timedelta(days=1))
    assert client.get(address).headers["ETag"] != before.headers["ETag"]


def test_a_link_in_place_of_a_file_or_folder_is_not_followed(
    client: FlaskClient, site: Site, bundle: Job, address: str
) -> None:
    staged = box(site, bundle) / I2D
    elsewhere = box(site, bundle).parent / "elsewhere"
    elsewhere.mkdir()
    for planted in (staged, staged.parent):
        target = elsewhere / planted.name
        planted.rename(target)
        planted.symlink_to(target)
        with pytest.raises(Broken, match="byte"):
            client.get(address)
        planted.unlink()
        target.rename(planted)
    assert client.get(address).status_code == 200


def test_archives_take_the_places_of_files(client: FlaskClient, site: Site, address: str) -> None:
    held = [client.get(address, buffered=False) for _ in range(site.settings.api_threads // 2)]
    refused = client.get(address)
    assert (refused.status_code, refused.json["code"]) == (503, "busy")
    assert client.head(address).status_code == 200
    for answer in held:
        answer.close()
    assert client.get(address).status_code == 200


def test_every_way_it_ends_gives_its_place_back(client: FlaskClient, site: Site, address: str) -> None:
    for _ in range(site.settings.api_threads):
        client.get(address, headers={"Range": "bytes=1-2"})
        client.get(address, headers={"Range": "bytes=999999999-"})
        client.get(address, headers={"If-None-Match": "*"})
        client.get(address, buffered=False).close()
        first = client.get(address, buffered=False)
        next(iter(first.response))
        first.close()
    assert client.get(address).status_code == 200


def test_a_box_without_products_is_an_archive_of_its_own_files(client: FlaskClient, site: Site, kind: str) -> None:
    empty = site.bundle(files={})
    assert set(inside(kind, client.get(f"/v1/bundles/{empty.id}/archive.{kind}").data)) == {
        f"{empty.id}/{n}" for n in OWN
    }
