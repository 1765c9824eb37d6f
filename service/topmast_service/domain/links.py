"""Signed links: what a link opens stands in the link, and its signature says that this topmast wrote it.

``/d/<signature>/<path>``: the signature is base64url (RFC 4648 §5) of 20 bytes, which say what the link opens and
until when, and of their HMAC-SHA-256 (RFC 2104), which also covers the part of the path that the link is bound to.
Nothing is stored, so that a link costs nothing, and one that has ended leaves nothing behind.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from topmast_service.errors import BadLink

FILES, ZIP, TAR = "files", "zip", "tar"
"""What a link may open: a file or a folder with everything below it, or the whole box as an archive."""

_TARGETS = {FILES: 0, ZIP: 1, TAR: 2}
_FORM = struct.Struct(">BBH8sQ")
_VERSION = 1
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{70}")
_LOGGED = re.compile(r"(/d/[A-Za-z0-9_-]{26})[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Link:
    """What is opened, and until when.

    Attributes
    ----------
    bundle
        Its id.
    target
        `FILES`, `ZIP` or `TAR`.
    path
        From the top of the box, without slashes at its ends; empty for the whole box. An archive's is its name.
    until
        Aware, in whole seconds.
    """

    bundle: str
    target: str
    path: str
    until: datetime


def sign(link: Link, key: bytes) -> str:
    """The signature of a link: 70 characters that stand in an address as they are."""
    said = _said(link)
    return _text(said + _mac(said, link.path, key))


def verify(signature: str, path: str, keys: Sequence[bytes]) -> Link:
    """The link that a signature was made for, by any of `keys`; `path` is what is asked for, at or below the link's.

    Whether it has ended is not judged here.

    Raises
    ------
    BadLink
        It was not made here, or for another path; nothing says which.
    """
    if not _SIGNATURE.fullmatch(signature):
        raise BadLink()
    raw = base64.urlsafe_b64decode(signature + "==")
    said, mac = raw[: _FORM.size], raw[_FORM.size :]
    version, target, depth, bundle, until = _FORM.unpack(said)
    pieces = inside(path).split("/") if inside(path) else []
    bound = "/".join(pieces[:depth])
    # Every key is tried, and the whole of each: the time it takes says nothing. Unused bits must be as we write them.
    ours = [hmac.compare_digest(_mac(said, bound, key), mac) for key in keys]
    if not any(ours) or _text(raw) != signature or version != _VERSION:
        raise BadLink()
    names = {number: name for name, number in _TARGETS.items()}
    return Link(f"b_{bundle.hex()}", names[target], bound, datetime.fromtimestamp(until, UTC))


def inside(path: str) -> str:
    """A path of the box with no more slashes than it needs."""
    return "/".join(piece for piece in path.split("/") if piece)


def masked(text: str) -> str:
    """`text`, for a log: links in it keep what they say and lose what makes them open anything."""
    return _LOGGED.sub(r"\1…", text)


def _said(link: Link) -> bytes:
    depth = len(link.path.split("/")) if link.path else 0
    bundle = bytes.fromhex(link.bundle.removeprefix("b_"))
    return _FORM.pack(_VERSION, _TARGETS[link.target], depth, bundle, int(link.until.timestamp()))


def _mac(said: bytes, path: str, key: bytes) -> bytes:
    return hmac.digest(key, said + path.encode("utf-8", "surrogatepass"), hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
