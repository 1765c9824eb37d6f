"""The certificate that the embedded service makes for itself: a small private CA and a server certificate.

Why a CA and not one self-signed certificate: users keep a copy of the CA file, and it stays good when the server's
certificate is renewed or another host name joins.
"""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

RENEW_BEFORE = timedelta(days=30)
CA_LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=397)
"""The longest that common clients accept for a server (CA/Browser Forum, ballot SC31)."""

ALWAYS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificate:
    """Where the files lie: `ca_file` is for clients and public, `private_key` is 0600."""

    ca_file: Path
    certificate: Path
    private_key: Path


@dataclass(frozen=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_certificate(folder: Path, hosts: Sequence[str]) -> Certificate:
    """A server certificate for localhost and `hosts` (names or IP addresses), made only where none is good.

    What is there is reused if key and certificate belong together, 30 days are left and every host is in it. Each
    file appears whole or not at all; a kill between a key and its certificate is seen and mended by the next call.

    Raises
    ------
    OSError
        `folder` cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = [_general_name(host) for host in dict.fromkeys((*ALWAYS, *hosts))]
    now = datetime.now(UTC)
    authority = _kept(folder, "ca", now) or _write(folder, "ca", _new_authority(now))
    server = _kept(folder, "server", now)
    if server is None or not _serves(server.certificate, authority.certificate, names):
        _write(folder, "server", _new_server(authority, names, now))
    return Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode("ascii"))


def _kept(folder: Path, name: str, now: datetime) -> _Pair | None:
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    belongs = isinstance(key, ec.EllipticCurvePrivateKey) and key.public_key() == certificate.public_key()
    lasts = certificate.not_valid_after_utc - now >= RENEW_BEFORE
    return _Pair(certificate, key) if belongs and lasts else None  # type: ignore[arg-type] # `belongs` has checked


def _serves(certificate: x509.Certificate, authority: x509.Certificate, names: list[x509.GeneralName]) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return all(name in held for name in names)


def _new_authority(now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"topmast private CA {x509.random_serial_number():x}"[:40])
    builder = _builder(name, name, key, now, CA_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _new_server(authority: _Pair, names: list[x509.GeneralName], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate.subject
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = _builder(_name("topmast"), issuer, key, now, SERVER_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(issuer_key, critical=False)
    return _Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    """A certificate that began yesterday, for clients whose clock is behind."""
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + life)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(folder: Path, name: str, pair: _Pair) -> _Pair:
    key = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _replace(folder / f"{name}.key", key, 0o600)
    _replace(folder / f"{name}.pem", pair.certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return pair


def _replace(path: Path, content: bytes, mode: int) -> None:
    """`content` at `path`, whole; the temporary file is 0600 from its first byte."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
        os.fchmod(handle, mode)
    os.replace(temporary, path)
