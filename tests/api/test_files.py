"""Files over HTTP: conditional and range requests as RFC 9110 and RFC 9530 say, and never too many at once."""

from __future__ import annotations

import base64
import hashlib

import pytest
from flask.testing import FlaskClient

from tests.api.site import FILES, I2D, OBSERVATION_FOLDER, Site

DATA = FILES[I2D]
SUM = hashlib.sha256(DATA).hexdigest()
ETAG = f'"{SUM}"'


@pytest.fixture
def address(site: Site) -> str:
    return f"/v1/bundles/{site.bundle().id}/files/{I2D}"


def test_a_file_says_what_it_is(address: str, client: FlaskClient) -> None:
    got, told = client.get(address), client.head(address)
    assert (got.data, told.data) == (DATA, b"")
    for answer in (got, told):
        assert answer.status_code == 200
        assert answer.headers["ETag"] == ETAG
        assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(bytes.fromhex(SUM)).decode()}:"
        assert answer.headers["Content-Length"] == str(len(DATA))
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Content-Type"] == "application/fits"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("wanted", "piece"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=9-9999999", slice(9, None)),
    ],
)
def test_a_range_is_sent_alone(wanted: str, piece: slice, address: str, client: FlaskClient) -> None:
    answer = client.get(address, headers={"Range": wanted, "If-Range": ETAG})
    assert (answer.status_code, answer.data) == (206, DATA[piece])
    start = range(len(DATA))[piece].start
    assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(answer.data) - 1}/{len(DATA)}"
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["ETag"] == ETAG
    assert "Repr-Digest" in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=5-", "If-Range": '"another"'},
        {"Range": "bytes=5-", "If-Range": f"W/{ETAG}"},
        {"Range": "bytes=5-", "If-Range": "Wed, 21 Oct 2065 07:28:00 GMT"},
        {"Range": "bytes=0-1,5-6"},
        {"Range": "bytes=9-5"},
        {"Range": "pages=1-2"},
        {"Range": "nonsense"},
        {"Range": "bytes=²-"},
    ],
)
def test_a_range_that_is_not_meant_is_ignored(headers: dict[str, str], address: str, client: FlaskClient) -> None:
    answer = client.get(address, headers=headers)
    assert (answer.status_code, answer.data) == (200, DATA)


def test_a_range_behind_the_end_is_refused_with_the_length(address: str, client: FlaskClient) -> None:
    answer = client.get(address, headers={"Range": f"bytes={len(DATA)}-"})
    assert (answer.status_code, answer.json["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"


def test_head_has_no_ranges(address: str, client: FlaskClient) -> None:
    answer = client.head(address, headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(DATA)))


def test_what_the_client_has_is_not_sent_again(address: str, client: FlaskClient) -> None:
    for method in (client.get, client.head):
        for known in (ETAG, f'"x", {ETAG}', f"W/{ETAG}", "*"):
            answer = method(address, headers={"If-None-Match": known, "Range": "bytes=0-1"})
            assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", ETAG)
    assert client.get(address, headers={"If-None-Match": '"x"', "Range": "bytes=0-1"}).status_code == 206


def test_if_match_comes_before_the_range(address: str, client: FlaskClient) -> None:
    assert client.get(address, headers={"If-Match": ETAG, "Range": "bytes=0-1"}).data == DATA[:2]
    refused = client.get(address, headers={"If-Match": '"another"', "Range": "bytes=0-1"})
    assert (refused.status_code, refused.json["code"]) == (412, "precondition_failed")


def test_folders_list_what_they_hold(client: FlaskClient, site: Site) -> None:
    files = f"/v1/bundles/{site.bundle().id}/files"
    assert client.get(files).json == client.get(f"{files}/").json
    listed = client.get(f"{files}/{OBSERVATION_FOLDER}").json["items"]
    assert listed == client.get(f"{files}/{OBSERVATION_FOLDER}/").json["items"]
    by_path = {entry["path"]: entry for entry in listed}
    assert by_path.keys() == FILES.keys()
    assert by_path[I2D] == {
        "name": I2D.rpartition("/")[2],
        "path": I2D,
        "type": "file",
        "size": len(DATA),
        "sha256": SUM,
    }
    assert client.get(f"{files}/JWST").json["items"][0]["type"] == "folder"
    assert client.head(files).status_code == 200


def test_the_boxs_own_files_have_checksums_too(client: FlaskClient, site: Site) -> None:
    files = f"/v1/bundles/{site.bundle().id}/files"
    for name in ("MANIFEST.HTML", "manifest.json", "sha256sums.txt"):
        answer = client.get(f"{files}/{name}")
        assert answer.get_etag() == (hashlib.sha256(answer.data).hexdigest(), False)
    page = client.get(f"{files}/MANIFEST.HTML")
    assert page.mimetype == "text/html"


def test_the_boxs_page_may_sort_itself_and_no_other_page_may_do_anything(client: FlaskClient, site: Site) -> None:
    foreign = f"{OBSERVATION_FOLDER}/MANIFEST.HTML"
    files = f"/v1/bundles/{site.bundle(files={foreign: b'<script>alert(1)</script>'}).id}/files"
    page = client.get(f"{files}/MANIFEST.HTML")
    allowed = page.headers.getlist("Content-Security-Policy")
    script = page.text.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert len(allowed) == 1
    assert f"script-src 'sha256-{digest}'; img-src 'self'" in allowed[0]
    assert "default-src 'none'" in allowed[0]
    assert "frame-ancestors 'none'" in allowed[0]
    assert "unsafe" not in allowed[0]
    for path in (f"{files}/{foreign}", "/docs"):
        strict = client.get(path).headers["Content-Security-Policy"]
        assert "script-src" not in strict
        assert "img-src" not in strict


def test_an_empty_file_has_no_ranges(client: FlaskClient, site: Site) -> None:
    path = f"{OBSERVATION_FOLDER}/empty.txt"
    bundle = site.bundle(files={path: b""})
    answer = client.get(f"/v1/bundles/{bundle.id}/files/{path}", headers={"Range": "bytes=0-"})
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", "0")


def test_streams_leave_half_of_the_threads_to_others(address: str, client: FlaskClient, site: Site) -> None:
    places = site.settings.api_threads // 2
    held = [client.get(address, buffered=False) for _ in range(places)]
    refused = client.get(address)
    assert (refused.status_code, refused.json["code"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/v1/me").status_code == 200
    assert client.head(address).status_code == 200
    held.pop().close()
    assert client.get(address).data == DATA
    for answer in held:
        answer.close()


def test_every_way_an_answer_ends_gives_its_place_back(address: str, client: FlaskClient, site: Site) -> None:
    for _ in range(site.settings.api_threads):
        client.get(address)
        client.get(address, headers={"If-None-Match": ETAG})
        client.get(address, headers={"If-Match": '"x"'})
        client.get(address, headers={"Range": "bytes=99999999-"})
        client.get(address, headers={"Range": "bytes=1-2"})
        client.get(address, buffered=False).close()
    assert client.get(address).status_code == 200
