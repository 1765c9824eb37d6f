"""Files that somebody must be asked about first: the client waits, and nobody else does."""

from __future__ import annotations

import ftplib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from ftps_site import FILES, I2D, Site

from topmast_service.ftps.doors import Doors

Asked = list[tuple[str, str]]


@pytest.fixture
def asking(open_site: Callable[..., Site]) -> tuple[Site, Asked, Future[str | None]]:
    """A site whose files all wait for one answer."""
    answer: Future[str | None] = Future()
    asked: Asked = []
    site = open_site(Doors(lambda _user, _key: True, lambda _user: boxes, lambda u, p: asked.append((u, p)) or answer))
    site.publish("alice", "b_abc")
    boxes = site.boxes["alice"]
    return site, asked, answer


def retrieve(client: ftplib.FTP_TLS, path: str, rest: int | None = None) -> bytes:
    pieces: list[bytes] = []
    client.retrbinary(f"RETR {path}", pieces.append, rest=rest)
    return b"".join(pieces)


def test_the_file_comes_once_the_answer_is_there_and_others_need_not_wait(asking) -> None:
    site, asked, answer = asking
    with site.signed_in() as slow, site.signed_in() as quick:
        got: list[bytes] = []
        waiting = threading.Thread(target=lambda: got.append(retrieve(slow, f"/b_abc/{I2D}", rest=100)))
        waiting.start()
        while not asked:
            assert "b_abc" in quick.nlst("/"), "the server goes on"
        assert quick.nlst("/b_abc")
        assert got == []
        answer.set_result(None)
        waiting.join(20)
        assert got == [FILES[I2D][100:]]
    assert asked == [("alice", f"/b_abc/{I2D}")]


@pytest.mark.parametrize("why", ["MAST gives it to its program only.", "two\r\n226 lines"])
def test_what_is_closed_is_refused_in_one_line_and_the_session_goes_on(asking, why: str) -> None:
    site, _, answer = asking
    answer.set_result(why)
    with site.signed_in() as client:
        with pytest.raises(ftplib.error_perm) as refused:
            retrieve(client, f"/b_abc/{I2D}")
        assert str(refused.value).startswith("550 ")
        assert "\n" not in str(refused.value)
        assert client.pwd() == "/"


def test_whoever_leaves_while_it_is_asked_leaves_nothing_behind(asking) -> None:
    site, asked, answer = asking
    client = site.signed_in()
    client.makepasv()
    client.putcmd(f"RETR /b_abc/{I2D}")
    while not asked:
        time.sleep(0.01)
    client.close()
    answer.set_result(None)
    with site.signed_in() as other:
        assert other.nlst("/")
