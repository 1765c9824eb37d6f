"""PUT, GET and DELETE /v1/me/mast-token, and where the token must never be found."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.site import Client
from tests.engineering.conftest import ALICE, CAROL, search
from tests.servers import SandboxProcess
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.domain import job

PLACE = "/v1/me/mast-token"


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return _client(site, site.api)


def _client(site: Site, api: container.Api) -> FlaskClient:
    app = create_app(api)
    app.test_client_class = Client
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {site.api.stores.keys.new('alice').secret}"
    return client


def test_stored_looked_at_and_forgotten(client: FlaskClient) -> None:
    assert client.get(PLACE).json["stored"] is False
    answer = client.put(PLACE, json={"token": ALICE})
    assert (answer.status_code, answer.data) == (204, b"")
    told = client.get(PLACE)
    assert {k: told.json[k] for k in ("stored", "accepted", "name")} == {
        "stored": True, "accepted": True, "name": "Alice Sandbox",
    }  # fmt: skip
    assert ALICE not in told.text
    assert [client.delete(PLACE).status_code for _ in range(2)] == [204, 204]
    assert client.get(PLACE).json["stored"] is False


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"token": CAROL}, 422, "bad_mast_token"),
        ({"token": "f" * 32}, 422, "bad_mast_token"),
        ({"token": "line\nend" * 4}, 422, "invalid"),
        ({"token": "short"}, 422, "invalid"),
        ({"token": None}, 422, "invalid"),
        ({"token": ALICE, "scope": "x"}, 422, "invalid"),
        ({}, 422, "invalid"),
    ],
)
def test_what_is_refused_is_not_repeated(client: FlaskClient, body: dict[str, Any], status: int, code: str) -> None:
    answer = client.put(PLACE, json=body)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert not body.get("token") or str(body["token"]) not in answer.text
    assert client.get(PLACE).json["stored"] is False


def test_mast_that_is_away_is_502_and_an_unsafe_way_to_it_500(site: Site) -> None:
    for url, status, code in (
        ("http://127.0.0.1:9", 502, "upstream_down"),
        ("http://mast.example.org", 500, "unsafe_for_tokens"),
    ):
        api = container.for_api(dataclasses.replace(site.settings, mast_url=url), wake=site.woken.append)
        answer = _client(site, api).put(PLACE, json={"token": ALICE})
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert ALICE not in answer.text
        api.stores.close()


@pytest.mark.parametrize("fault", ["redirect", "html"])
def test_an_answer_that_is_not_masts_own_stores_nothing(
    site: Site, fault: str, elsewhere: list[str], misled: container.Api
) -> None:
    elsewhere.append(fault)
    answer = _client(site, misled).put(PLACE, json={"token": ALICE})
    assert (answer.status_code, answer.json["code"]) == (502, "upstream_down")
    assert site.api.mast_tokens.told("alice")["stored"] is False
    assert "/elsewhere" not in elsewhere  # where the redirect points to, with the token


@pytest.fixture
def elsewhere() -> list[str]:
    """First what the misleading server does, then which addresses were asked."""
    return []


@pytest.fixture
def misled(site: Site, elsewhere: list[str]) -> Iterator[container.Api]:
    """An API whose MAST answers wrongly, on a socket."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            elsewhere.append(self.path)
            moved = elsewhere[0] == "redirect" and self.path == "/whoami"
            self.send_response(302 if moved else 200)
            if moved:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        settings = dataclasses.replace(site.settings, mast_url=f"http://127.0.0.1:{server.server_port}")
        api = container.for_api(settings, wake=site.woken.append)
        yield api
        api.stores.close()
        server.shutdown()


@pytest.fixture
def heard(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], sandbox: SandboxProcess
) -> Callable[[], list[bytes]]:
    """All that was logged, also by libraries at their most talkative, or printed, here or by MAST."""
    caplog.set_level(logging.DEBUG)
    return lambda: [caplog.text.encode(), *(t.encode() for t in capfd.readouterr()), sandbox.log.read_bytes()]


def test_the_token_is_nowhere_to_be_found(
    site: Site, client: FlaskClient, redis_folder: Path, heard: Callable[[], list[bytes]]
) -> None:
    client.put(PLACE, json={"token": ALICE})
    done = search(site, mnemonic="IMIR_HK_ICE_SEC_VOLT1", time="2022-07-01")
    bundle = site.run({"uris": done.result["series"][0]["uris"]})
    assert (done.phase, bundle.outcome) == (job.COMPLETED, "complete")
    answers = [
        client.get(path).data
        for path in (
            PLACE, "/v1/me", "/v1/jobs", f"/v1/searches/{done.id}", f"/v1/bundles/{bundle.id}",
            f"/v1/bundles/{bundle.id}/manifest",
        )
    ]  # fmt: skip
    written = {path: path.read_bytes() for folder in (site.settings.data, redis_folder) for path in _files(folder)}
    redis = site.api.stores.redis
    kept = [repr(_value(redis, key)).encode() for key in redis.scan_iter("*")]
    said = [*heard(), repr(site.woken).encode()]
    assert any(b"urllib3" in text for text in said), "the libraries' own log was looked at"
    assert any(b"mast-token" in content for content in written.values()), "the append-only file was looked at"
    assert any(path.suffix == ".csv" for path in written)
    for token in (ALICE.encode(), ALICE[:16].encode()):
        assert not [path for path, content in written.items() if token in content]
        assert not [text for text in (*answers, *kept, *said) if token in text]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _value(redis: Any, key: str) -> Any:
    read = {"string": redis.get, "hash": redis.hgetall, "set": redis.smembers, "list": lambda k: redis.lrange(k, 0, -1)}
    read["stream"] = redis.xrange  # the audit log
    return read.get(redis.type(key), lambda k: redis.zrange(k, 0, -1))(key)
