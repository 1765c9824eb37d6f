"""A topmast whose secrets are all known to the test, at its most talkative, with a mail server that talks as well."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from tests.live import Up, start_up
from topmast_service.embedded.certificate import make_certificate

WITHIN = 90.0


@dataclass
class Post:
    """A mail server that wants a password, and at first says aloud which one it got."""

    passwords: list[str] = field(default_factory=list)
    arrived: list[Envelope] = field(default_factory=list)
    port: int = 0

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _how: str, given: LoginPassword) -> AuthResult:
        self.passwords.append(given.password.decode())
        if len(self.passwords) <= 2:  # there are two ways of saying it, and smtplib tries both
            return AuthResult(success=False, handled=False, message=f"535 not {given.password.decode()}")
        return AuthResult(success=True)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.arrived.append(envelope)
        return "250 OK"


@contextmanager
def mail_server(post: Post, folder: Path) -> Iterator[Path]:
    """It runs inside the block; gives the certificate of whoever vouches for it."""
    made = make_certificate(folder, ["127.0.0.1"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.private_key)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def protocol() -> SMTP:
        return SMTP(post, loop=loop, tls_context=context, authenticator=post.authenticate, auth_required=True)

    server = asyncio.run_coroutine_threadsafe(loop.create_server(protocol, "127.0.0.1", 0), loop).result(timeout=10)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield made.ca_file
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Installation:
    """A running topmast and what a client of it may do; `answers` has every answer it ever gave."""

    up: Up
    key: str
    answers: list[bytes] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any, Message]:
        """One request; with the key of the planted user unless another is given."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key or self.key}"}
        request = urllib.request.Request(self.up.endpoint["url"] + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text, told = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, told = error.code, error.read(), error.headers
        self.answers += [text, bytes(told)]
        return status, json.loads(text) if text and "json" in told.get("Content-Type", "") else text, told

    def sandbox(self, method: str, path: str, body: Any = None) -> Any:
        """MAST's own switches."""
        data = None if body is None else json.dumps(body).encode()
        address = f"{self.up.endpoint['sandbox_url']}/_sandbox/{path}"
        with urllib.request.urlopen(urllib.request.Request(address, data, method=method), timeout=30) as answer:
            return json.load(answer)

    def patiently(self, done: Callable[[], bool]) -> None:
        """Go on when it is done."""
        end = time.monotonic() + WITHIN
        while not done():
            assert time.monotonic() < end
            time.sleep(0.1)

    def until(self, job: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The job as soon as it is as wanted."""
        end = time.monotonic() + WITHIN
        while time.monotonic() < end:
            status, found, _ = self.ask("GET", f"/v1/jobs/{job}?wait=1")
            if status == 200 and wanted(found):
                return dict(found)
            time.sleep(0.1)
        raise AssertionError(f"{job} never was: {found}")


def command(data: Path, *words: str) -> str:
    """A command of the operator's."""
    done = subprocess.run(
        [sys.executable, "-m", "topmast_service.cli", *words, "--data", str(data)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout.strip()


@contextmanager
def installed(folder: Path, catalogue: Path, env: dict[str, str]) -> Iterator[Installation]:
    """Everything it may write to is below `folder`: its data, and what libraries keep at home or aside."""
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    own = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    up = start_up(folder / "data", "--sandbox", "--catalog", str(catalogue), env={**os.environ, **own, **env})
    try:
        command(up.data, "users", "add", "bob", "--email", "bob@example.org")
        yield Installation(up, command(up.data, "keys", "create", "bob"))
    finally:
        up.stop()
