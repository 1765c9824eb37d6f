"""A running FTPS server and what it serves."""

from __future__ import annotations

import ftplib
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from topmast_service.embedded.certificate import Certificate
from topmast_service.ftps.doors import Doors

OBSERVATION = "JWST/jw01558-o001_t001_miri_f1000w"
I2D = f"{OBSERVATION}/jw01558-o001_t001_miri_f1000w_i2d.fits"
ASN = f"{OBSERVATION}/jw01558-o001_20240101t000000_image3_00001_asn.json"
FILES = {
    "MANIFEST.HTML": b"<html>two files</html>\n",
    # Every byte there is, line ends included: whatever alters one is seen.
    I2D: bytes(range(256)) * 2000,
    ASN: b'{"a": 1}\n',
}


def write_box(folder: Path, files: dict[str, bytes]) -> Path:
    """A box on disk."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read_box(folder: Path) -> dict[str, bytes]:
    """What a box on disk holds, by path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@dataclass
class Site:
    """Tests change `keys` and `boxes` while the server runs."""

    stage: Path
    certificate: Certificate
    keys: dict[str, str] = field(default_factory=lambda: {"alice": "key-of-alice", "bob": "key-of-bob"})
    boxes: dict[str, dict[str, Path]] = field(default_factory=lambda: {"alice": {}, "bob": {}})
    port: int = 0
    turns: int = 0
    """How often the server's event loop has gone round."""

    def publish(self, user: str, job: str, files: dict[str, bytes] = FILES, revision: int = 1) -> Path:
        """Make this the current revision of a job."""
        self.boxes[user][job] = write_box(self.stage / user / job / str(revision), files)
        return self.boxes[user][job]

    def sign_in(self, user: str, key: str) -> bool:
        """Whether the key opens."""
        return self.keys.get(user) == key

    def doors(self) -> Doors:
        """What the server asks."""
        return Doors(self.sign_in, lambda user: self.boxes[user])

    def context(self) -> ssl.SSLContext:
        """A client's TLS that trusts the site's CA and nobody else."""
        return ssl.create_default_context(cafile=str(self.certificate.ca_file))

    def connect(self, context: ssl.SSLContext | None = None) -> ftplib.FTP_TLS:
        """A client that has not signed in."""
        client = ftplib.FTP_TLS(context=context or self.context(), timeout=10, encoding="utf-8")
        client.connect("127.0.0.1", self.port)
        return client

    def signed_in(self, user: str = "alice") -> ftplib.FTP_TLS:
        """A client in its root, with protected data."""
        client = self.connect()
        client.login(user, self.keys[user])
        client.prot_p()
        return client
