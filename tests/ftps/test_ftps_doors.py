"""Who gets in, to what, and what hostile clients get."""

from __future__ import annotations

import ftplib
import logging
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from ftps_site import FILES, I2D, Site

from topmast_service.errors import Invalid, StoreUnavailable
from topmast_service.ftps.doors import Doors


def names(client: ftplib.FTP_TLS, path: str = "") -> list[str]:
    """``nlst``, without ftplib's reading of 550 as an empty folder."""
    lines: list[str] = []
    client.retrlines(f"NLST {path}".strip(), lines.append)
    return lines


def test_plain_ftp_is_refused_before_the_password(site: Site) -> None:
    with ftplib.FTP(timeout=10) as client:
        client.connect("127.0.0.1", site.port)
        with pytest.raises(ftplib.error_perm, match="550 SSL/TLS required on the control channel"):
            client.login("alice", site.keys["alice"])


def test_data_in_clear_is_refused(site: Site) -> None:
    with site.connect() as client:
        client.login("alice", site.keys["alice"])
        for protection in (None, "PROT C"):
            if protection:
                client.voidcmd("PBSZ 0")
                client.voidcmd(protection)
            for command in ("PASV", "EPSV"):
                with pytest.raises(ftplib.error_perm, match="550 SSL/TLS required on the data channel"):
                    client.sendcmd(command)


def test_old_tls_is_refused(site: Site) -> None:
    context = site.context()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with site.connect(context) as client, pytest.raises((ssl.SSLError, EOFError, ConnectionError)):
        client.auth()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_tls_serves_files(site: Site, version: ssl.TLSVersion) -> None:
    context = site.context()
    context.minimum_version = context.maximum_version = version
    got: list[bytes] = []
    with site.connect(context) as client:
        client.login("alice", site.keys["alice"])
        client.prot_p()
        client.retrbinary(f"RETR /b_abc/{I2D}", got.append)
    assert b"".join(got) == FILES[I2D]


def test_a_client_without_the_ca_notices(site: Site) -> None:
    with site.connect(ssl.create_default_context()) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.auth()


@pytest.mark.parametrize(
    ("user", "key"),
    [
        ("alice", "key-of-bob"),
        ("alice", ""),
        ("carol", "key-of-alice"),
        ("anonymous", "alice@example.org"),
        ("ALICE", "key-of-alice"),
        ("../alice", "key-of-alice"),
    ],
)
def test_wrong_names_and_keys_do_not_open(site: Site, user: str, key: str) -> None:
    with site.connect() as client, pytest.raises(ftplib.error_perm, match="530"):
        client.login(user, key)


def test_nobody_is_anonymous_even_where_the_name_would_open(open_site: Callable[..., Site]) -> None:
    site = open_site(Doors(lambda _user, _key: True, lambda _user: {}))
    with site.connect() as client, pytest.raises(ftplib.error_perm, match="530"):
        client.login("anonymous", "anything")


def test_the_third_wrong_key_drops_the_connection(site: Site) -> None:
    with site.connect() as client:
        client.auth()
        for answer in ("530 Auth", "530 Auth", "530 .* Disconnecting"):
            with pytest.raises(ftplib.error_perm, match=answer):
                client.login("alice", "guess", secure=False)
        with pytest.raises((EOFError, ConnectionError, ssl.SSLError)):
            client.login("alice", site.keys["alice"], secure=False)


def test_another_users_box_does_not_exist(site: Site) -> None:
    with site.signed_in() as client:
        assert names(client) == ["b_abc"]
        for command in ("CWD /b_bob", "SIZE /b_bob/MANIFEST.HTML", "MLST /b_bob", "RETR /b_bob/MANIFEST.HTML"):
            with pytest.raises(ftplib.error_perm, match="550"):
                client.sendcmd(command)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../../../../etc/passwd",
        "/b_abc/../../../../etc/passwd",
        "/b_abc/../b_bob/MANIFEST.HTML",
        "/b_abc/..\\..\\b_bob",
        "//etc/passwd",
        "/b_abc/.secret",
        "/b_abc/.hidden/MANIFEST.HTML",
        "/b_abc/link",
        "/b_abc/linked/MANIFEST.HTML",
        "/b_abc/pipe",
        "/b_abc/MANIFEST.HTML/x",
        "/b_abc/" + "n" * 300,
        "/" + "d/" * 900,
        "~/MANIFEST.HTML",
        "*",
    ],
)
def test_hostile_paths_lead_nowhere(site: Site, path: str) -> None:
    box = site.boxes["alice"]["b_abc"]
    bobs = site.boxes["bob"]["b_bob"]
    (box / ".secret").write_text("s")
    (box / ".hidden").mkdir()
    (box / ".hidden" / "MANIFEST.HTML").write_text("s")
    (box / "link").symlink_to(bobs / "MANIFEST.HTML")
    (box / "linked").symlink_to(bobs)
    os.mkfifo(box / "pipe")
    with site.signed_in() as client:
        for command in ("RETR", "SIZE", "MDTM", "MLST", "CWD"):
            with pytest.raises(ftplib.error_perm, match="550"):
                client.sendcmd(f"{command} {path}")
        assert set(names(client, "/b_abc")) == {"MANIFEST.HTML", "JWST"}


@pytest.mark.parametrize("typed", ["RETR a\0b", "CWD \x1b[2J", "RETR /b_abc/a\tb", "USER x\nUSER y", "PASS\tkey"])
def test_control_characters_are_refused_and_not_repeated(site: Site, typed: str) -> None:
    with site.signed_in() as client:
        client.sock.sendall(typed.encode() + b"\r\n")
        assert client.file.readline().strip() == "501 Control characters are not accepted."
        assert names(client) == ["b_abc"]


@pytest.mark.parametrize(
    "command",
    [
        "STOR /b_abc/new",
        "STOU /b_abc/new",
        "STOU",
        "APPE /b_abc/MANIFEST.HTML",
        "DELE /b_abc/MANIFEST.HTML",
        "RMD /b_abc/JWST",
        "MKD /b_abc/new",
        "RNFR /b_abc/MANIFEST.HTML",
        "RNTO /b_abc/new",
        "SITE CHMOD 777 /b_abc/MANIFEST.HTML",
        "MFMT 20200101000000 /b_abc/MANIFEST.HTML",
    ],
)
def test_nothing_can_be_written(site: Site, command: str) -> None:
    before = sorted(Path(site.stage).rglob("*"))
    with site.signed_in() as client, pytest.raises(ftplib.error_perm, match="550 This service is read-only"):
        client.sendcmd(command)
    assert sorted(Path(site.stage).rglob("*")) == before


def test_the_server_never_connects_out(site: Site) -> None:
    with site.signed_in() as client:
        for command in ("PORT 127,0,0,1,200,200", "EPRT |1|127.0.0.1|51400|"):
            with pytest.raises(ftplib.error_perm, match="500"):
                client.sendcmd(command)


def test_what_came_in_clear_behind_auth_is_forgotten(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw:
        raw.recv(1000)
        raw.sendall(b"AUTH TLS\r\nNOOP\r\nUSER alice\r\n")
        assert raw.recv(1000).startswith(b"234")
        with site.context().wrap_socket(raw, server_hostname="localhost") as secure:
            secure.sendall(b"SYST\r\n")
            assert secure.recv(1000).startswith(b"215")


def test_a_revoked_key_ends_the_session_at_the_next_command(site: Site) -> None:
    with site.signed_in() as client:
        assert names(client) == ["b_abc"]
        site.keys["alice"] = "another"
        with pytest.raises(ftplib.error_temp, match="421"):
            client.sendcmd("CWD /b_abc")
        with pytest.raises((EOFError, ConnectionError, ssl.SSLError)):
            client.sendcmd("CWD /b_abc")


def test_a_key_is_not_looked_at_again_too_soon(open_site: Callable[..., Site]) -> None:
    site = open_site(recheck_after=3600.0)
    site.publish("alice", "b_abc")
    with site.signed_in() as client:
        del site.keys["alice"]
        assert names(client) == ["b_abc"]


def test_a_store_that_is_away_means_again_later(open_site: Callable[..., Site]) -> None:
    away = [False]

    def boxes(_user: str) -> dict[str, Path]:
        if away[0]:
            raise StoreUnavailable("The job store does not answer.")
        return {}

    def sign_in(_user: str, _key: str) -> bool:
        return boxes("") == {}

    site = open_site(Doors(sign_in, boxes), recheck_after=3600.0)
    with site.signed_in() as client:
        away[0] = True
        with pytest.raises(ftplib.error_temp, match="450 The job store does not answer"):
            client.sendcmd("CWD /b_abc")
        away[0] = False
        assert client.nlst() == []
        away[0] = True
        with site.connect() as second, pytest.raises(ftplib.error_temp, match="421 The job store"):
            second.login("alice", "key-of-alice")


def test_logs_name_users_and_files_but_no_key_and_no_directory(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        with site.signed_in() as client:
            client.retrbinary("RETR /b_abc/MANIFEST.HTML", lambda _data: None)
        with site.connect() as client, pytest.raises(ftplib.error_perm):
            client.login("alice", "a-wrong-key")
        with site.connect() as client, pytest.raises(ftplib.error_perm):
            client.sendcmd("PASSa-wrong-key")
    assert "RETR /b_abc/MANIFEST.HTML" in caplog.text
    assert "alice" in caplog.text
    assert "key-of-alice" not in caplog.text
    assert "a-wrong-key" not in caplog.text
    assert str(site.stage) not in caplog.text


def test_too_many_sessions_from_one_address(open_site: Callable[..., Site]) -> None:
    site = open_site(max_connections_per_address=1)
    with site.signed_in(), socket.create_connection(("127.0.0.1", site.port), timeout=10) as second:
        assert second.recv(1000).startswith(b"421 Too many connections from the same IP address")


def test_a_silent_client_is_sent_away(open_site: Callable[..., Site]) -> None:
    site = open_site(idle_timeout=0.2)
    with site.connect() as client:
        assert client.getline().startswith("421")


def test_a_host_name_cannot_masquerade(open_site: Callable[..., Site]) -> None:
    with pytest.raises(Invalid, match="not an IPv4 address"):
        open_site(masquerade_address="ftp.example.org")
