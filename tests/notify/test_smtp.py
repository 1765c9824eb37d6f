"""Messages to a real mail server on loopback, in its good and bad moods."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from notify_cases import ALICE, ENDPOINTS, completed

from topmast_service.embedded.certificate import make_certificate
from topmast_service.notify.compose import ready
from topmast_service.notify.smtp import MailDelayed, MailRefused, Smtp

MESSAGE = ready(completed(), ENDPOINTS, ALICE, [])


class Post:
    """What arrives; `to` and `data` are the server's answers."""

    def __init__(self, to: str = "250 OK", data: str = "250 OK") -> None:
        self.to, self.data = to, data
        self.arrived: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.to.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope
    ) -> str:
        if self.data.startswith("250"):
            self.arrived.append(envelope)
        return self.data


@pytest.fixture
def mail_server() -> Iterator[Callable[..., Smtp]]:
    """Start servers on ports of the system's choice; gives the client that is set up for each."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running: list[asyncio.Server] = []

    def start(post: Post, **options: Any) -> Smtp:
        opened = loop.create_server(lambda: SMTP(post, loop=loop, **options), "127.0.0.1", 0)
        running.append(asyncio.run_coroutine_threadsafe(opened, loop).result(timeout=10))
        return Smtp("127.0.0.1", running[-1].sockets[0].getsockname()[1], timeout=10)

    async def stop() -> None:
        for server in running:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    yield start
    asyncio.run_coroutine_threadsafe(stop(), loop).result(timeout=10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_message_arrives_as_composed(mail_server: Callable[..., Smtp]) -> None:
    post = Post()
    mail_server(post).deliver(MESSAGE)
    (envelope,) = post.arrived
    assert envelope.mail_from == "topmast@stage.example.org"
    assert envelope.rcpt_tos == [ALICE]
    assert isinstance(envelope.content, bytes)
    arrived = message_from_bytes(envelope.content, policy=default)
    assert arrived["Message-ID"] == MESSAGE["Message-ID"]
    assert arrived.get_content().splitlines() == MESSAGE.get_content().splitlines()


def test_a_repeated_message_keeps_its_id(mail_server: Callable[..., Smtp]) -> None:
    post = Post()
    smtp = mail_server(post)
    smtp.deliver(MESSAGE)
    smtp.deliver(ready(completed(), ENDPOINTS, ALICE, []))
    assert len({envelope.content for envelope in post.arrived}) == 1


@pytest.mark.parametrize("post", [Post(to="450 greylisted"), Post(data="451 disk full")])
def test_a_4xx_answer_means_later(mail_server: Callable[..., Smtp], post: Post) -> None:
    with pytest.raises(MailDelayed, match=r"greylisted|disk full"):
        mail_server(post).deliver(MESSAGE)


@pytest.mark.parametrize("post", [Post(to="550 no such user"), Post(data="554 looks like spam")])
def test_a_5xx_answer_means_never(mail_server: Callable[..., Smtp], post: Post) -> None:
    with pytest.raises(MailRefused, match=r"no such user|looks like spam"):
        mail_server(post).deliver(MESSAGE)


def test_a_server_that_is_not_there_means_later() -> None:
    with pytest.raises(MailDelayed, match=r"127\.0\.0\.1:9"):
        Smtp("127.0.0.1", 9, timeout=5).deliver(MESSAGE)


def test_a_password_beyond_ascii_is_told_and_not_shown(mail_server: Callable[..., Smtp], tmp_path: Path) -> None:
    """smtplib raises what has the password in it, and ended the whole round of upkeep by that."""
    options, ca_file = tls_options(tmp_path)
    smtp = replace(mail_server(Post(), **options), user="topmast", password="öffne dich", ca_file=ca_file)
    with pytest.raises(MailDelayed, match="beyond ASCII") as told:
        smtp.deliver(MESSAGE)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


def test_a_server_that_never_speaks_means_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MailDelayed, match="timed out"):
        Smtp("127.0.0.1", silent.getsockname()[1], timeout=0.2).deliver(MESSAGE)


def test_a_server_without_tls_gets_neither_password_nor_message(mail_server: Callable[..., Smtp]) -> None:
    post = Post()
    smtp = replace(mail_server(post), user="topmast", password="a-password")
    with pytest.raises(MailDelayed, match="STARTTLS") as delayed:
        smtp.deliver(MESSAGE)
    assert post.arrived == []
    assert "a-password" not in f"{delayed.value.detail} {smtp!r}"


def tls_options(folder: Path) -> tuple[dict[str, Any], str]:
    made = make_certificate(folder, [])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.private_key)

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        allowed = isinstance(data, LoginPassword) and (data.login, data.password) == (b"topmast", b"a-password")
        return AuthResult(success=allowed, handled=allowed)

    return {"tls_context": context, "authenticator": authenticate, "auth_required": True}, str(made.ca_file)


def test_starttls_and_password(mail_server: Callable[..., Smtp], tmp_path: Path) -> None:
    options, ca_file = tls_options(tmp_path)
    post = Post()
    smtp = replace(mail_server(post, **options), user="topmast", password="a-password", ca_file=ca_file)
    smtp.deliver(MESSAGE)
    assert len(post.arrived) == 1
    with pytest.raises(MailDelayed) as delayed:
        replace(smtp, password="another-word").deliver(MESSAGE)
    assert "another-word" not in delayed.value.detail


def test_a_certificate_that_does_not_verify_means_later(mail_server: Callable[..., Smtp], tmp_path: Path) -> None:
    options, _ = tls_options(tmp_path)
    post = Post()
    with pytest.raises(MailDelayed, match="CERTIFICATE_VERIFY_FAILED"):
        replace(mail_server(post, **options), starttls=True).deliver(MESSAGE)
    assert post.arrived == []
