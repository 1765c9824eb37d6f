"""FTPS sessions that should end: of revoked keys, of clients that drip, stall or never say who they are."""

from __future__ import annotations

import ftplib
import logging
import socket
import ssl
import time
from collections.abc import Callable

import pytest
from ftps_site import FILES, I2D, Site

from topmast_service.errors import StoreUnavailable
from topmast_service.ftps.doors import Doors

BIG = "JWST/a/big.fits"
SIZE = 30_000_000  # far more than the sockets of both sides hold
ENDED = (EOFError, ConnectionError, ssl.SSLError)
OpenSite = Callable[..., Site]


def ended(line: socket.socket) -> bool:
    """Read until the server has hung up; a test's own timeout tells if it never does."""
    try:
        while line.recv(65536):
            pass
    except (ConnectionError, ssl.SSLError):
        pass
    return True


def ends(say: Callable[[], object]) -> bool:
    """Say it again and again until the server has hung up."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            say()
        except ENDED:
            return True
        time.sleep(0.05)
    return False


def served(site: Site) -> bool:
    """Whether somebody else is served meanwhile."""
    got: list[bytes] = []
    with site.signed_in("bob") as client:
        client.retrbinary("RETR /b_bob/MANIFEST.HTML", got.append)
    return b"".join(got) == b"bob's own\n"


@pytest.fixture
def site(open_site: OpenSite) -> Site:
    opened = open_site(recheck_after=0.2, idle_timeout=0.6, sign_in_within=0.6)
    opened.publish("alice", "b_abc", {**FILES, BIG: bytes(SIZE)})
    opened.publish("bob", "b_bob", {"MANIFEST.HTML": b"bob's own\n"})
    return opened


def test_an_idle_session_ends_when_its_key_is_revoked(open_site: OpenSite, caplog: pytest.LogCaptureFixture) -> None:
    site = open_site(recheck_after=0.2)
    with caplog.at_level(logging.INFO), site.signed_in() as client:
        site.keys["alice"] = "another"
        assert client.file.readline() == "421 This API key no longer opens; sign in with another.\n"
        with pytest.raises(ENDED):
            client.sendcmd("NOOP")
    assert caplog.text.count("Session ended: its API key no longer opens.") == 1


def test_a_transfer_under_way_ends_when_its_key_is_revoked(site: Site) -> None:
    came = 0
    with site.signed_in() as client, client.transfercmd(f"RETR /b_abc/{BIG}") as data:
        came += len(data.recv(4096))
        del site.keys["alice"]
        while piece := data.recv(4096):
            came += len(piece)
            time.sleep(0.001)  # it reads, and is sent: this is no stalled client
        assert 0 < came < SIZE
        assert client.getline().startswith("421 This API key no longer opens")


def test_a_session_goes_on_while_the_store_is_away(open_site: OpenSite) -> None:
    asked: list[str] = []

    def sign_in(user: str, key: str) -> bool:
        asked.append(user)
        if len(asked) > 1:
            raise StoreUnavailable("The job store does not answer.")
        return True

    site = open_site(Doors(sign_in, lambda user: {}), recheck_after=0.1)
    with site.signed_in() as client:
        while len(asked) < 4:
            time.sleep(0.05)
        assert client.sendcmd("NOOP").startswith("200")


def test_a_key_that_still_opens_lets_a_long_transfer_end(open_site: OpenSite) -> None:
    site = open_site(recheck_after=0.1)
    site.publish("alice", "b_abc", {BIG: bytes(SIZE)})
    came = 0
    with site.signed_in() as client, client.transfercmd(f"RETR /b_abc/{BIG}") as data:
        until = time.monotonic() + 0.5
        while piece := data.recv(65536):
            came += len(piece)
            time.sleep(0.02 if time.monotonic() < until else 0)
    assert came == SIZE


def test_whoever_does_not_sign_in_is_sent_away_however_busy(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """NOOP and FEAT need no key, and would put the end of an idle session off for ever."""
    with caplog.at_level(logging.INFO), site.connect() as client:
        assert ends(lambda: client.sendcmd("NOOP"))
    assert "Session ended: nobody signed in." in caplog.text


@pytest.mark.parametrize("secure", [False, True], ids=["in clear", "in the handshake"])
def test_a_command_that_drips_is_cut_while_others_are_served(site: Site, secure: bool) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as line:
        line.recv(1000)
        if secure:
            line.sendall(b"AUTH TLS\r\n")
            line.recv(1000)
        assert served(site)
        assert ends(lambda: line.sendall(b"\x16" if secure else b"U"))


def test_a_line_without_end_is_no_memory(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as line:
        line.recv(1000)
        line.sendall(b"U" * 100_000)
        assert b"500 Command too long." in line.recv(1000)
        assert served(site)
        assert ended(line)


def test_a_reader_who_stalls_loses_the_transfer_while_others_are_served(site: Site) -> None:
    with site.signed_in() as client, client.transfercmd(f"RETR /b_abc/{BIG}"):
        assert served(site)
        assert client.getline().startswith("421 Data connection timed out")
        with pytest.raises(ENDED):
            client.sendcmd("NOOP")


def test_answers_that_nobody_reads_keep_no_session(open_site: OpenSite, caplog: pytest.LogCaptureFixture) -> None:
    """STAT lists a folder on the control connection: a goodbye behind it would never be read."""
    site = open_site(idle_timeout=0.5)
    site.publish("alice", "b_abc", {f"f{n:04}": b"" for n in range(2000)})
    site.publish("bob", "b_bob", {"MANIFEST.HTML": b"bob's own\n"})
    with caplog.at_level(logging.INFO), site.signed_in() as client:
        for _ in range(60):
            client.sock.sendall(b"STAT /b_abc\r\n")
        assert served(site)
        until = time.monotonic() + 30
        while "alice] FTP session closed" not in caplog.text and time.monotonic() < until:
            time.sleep(0.05)
    assert "alice] FTP session closed" in caplog.text
    assert "Session ended: nothing was asked for too long." in caplog.text


@pytest.mark.parametrize(
    "path", ["/b_abc/%2e%2e/b_bob", "/b_abc/JWST/../../../../../etc/passwd", "/b_abc/JWST/./../..//b_bob/MANIFEST.HTML"]
)
def test_dots_lead_no_further_than_the_root(site: Site, path: str) -> None:
    with site.signed_in() as client:
        for command in ("RETR", "SIZE", "MLST", "CWD", "LIST", "MLSD", "STAT"):
            with pytest.raises(ftplib.error_perm, match=r"550|501 No such"):
                client.sendcmd(f"{command} {path}")
        client.retrbinary(f"RETR /b_abc/JWST/../{I2D}", lambda data: None)
