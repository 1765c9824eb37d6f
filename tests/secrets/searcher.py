"""Looks for a secret, however it is written, in everything that a running topmast leaves or shows."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

Place = tuple[str, bytes]


@dataclass(frozen=True)
class Leak:
    """Which secret is where, and in which spelling."""

    secret: str
    place: str
    spelling: str


def spellings(secret: str) -> dict[str, bytes]:
    """The ways in which it would be written; base64 wherever it begins within a longer text."""
    raw = secret.encode()
    found = {
        "raw": raw,
        "its first half": raw[: max(12, len(raw) // 2)],
        "JSON": json.dumps(secret)[1:-1].encode(),
        "URL": quote(secret, safe="").encode(),
        "form": quote_plus(secret).encode(),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
    }
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).rstrip(b"=")[math.ceil(before * 8 / 6) : -1]
        found[f"base64 at {before}"] = text
        found[f"base64url at {before}"] = text.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def leaks(secrets: Mapping[str, str], places: Iterable[Place]) -> Iterator[Leak]:
    """Every secret (by its name) in every place."""
    needles = {name: spellings(secret) for name, secret in secrets.items()}
    for place, content in places:
        for name, spelled in needles.items():
            for spelling, text in spelled.items():
                if text in content:
                    yield Leak(name, place, spelling)


def files(*roots: Path) -> Iterator[Place]:
    """All files below, their names included: a secret may be the name of one."""
    for root in roots:
        for path in [root, *root.rglob("*")]:
            if path.is_file() and not path.is_symlink():
                yield str(path), bytes(path) + b"\n" + path.read_bytes()


def processes(roles: Mapping[int, str]) -> Iterator[Place]:
    """Command lines and environments (proc(5)) of processes that still run; the places are named by their roles."""
    for pid, role in roles.items():
        for name in ("cmdline", "environ"):
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                yield f"{name} of {role}", Path(f"/proc/{pid}/{name}").read_bytes()
