"""The embedded service's certificate: made once, renewed in time, whole whenever the process dies."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from topmast_service.embedded import certificate as module
from topmast_service.embedded.certificate import Certificate, make_certificate


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def shake_hands(made: Certificate, name: str) -> None:
    """A TLS handshake as the strictest client does it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.certificate, made.private_key)
    client = ssl.create_default_context(cafile=str(made.ca_file))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except (ssl.SSLError, OSError):
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name):
            pass
    finally:
        here.close()
        thread.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "stage.example.org", "192.0.2.7"])
def test_clients_with_the_ca_trust_every_name(tmp_path: Path, name: str) -> None:
    shake_hands(make_certificate(tmp_path, ["stage.example.org", "192.0.2.7"]), name)


def test_other_names_are_not_trusted(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, [])
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(made, "stage.example.org")


def test_keys_are_the_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_certificate(folder, [])
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "server.key": 0o600, "server.pem": 0o644}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_is_good_is_kept(tmp_path: Path) -> None:
    make_certificate(tmp_path, ["a.example.org"])
    before = contents(tmp_path)
    make_certificate(tmp_path, ["a.example.org"])
    make_certificate(tmp_path, [])
    assert contents(tmp_path) == before


def test_a_new_host_changes_the_server_but_not_the_ca(tmp_path: Path) -> None:
    make_certificate(tmp_path, [])
    ca = (tmp_path / "ca.pem").read_bytes()
    made = make_certificate(tmp_path, ["new.example.org"])
    assert made.ca_file.read_bytes() == ca
    shake_hands(made, "new.example.org")


def test_less_than_thirty_days_left_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SERVER_LIFE", timedelta(days=29))
    short = make_certificate(tmp_path, []).certificate.read_bytes()
    monkeypatch.undo()
    renewed = x509.load_pem_x509_certificate(make_certificate(tmp_path, []).certificate.read_bytes())
    assert renewed.serial_number != x509.load_pem_x509_certificate(short).serial_number
    assert renewed.not_valid_after_utc - datetime.now(UTC) > timedelta(days=300)


@pytest.mark.parametrize("name", ["ca.key", "ca.pem", "server.key", "server.pem"])
@pytest.mark.parametrize("damage", [None, b"", b"-----BEGIN nonsense-----\n", "another's"])
def test_damage_is_mended(tmp_path: Path, name: str, damage: bytes | str | None) -> None:
    make_certificate(tmp_path / "here", [])
    broken = tmp_path / "here" / name
    if isinstance(damage, bytes):
        broken.write_bytes(damage)
    elif damage:
        make_certificate(tmp_path / "there", [])
        os.replace(tmp_path / "there" / name, broken)
    else:
        broken.unlink()
    shake_hands(make_certificate(tmp_path / "here", []), "localhost")


KILLED = """
import os, signal, sys
from pathlib import Path
from topmast_service.embedded.certificate import make_certificate
left = int(sys.argv[2])
def killer(event, arguments):
    global left
    if event in {"open", "os.rename", "os.mkdir"} and sys.argv[1] in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(killer)
make_certificate(Path(sys.argv[1]), [])
"""


@pytest.mark.parametrize("step", [3, 5, 6, 8, 10])
def test_killed_while_making_and_called_again(tmp_path: Path, step: int) -> None:
    folder = tmp_path / "secrets"
    command = [sys.executable, "-c", KILLED, str(folder), str(step)]
    assert subprocess.run(command, check=False, timeout=30).returncode == -signal.SIGKILL
    shake_hands(make_certificate(folder, []), "localhost")
