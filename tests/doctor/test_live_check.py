"""`doctor --live`: asks politely, understands what it may, and shows no secret of anybody's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from tests.workflows.conftest import Site
from topmast_service.archive.probe import Probe
from topmast_service.cli import cli
from topmast_service.workflows.live_check import Found, check, document, lines


def found(url: str) -> dict[str, Found]:
    probe = Probe(url, pause=lambda _: None)
    try:
        return {each.question: each for each in check(probe)}
    finally:
        probe.close()


def one(of: dict[str, Found], piece: str) -> str:
    [conclusion] = [each.conclusion for question, each in of.items() if piece in question]
    return conclusion


def test_the_sandbox_is_understood(site: Site) -> None:
    told = found(site.sandbox.url)
    assert "the same order" in one(told, "order of rows")
    assert "NOT" not in one(told, "which validators")
    assert one(told, "a range answered").startswith("HTTP 206, Content-Range bytes 2880-5759/")
    assert one(told, "Range that fits").startswith("HTTP 206")
    assert one(told, "does not fit").startswith("HTTP 200")
    assert one(told, "behind the end").startswith("HTTP 416")
    assert one(told, "401 or 403").startswith("HTTP 401")
    assert one(told, "does not exist").startswith("HTTP 404")
    assert "Invalid column name" in one(told, "bad column")
    assert "new to topmast: []" in one(told, "Mast.Caom.Cone")
    assert not [each for each in told.values() if "Not in the form" in each.conclusion]


def test_it_is_polite_and_anonymous(site: Site) -> None:
    site.sandbox.post("requests/reset")
    pauses: list[float] = []
    probe = Probe(site.sandbox.url, pause=pauses.append)
    list(check(probe))
    probe.close()
    assert len(probe.answers) <= 25
    assert pauses == [1.0] * (len(probe.answers) - 1)
    assert sum(len(answer.body) for answer in probe.answers) < 2_000_000


def test_a_server_without_validators(site: Site) -> None:
    site.sandbox.set(validators=False)
    try:
        assert one(found(site.sandbox.url), "which validators").startswith("ETag absent, Last-Modified absent")
    finally:
        site.sandbox.set(validators=True)


class Odd(BaseHTTPRequestHandler):
    """Answers everything with a redirect, a cookie and a page."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        assert "Authorization" not in self.headers
        assert "Cookie" not in self.headers
        body = b"<html>down for maintenance</html>"
        self.send_response(302)
        self.send_header("Location", "https://elsewhere.example/file?Signature=abc")
        self.send_header("Set-Cookie", "session=abc")
        self.send_header("Retry-After", "30")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what it needs."""


@pytest.fixture
def odd() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_not_understood_is_told_without_secrets(odd: str) -> None:
    told = found(odd)
    assert "Not in the form that was expected" in one(told, "which form?")
    assert one(told, "redirect") == "Yes, to https://elsewhere.example/file?(not shown)."
    assert "Retry-After: 30" in one(told, "rate limit")
    report = json.dumps(document(list(told.values()), odd)) + "\n".join(lines(list(told.values()), odd))
    assert "abc" not in report
    assert "down for maintenance" in report


def test_the_command(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topmast_service.archive.probe.POLITE", 0.0)
    env = {"TOPMAST_DATA": str(site.settings.data), "TOPMAST_MAST_URL": site.sandbox.url}
    result = CliRunner().invoke(cli, ["doctor", "--live", "--json"], env=env)
    assert result.exit_code == 0
    assert len(json.loads(result.output)["findings"]) > 15
    nobody = CliRunner().invoke(cli, ["doctor", "--live"], env={**env, "TOPMAST_MAST_URL": "http://127.0.0.1:9"})
    assert nobody.exit_code == 2
    assert "No answer (NewConnectionError)" in nobody.output
