"""Zip, stored, as the parts of one file (PKWARE's APPNOTE 6.3.10; the section numbers below are its).

FITS hardly shrinks, so nothing is compressed; hence every length is known before a byte is read. Sizes and CRC-32 stand
in the local headers, no data descriptors follow: also readers that never seek can unpack it. Zip64 stands only where a
number needs it, for old readers take the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from topmast_service.staging.packed import Contents, Member, Part

_LOCAL = struct.Struct("<4s5H3L2H")  # §4.3.7
_CENTRAL = struct.Struct("<4s6H3L5H2L")  # §4.3.12
_END64 = struct.Struct("<4sQ2H2L4Q")  # §4.3.14
_LOCATOR = struct.Struct("<4sLQL")  # §4.3.15
_END = struct.Struct("<4s4H2LH")  # §4.3.16

_FULL, _MANY = 0xFFFFFFFF, 0xFFFF  # what stands in a field whose number is in the Zip64 record
_ZIP64 = 0x0001  # the tag of that record
_UTF8 = 1 << 11  # names are UTF-8
_STORED = 0
_PLAIN, _WIDE = 20, 45  # the version that a reader needs: folders; Zip64
_MADE_BY = 3 << 8 | _WIDE  # Unix, so that the mode counts
_MODE = 0o100644 << 16


class _Entry(NamedTuple):
    """A member, and where its local header begins."""

    name: bytes
    member: Member
    offset: int

    @property
    def local(self) -> int:
        """Bytes of the local header."""
        return _LOCAL.size + len(self.name) + _extra_size(self.member.size)

    @property
    def central(self) -> int:
        """Bytes of the line in the central directory."""
        return _CENTRAL.size + len(self.name) + _extra_size(self.member.size, self.offset)


def parts(contents: Contents) -> Iterator[Part]:
    """The archive's parts: each file behind its header, then the directory of all."""
    count = end = size = 0
    for entry in _entries(contents):
        yield Part(entry.local, partial(_local, entry, contents))
        yield Part(entry.member.size, entry.member)
        end = entry.offset + entry.local + entry.member.size
    for entry in _entries(contents):
        yield Part(entry.central, partial(_central, entry, contents))
        count, size = count + 1, size + entry.central
    closing = _closing(count, size, end)
    yield Part(len(closing), lambda: closing)


def _entries(contents: Contents) -> Iterator[_Entry]:
    offset = 0
    for name, member in contents.named():
        entry = _Entry(name.encode(), member, offset)
        yield entry
        offset += entry.local + member.size


def _local(entry: _Entry, contents: Contents) -> bytes:
    size, extra = entry.member.size, _extra(entry.member.size, entry.member.size)
    head = _LOCAL.pack(
        b"PK\3\4", _WIDE if extra else _PLAIN, _UTF8, _STORED, *_dos(contents.moment), contents.crc32(entry.member),
        min(size, _FULL), min(size, _FULL), len(entry.name), len(extra),
    )  # fmt: skip
    return head + entry.name + extra


def _central(entry: _Entry, contents: Contents) -> bytes:
    size, extra = entry.member.size, _extra(entry.member.size, entry.member.size, entry.offset)
    head = _CENTRAL.pack(
        b"PK\1\2", _MADE_BY, _WIDE if extra else _PLAIN, _UTF8, _STORED, *_dos(contents.moment),
        contents.crc32(entry.member), min(size, _FULL), min(size, _FULL), len(entry.name), len(extra), 0, 0, 0, _MODE,
        min(entry.offset, _FULL),
    )  # fmt: skip
    return head + entry.name + extra


def _closing(count: int, size: int, start: int) -> bytes:
    """The end record; before it, if a number does not fit, its Zip64 form and where that is."""
    end = _END.pack(b"PK\5\6", 0, 0, min(count, _MANY), min(count, _MANY), min(size, _FULL), min(start, _FULL), 0)
    if count < _MANY and size < _FULL and start < _FULL:
        return end
    wide = _END64.pack(b"PK\6\6", _END64.size - 12, _MADE_BY, _WIDE, 0, 0, count, count, size, start)
    return wide + _LOCATOR.pack(b"PK\6\7", 0, start + size, 1) + end


def _extra(*numbers: int) -> bytes:
    """The Zip64 record of those numbers that their own field cannot hold (§4.5.3)."""
    wide = [number for number in numbers if number >= _FULL]
    return struct.pack(f"<2H{len(wide)}Q", _ZIP64, 8 * len(wide), *wide) if wide else b""


def _extra_size(size: int, offset: int = 0) -> int:
    """Bytes of that record; a size stands in it twice, compressed and not."""
    if size < _FULL and offset < _FULL:
        return 0
    return 4 + 16 * (size >= _FULL) + 8 * (offset >= _FULL)


def _dos(moment: datetime) -> tuple[int, int]:
    """Time and date as MS-DOS has them: two seconds are the least, 1980 is the first year, and zones are unknown."""
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, (moment.year - 1980) << 9 | moment.month << 5 | moment.day
