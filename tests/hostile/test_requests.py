"""Bodies, patterns and names that are meant to hurt: each refused, or harmless, and small in the log."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.api.site import I2D, OBSERVATION_FOLDER, Site
from topmast_service.domain import criteria, rows, selection
from topmast_service.domain.columns import OBSERVATION
from topmast_service.domain.patterns import MAX_WILDCARDS
from topmast_service.domain.product import of_row
from topmast_service.store import conditions

JSON = {"Content-Type": "application/json"}


BODIES: dict[str, bytes] = {
    "deep lists": b"[" * 200_000,
    "deep lists that end": b'{"target": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a digit too many": b'{"target": "m57", "criteria": {"t_min": 1' + b"0" * 400 + b"}}",
    "digits without end": b'{"target": "m57", "criteria": {"t_min": ' + b"9" * 1_000_000 + b"}}",
    "more than a float holds": b'{"target": "m57", "criteria": {"t_min": 1e400}}',
    "NaN": b'{"target": "m57", "criteria": {"t_min": NaN}}',
    "Infinity": b'{"target": "m57", "criteria": {"t_min": {"min": -Infinity}}}',
    "a member twice": b'{"target": "m57", "target": "m31"}',
    "a member twice, inside": b'{"target": "m57", "criteria": {"t_min": 1, "t_min": 2}}',
    "another code": '{"target": "m57"}'.encode("utf-16"),
    "half a character": b'{"target": "m57 \\ud800"}',
    "NUL": b'{"target": "m57\x00"}',
    "two documents": b'{"target": "m57"} {"target": "m31"}',
    "nothing": b"",
    "a proto": b'{"__proto__": {"target": "m57"}}',
    "many members": b"{" + b",".join(b'"m%d": 1' % n for n in range(50_000)) + b"}",
}


@pytest.mark.parametrize("kind", BODIES)
def test_bodies_that_are_meant_to_hurt_are_refused_in_few_words(kind: str, client: FlaskClient, site: Site) -> None:
    answer = client.post("/v1/searches", data=BODIES[kind], headers=JSON)
    assert answer.status_code in {400, 422}, answer.json
    assert len(answer.data) < 100_000
    assert site.woken == []


def test_a_body_has_a_size_however_it_comes(client: FlaskClient, site: Site) -> None:
    answer = client.post("/v1/searches", data=b'{"target": "' + b"m" * 11_000_000 + b'"}', headers=JSON)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    stream = io.BytesIO(b" " * 11_000_000)
    chunked = {"wsgi.input_terminated": True}
    answer = client.post("/v1/searches", input_stream=stream, headers=JSON, environ_overrides=chunked)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert site.woken == []


BOMB, WIDE = "*a" * MAX_WILDCARDS + "b", "*a" * (MAX_WILDCARDS + 1)


@pytest.mark.timeout(60)
def test_patterns_that_are_meant_to_take_for_ever_do_not() -> None:
    """The longest names there can be, and as many as a large bundle has."""
    chosen = selection.of_request({"names": [BOMB] * 100})
    product = of_row({"dataURI": "mast:JWST/product/" + "a" * 200 + ".fits"}, mrp=False)
    for _ in range(2_000):
        assert selection.excluded(product, chosen)
    (asked,), _ = criteria.parse({"target_name": BOMB}, OBSERVATION)
    assert not any(asked.passes("a" * 500) for _ in range(5_000))


def test_patterns_with_too_many_wildcards_are_refused(client: FlaskClient, site: Site) -> None:
    selects = [{"names": [WIDE]}, {"filters": [WIDE]}, {"where": [f"obs_id:like:{WIDE}"]}]
    for select in selects:
        body = {"from": {"observations": ["a"]}, "select": select}
        assert client.post("/v1/bundles", json=body).status_code == 422, select
    search = client.post("/v1/searches", json={"criteria": {"target_name": WIDE}})
    rows_of = client.get(f"/v1/searches/{site.search().id}/rows", query_string={"where": f"obs_id:like:{WIDE}"})
    assert (search.status_code, rows_of.status_code) == (422, 422)
    assert "wildcards" in search.get_data(as_text=True) + rows_of.get_data(as_text=True)
    assert site.woken == []


@pytest.mark.timeout(60)
def test_like_on_long_cells_comes_to_an_end(client: FlaskClient, site: Site) -> None:
    wide = [{"obs_id": f"o{n}", "s_region": "a" * 20_000} for n in range(500)]
    search = site.search(rows=wide).id
    where = [f"s_region:like:{BOMB}"] * rows.MAX_WHERE
    answer = client.get(f"/v1/searches/{search}/rows", query_string={"where": where})
    assert (answer.status_code, answer.json["items"]) == (200, [])


def test_a_question_is_only_ever_values_to_sqlite() -> None:
    hostile = "x' OR 1=1; DROP TABLE rows; --"
    asked = rows.ask(OBSERVATION, where=[f"obs_id:{op}:{hostile}" for op in ("eq", "like", "in", "ne")])
    sql, values = conditions.where(asked.where, OBSERVATION)
    assert "DROP" not in sql
    assert sum(hostile in str(value) for value in values) == 4


# names of files, in boxes, archives and headers

NAMES = [
    "a\r\nX-Evil: yes.fits", 'a"; filename="evil.html.fits', "a\nb.fits", "ä\u202efits.exe", "a;b,c=d.fits",
    "a%0d%0ab.fits", "a'b`c$(d).fits", "a\x7fb.fits",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_file_s_name_adds_no_header_and_changes_none(name: str, site: Site) -> None:
    path = f"{OBSERVATION_FOLDER}/{name}"
    bundle = site.bundle(files={path: b"x"})
    made = site.client().post(f"/v1/bundles/{bundle.id}/links", json={"path": path})
    assert made.status_code == (201 if name.isprintable() else 404)
    doors = [(site.client(), f"/v1/bundles/{bundle.id}/files/{quote(path)}")]
    if name.isprintable():
        doors.append((site.client(None), made.json["url"].partition(site.settings.public_url)[2]))
    for client, address in doors:
        answer = client.get(address)
        if not name.isprintable():  # such a name is nobody's
            assert answer.status_code == 404
            continue
        assert (answer.status_code, answer.data) == (200, b"x")
        said = answer.headers["Content-Disposition"]
        assert re.fullmatch(r"attachment; filename\*=UTF-8''[A-Za-z0-9%._~/-]+", said), said
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("path", ["JWST/a/x.fits", f"JWST/{'n' * 100}/{'m' * 150}.fits", "JWST/ä/ö.fits"])
def test_archives_unpack_below_the_folder_where_they_are_unpacked(path: str, site: Site, tmp_path: Path) -> None:
    bundle = site.bundle(files={path: b"x", I2D: b"y"})
    for kind in ("zip", "tar"):
        data = site.client().get(f"/v1/bundles/{bundle.id}/archive.{kind}").data
        for name in members(kind, data):
            assert not name.startswith(("/", "\\"))
            assert ".." not in name.split("/")
            assert (tmp_path / name).resolve().is_relative_to(tmp_path.resolve())


def members(kind: str, data: bytes) -> Iterator[str]:
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from archive.namelist()
    else:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            yield from archive.getnames()


# paths over HTTP

OUTSIDE = [
    "../../secrets/link.key", "..%2f..%2fsecrets%2flink.key", "%2e%2e/%2e%2e/secrets/link.key",
    "JWST/../../../secrets/x", "/etc/passwd", "//etc/passwd",
    "%2fetc%2fpasswd", "..\\..\\secrets", "JWST%00/../x", "way-out/link.key", "way-out",
    "./JWST/../..", ".hidden", "%c0%ae%c0%ae/secrets",
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out_of_the_box(path: str, site: Site) -> None:
    bundle = site.bundle()
    secret = site.settings.data / "secrets"
    secret.mkdir(exist_ok=True)
    (secret / "planted.key").write_text("planted")
    box = site.api.stores.trees.path("ann", bundle.id, 1)
    (box / "way-out").symlink_to(secret)
    (box / ".hidden").write_text("planted")
    link = site.client().post(f"/v1/bundles/{bundle.id}/links", json={"path": ""}).json["url"]
    for client, base in (
        (site.client(), f"/v1/bundles/{bundle.id}/files/"),
        (site.client(None), link.partition(site.settings.public_url)[2]),
    ):
        answer = client.get(base + path)
        assert answer.status_code in {400, 403, 404}, (base, answer.data)
        assert b"planted" not in answer.data
    made = site.client().post(f"/v1/bundles/{bundle.id}/links", json={"path": path})
    assert made.status_code in {404, 422}


# mails: that a record with such a label makes no header either is shown in tests/notify

HOSTILE_TEXT = ["a\r\nBcc: all@example.org", "a\nSubject: other", "a\r\n\r\nbody", "a\x0bb", "a\u2028Bcc: x@y.example"]


@pytest.mark.parametrize("text", HOSTILE_TEXT, ids=ascii)
def test_labels_and_addresses_with_line_ends_never_reach_a_mail(text: str, client: FlaskClient, site: Site) -> None:
    ask = {"from": {"observations": ["a"]}}
    label = client.post("/v1/bundles", json={**ask, "label": text})
    assert label.status_code == (422 if min(text) < " " else 202)  # a line end of Unicode is written as a space there
    woken = len(site.woken)
    for address in (f"ann@example.org{text[1:]}", f"{text}@example.org"):
        assert client.post("/v1/bundles", json={**ask, "notify": [{"email": address}]}).status_code == 422
    assert len(site.woken) == woken
