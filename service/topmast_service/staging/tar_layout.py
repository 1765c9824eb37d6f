"""Tar as the parts of one file: ustar, and pax where a name or a size needs it (POSIX.1-2024, `pax`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

from topmast_service.staging.packed import Contents, Part

_BLOCK = 512
_HEADER = struct.Struct("100s8s8s8s12s12s8s1s100s8s32s32s8s8s155s12x")
_SUM_AT = slice(148, 156)
_NAME, _PREFIX = 100, 155  # bytes of a name in ustar, and of the folders before it
_LARGEST = 8**11 - 1  # bytes of a file in ustar
_FILE, _PAX = b"0", b"x"


def parts(contents: Contents) -> Iterator[Part]:
    """The archive's parts: each file behind its header and filled up to a whole block, then two empty blocks."""
    moment = int(contents.moment.timestamp())
    for name, member in contents.named():
        yield Part(_head_size(name, member.size), partial(_head, contents.folder, name, member.size, moment))
        yield Part(member.size, member)
        yield Part(-member.size % _BLOCK, partial(bytes, -member.size % _BLOCK))
    yield Part(2 * _BLOCK, partial(bytes, 2 * _BLOCK))


def _head_size(name: str, size: int) -> int:
    told = len(_records(name, size))
    return 2 * _BLOCK + told + -told % _BLOCK if told else _BLOCK


def _head(folder: str, name: str, size: int, moment: int) -> bytes:
    """A file's header, behind a pax header if it needs one."""
    told = _records(name, size)
    pax = (
        _block("", f"{folder}/PaxHeader", len(told), moment, _PAX) + told + bytes(-len(told) % _BLOCK) if told else b""
    )
    # Where pax says it otherwise, this is for readers that do not know pax; it stays in the folder as well.
    shown = _split(name) or ("", name.encode("ascii", "replace").decode()[:_NAME].rstrip("/"))
    return pax + _block(*shown, size if size <= _LARGEST else 0, moment, _FILE)


def _records(name: str, size: int) -> bytes:
    """What ustar cannot say, as pax says it."""
    path = b"" if _split(name) else _record("path", name)
    return path + (_record("size", str(size)) if size > _LARGEST else b"")


def _split(name: str) -> tuple[str, str] | None:
    """Prefix and name as ustar has them; None if it cannot have this name."""
    if not name.isascii():
        return None
    if len(name) <= _NAME:
        return "", name
    prefix, slash, rest = name[: _PREFIX + 1].rpartition("/")
    rest += name[_PREFIX + 1 :]
    return (prefix, rest) if slash and len(rest) <= _NAME else None


def _record(key: str, value: str) -> bytes:
    """``length key=value`` and a newline; the length counts its own digits."""
    said = f" {key}={value}\n".encode()
    length = len(said) + len(str(len(said)))
    return str(len(said) + len(str(length))).encode() + said


def _block(prefix: str, name: str, size: int, moment: int, kind: bytes) -> bytes:
    """A header: name, mode, user, group, size, time, sum, kind, link, magic, names of both, device, prefix."""
    fields = (
        name.encode(), b"0000644", b"0000000", b"0000000", b"%011o" % size, b"%011o" % moment, b" " * 8, kind, b"",
        b"ustar\00000", b"", b"", b"0000000", b"0000000", prefix.encode(),
    )  # fmt: skip
    block = bytearray(_HEADER.pack(*fields))
    block[_SUM_AT] = b"%06o\0 " % sum(block)
    return bytes(block)
