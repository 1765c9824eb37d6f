"""`topmast-service up` with TLS of its own: for a group that has a certificate and no proxy."""

from __future__ import annotations

import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives import serialization

from tests.live import Up, start_up
from topmast_service.embedded.certificate import Certificate, make_certificate


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), ["topmast.example.org"])


def options(certificate: Certificate) -> list[str]:
    return ["--tls-cert", str(certificate.certificate), "--tls-key", str(certificate.private_key)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Up]:
    data = tmp_path_factory.mktemp("up") / "data"
    up = start_up(data, "--sandbox", "--scale", "0.01", "--host", "0.0.0.0", *options(certificate), env=PUBLIC)  # noqa: S104
    yield up
    assert up.stop() == 0


PUBLIC = {"TOPMAST_PUBLIC_URL": "https://topmast.example.org:8443"}


def port(up: Up) -> int:
    """The real one; the public address is a name that leads nowhere here."""
    command = (up.data / "logs" / "api.log").read_text()
    return int(command.partition("https://0.0.0.0:")[2].partition(" ")[0])


def context(certificate: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate.ca_file))


def test_it_listens_beyond_loopback_and_speaks_https_only(running: Up, certificate: Certificate) -> None:
    assert running.endpoint["url"] == PUBLIC["TOPMAST_PUBLIC_URL"]
    address = f"127.0.0.1:{port(running)}"
    key = {"Authorization": f"Bearer {running.endpoint['api_key']}"}
    with urllib3.PoolManager(ssl_context=context(certificate), retries=False) as pool:
        answer = pool.request("GET", f"https://{address}/v1/me", headers=key)
        assert answer.status == 200
        with pytest.raises(urllib3.exceptions.ProtocolError):
            pool.request("GET", f"http://{address}/v1/me", headers=key)


def test_old_tls_is_refused(running: Up, certificate: Certificate) -> None:
    old = context(certificate)
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
    with urllib3.PoolManager(ssl_context=old, retries=False) as pool, pytest.raises(urllib3.exceptions.SSLError):
        pool.request("GET", f"https://127.0.0.1:{port(running)}/livez")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "TOPMAST_PUBLIC_URL"),  # noqa: S104 - refused
        (["--tls-key", "KEY"], "go together"),
        (["--tls-cert", "KEY", "--tls-key", "KEY"], "cannot be used"),
        (["--tls-cert", "CERT", "--tls-key", "LOCKED"], "cannot be used"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_is_made(
    tmp_path: Path, certificate: Certificate, words: list[str], said: str
) -> None:
    key = serialization.load_pem_private_key(certificate.private_key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"a password")
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "locked").write_bytes(key.private_bytes(*form, locked))
    files = {"KEY": certificate.private_key, "CERT": certificate.certificate, "LOCKED": tmp_path / "locked"}
    given = [str(files.get(word, word)) for word in words] + (options(certificate) if "--host" in words else [])
    command = [sys.executable, "-m", "topmast_service.cli", "up", "--data", str(tmp_path / "data"), *given]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2, refused.stderr
    assert said in refused.stderr
    assert not (tmp_path / "data").exists()
