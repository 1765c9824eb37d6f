"""What no log line may hold: keys, tokens, passwords and what makes a link open something.

Two nets. What this process has in its hands (`remember`) is found wherever it stands and however it is written: as it
is, in base64, per cent-encoded. What only looks like a secret is found by its form or by the name before it.
"""

from __future__ import annotations

import base64
import json
import math
import re
import threading
from collections import OrderedDict
from urllib.parse import quote

from topmast_service.domain.links import masked

HIDDEN = "…"
SHORTEST = 6
"""Characters. Blotting out what is shorter would blot out half of every log, and protect nothing."""

MOST = 1000
"""Secrets that are remembered; those remembered longest ago are forgotten first."""

_URL_SAFE = str.maketrans("+/", "-_")

# Each looks at a bounded stretch from where it may begin: what is logged may be megabytes of a hostile request.
_FORMS = (
    (re.compile(r"\b(tm_[A-Za-z0-9]{1,32}_)[A-Za-z0-9_-]{8,}"), rf"\1{HIDDEN}"),  # an API key: its id may be told
    (re.compile(r"(?<![\w-])[\w-]{43}=(?![\w=-])", re.ASCII), HIDDEN),  # a Fernet key: 32 bytes (its specification)
    (re.compile(r"(?i)((?:set-)?cookie[\"']?\s*[:=]\s*)[^\r\n]+"), rf"\1{HIDDEN}"),
    (
        re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|digest)\s+)?)[^\s\"',;]+"),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(r"(?i)((?:mast_token|mast_api_token|password|passwd|api_key)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]+"),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer\s+|token\s+(?=[0-9a-f]{24}))[\w.~+/=-]{12,}", re.ASCII), rf"\1{HIDDEN}"),
    (
        re.compile(r"(?<!\w)(\w{1,20}://[^\s/:@]{0,64}:)[^\s/:@]{1,200}(?=@)"),
        rf"\1{HIDDEN}",
    ),  # a password in an address (RFC 3986 §3.2.1)
)


class _Known:
    """The secrets of this process; the only thing that a process must have one of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: OrderedDict[str, set[str]] = OrderedDict()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        with self._lock:
            if secret not in self._spellings:
                self._spellings[secret] = _spelled(secret)
                self._pattern = None
            self._spellings.move_to_end(secret)
            while len(self._spellings) > MOST:
                self._spellings.popitem(last=False)

    def pattern(self) -> re.Pattern[str] | None:
        with self._lock:
            if self._pattern is None and self._spellings:
                every = sorted({s for found in self._spellings.values() for s in found}, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, every)))
            return self._pattern


_known = _Known()


def remember(secret: str) -> None:
    """From now on `secret` is taken out of everything that `redacted` sees; too short ones are not."""
    if len(secret) >= SHORTEST:
        _known.add(secret)


def redacted(text: str) -> str:
    """`text` without what opens anything.

    Examples
    --------
    >>> redacted("Authorization: Bearer tm_1a2b3c4d_abcdefghijklmnop")
    'Authorization: Bearer …'
    >>> redacted("key tm_1a2b3c4d_abcdefghijklmnop was refused")
    'key tm_1a2b3c4d_… was refused'
    """
    clean = masked(without_known(text))
    for form, instead in _FORMS:
        clean = form.sub(instead, clean)
    return clean


def without_known(text: str) -> str:
    """`text` without what was remembered: for what has been put together already, where a line is no line any more."""
    pattern = _known.pattern()
    return pattern.sub(HIDDEN, text) if pattern else text


def _spelled(secret: str) -> set[str]:
    """The ways in which a secret is written: in JSON, in an address, in hex, and in base64 wherever it begins there."""
    raw = secret.encode()
    cores = {core for before in range(3) if len(core := _in_base64(raw, before)) >= SHORTEST + 2}
    urls = {core.translate(_URL_SAFE) for core in cores}
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), raw.hex(), *cores, *urls}


def _in_base64(raw: bytes, before: int) -> str:
    """The characters that `raw` alone decides when `before` bytes stand before it (RFC 4648 §4: six bits each)."""
    text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
    return text[math.ceil(before * 8 / 6) : -1]
