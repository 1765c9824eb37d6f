"""Lines of the log: their shape, what they belong to, and what is not in them. Each in a process of its own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from topmast_service import logs
from topmast_service.config import Settings
from topmast_service.domain.redaction import redacted
from topmast_service.errors import Invalid

TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
KEY = "tm_1a2b3c4d_" + "AbCdEfGh" * 4
FERNET = "Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmE="
BEGIN = """
import base64, logging, sys, threading
from structlog.contextvars import bind_contextvars
from topmast_service import logs
from topmast_service.config import Settings
from topmast_service.domain.token import Token
logs.set_up(Settings(log_format=sys.argv[1], log_level=sys.argv[2], smtp_password="open sesame"), "worker-query")
log = logging.getLogger("topmast_service.somewhere")
token = Token(sys.argv[3])
"""


def written(code: str, shape: str = "json", level: str = "INFO") -> str:
    """What a process writes that runs `code`."""
    command = [sys.executable, "-c", BEGIN + code, shape, level, TOKEN]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stderr


def lines(code: str, **more: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(code, **more).splitlines()]


def test_a_line_tells_what_it_belongs_to() -> None:
    (line,) = lines('bind_contextvars(request_id="r_1", job="b_1", task="publish", user=""); log.info("done %d", 3)')
    assert line.pop("time").endswith("Z")
    assert line == {
        "process": "worker-query", "level": "info", "logger": "topmast_service.somewhere", "event": "done 3",
        "request_id": "r_1", "job": "b_1", "task": "publish",
    }  # fmt: skip


def test_people_read_text() -> None:
    text = written('bind_contextvars(job="b_1"); log.warning("slow")', "text")
    assert text.endswith("WARNING topmast_service.somewhere slow  [job=b_1]\n")


@pytest.mark.parametrize("shape", ["json", "text"])
@pytest.mark.parametrize(
    "code",
    [
        "log.info('token %s', sys.argv[3])",
        "log.info('in base64: %s', base64.b64encode(b'u:' + sys.argv[3].encode()).decode())",
        "log.info({'token': sys.argv[3]})",
        "bind_contextvars(request_id=sys.argv[3]); log.info('a request')",
        "raise ValueError('no ' + sys.argv[3])",
        "threading.Thread(target=lambda: int(sys.argv[3])).start()",
        "import warnings; warnings.warn('no ' + sys.argv[3])",
        "logging.getLogger('urllib3').info('cookie: mast_token=%s', sys.argv[3])",
    ],
)  # fmt: skip
def test_a_token_is_in_no_line(code: str, shape: str) -> None:
    text = written(code, shape)
    assert "…" in text or "\\u2026" in text, "it was written, without the token"
    assert TOKEN not in text
    assert base64.b64encode(b"u:" + TOKEN.encode()).decode()[4:-4] not in text


def test_a_traceback_is_part_of_its_line() -> None:
    (line,) = lines("try:\n    int('x')\nexcept ValueError:\n    log.exception('failed')")
    assert line["event"] == "failed"
    assert "Traceback" in line["exception"]
    assert "ValueError" in line["exception"]


def test_libraries_that_say_too_much_are_kept_quiet() -> None:
    code = "for name in ('celery', 'kombu', 'pyftpdlib'): logging.getLogger(name).debug('no')\nlog.debug('yes')"
    assert [line["event"] for line in lines(code, level="DEBUG")] == ["yes"]


def test_astroquery_cannot_be_made_to_tell_its_cookies() -> None:
    """At DEBUG it writes down each request, cookies and all, past any formatter of ours."""
    code = (
        "from topmast_service.archive import portal\nimport astroquery\n"
        "astroquery.log.setLevel(1)\nastroquery.log.debug('no')\nastroquery.log.info('no')\nastroquery.log.error('yes')"
    )
    found = lines(code, level="DEBUG")
    assert [line["event"] for line in found if line["logger"] == "astroquery"] == ["yes"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"key {KEY} refused", "key tm_1a2b3c4d_… refused"),
        (f"GET /d/{'A' * 70}/x", f"GET /d/{'A' * 26}…/x"),
        (f"Authorization: Bearer {KEY}", "Authorization: Bearer …"),
        ("{'Authorization': 'token 0123456789abcdef01234567'}", "{'Authorization': 'token …'}"),
        ("Cookie: a=b; mast_token=c", "Cookie: …"),
        ("?mast_token=abc&x=1", "?mast_token=…&x=1"),
        (f"keys {FERNET}, other", "keys …, other"),
        ("redis://:secret@host/0", "redis://:…@host/0"),
        ("Bearer abcdefghijklmnop", "Bearer …"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_goes(text: str, clean: str) -> None:
    assert redacted(text) == clean


@pytest.mark.parametrize(
    "text",
    ["b_0123456789abcdef waits for a MAST token", "sha256 " + "ab" * 32, "mast:JWST/product/a_i2d.fits", "r_0123",
     "request 0f1e2d3c4b5a69788796a5b4c3d2e1f1", "https://mast.stsci.edu:443/a@b"],
)  # fmt: skip
def test_what_is_none_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    "piece", ["a", "tm_", "tm_a_", "cookie", "cookie ", "authorization: ", "bearer ", "a:", "a://", "/d/", "=", "-"]
)
def test_megabytes_of_anything_are_looked_through(piece: str) -> None:
    """In time that grows with their length: else this takes hours, not a moment."""
    assert len(redacted(piece * (1_000_000 // len(piece)))) <= 1_000_000


@pytest.mark.parametrize("wrong", [{"log_format": "xml"}, {"log_level": "LOUD"}])
def test_other_shapes_and_levels_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        logs.config(Settings(**wrong), "api")  # type: ignore[arg-type]
