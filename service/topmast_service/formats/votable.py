"""VOTable 1.4 (IVOA), BINARY2: types, units, descriptions, UCDs, and nulls of every type.

BINARY2 rather than TABLEDATA because XML text cannot carry every cell: readers strip blanks, some characters are not
allowed, and an empty string is a null there. In BINARY2 each row begins with one bit for each cell that is null.
(astropy 8 passes these bits over for texts and gives an empty string; the rest is exact.)

Texts are UTF-16 (``unicodeChar``), integers 64 bits, dates ``char`` with xtype ``timestamp`` (DALI 1.1). INFO elements
tell query, service and age; as DALI asks, QUERY_STATUS is OK before the table, and OVERFLOW behind it if MAST had more.
A file that was cut off is no XML, so that nobody takes it for whole. In names and descriptions, characters that XML
forbids are written as U+FFFD.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from struct import Struct
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from topmast_service.domain.columns import Column
from topmast_service.formats.about import About

NAME = "votable"
MEDIA_TYPE = "application/x-votable+xml; serialization=BINARY2"
EXTENSION = "vot"

_START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE type="results">\n'
)
_TEXT = 'datatype="unicodeChar" arraysize="*"'
_TYPES = {
    "string": _TEXT, "flag": _TEXT, "int": 'datatype="long"', "float": 'datatype="double"',
    "boolean": 'datatype="boolean"', "date": 'datatype="char" arraysize="*" xtype="timestamp"',
}  # fmt: skip
_FRAMES = {
    "icrs": '<COOSYS ID="icrs" system="ICRS"/>\n',
    "mjd": '<TIMESYS ID="mjd" timeorigin="MJD-origin" timescale="UTC" refposition="UNKNOWN"/>\n',
}
"""What MAST's positions and days are in; it does not say where its clock stands."""
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PIECE = 3 << 14
"""Bytes of a piece before base64: a multiple of three needs no padding."""


def write(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], about: About) -> Iterator[bytes]:
    """The file in pieces."""
    yield (_header(columns, about) + '<DATA><BINARY2><STREAM encoding="base64">\n').encode()
    yield from _base64(_packed(columns, rows))
    yield b"</STREAM></BINARY2></DATA>\n</TABLE>\n"
    if about.truncated is not None:
        yield _info("QUERY_STATUS", "OVERFLOW", about.truncated).encode()
    yield b"</RESOURCE>\n</VOTABLE>\n"


def document(columns: Sequence[Column], about: About) -> str:
    """The same without data: what VOParquet carries beside its rows."""
    overflow = _info("QUERY_STATUS", "OVERFLOW", about.truncated) if about.truncated is not None else ""
    return f"{_header(columns, about)}</TABLE>\n{overflow}</RESOURCE>\n</VOTABLE>\n"


def _header(columns: Sequence[Column], about: About) -> str:
    """Everything before the data: what the rows are, their frames, and the columns."""
    frames = "".join(frame for name, frame in _FRAMES.items() if any(_frame(c) == name for c in columns))
    table = f"<TABLE nrows={_attribute(about.rows)}>\n<DESCRIPTION>{_legal(about.title)}</DESCRIPTION>\n"
    return "".join((_START, *_infos(about), frames, table, *map(_field, columns)))


def _frame(column: Column) -> str:
    """Which of `_FRAMES` a column's numbers are in; empty for most."""
    if column.ucd.startswith("pos.eq.") and column.unit == "deg":
        return "icrs"
    moment = column.ucd.startswith("time.") and not column.ucd.startswith("time.duration")
    return "mjd" if moment and column.unit == "d" and column.type == "float" else ""


def _infos(about: About) -> Iterator[str]:
    yield _info("QUERY_STATUS", "OK")
    yield from (_info(name, text) for name, text in about.facts())


def _info(name: str, value: str, text: str = "") -> str:
    return f"<INFO name={_attribute(name)} value={_attribute(value)}>{_legal(text)}</INFO>\n"


def _field(column: Column) -> str:
    more = {"unit": column.unit, "ucd": column.ucd, "ref": _frame(column)}
    told = "".join(f" {name}={_attribute(text)}" for name, text in more.items() if text)
    inside = f"<DESCRIPTION>{_legal(column.description)}</DESCRIPTION>" if column.description else ""
    return f"<FIELD name={_attribute(column.name)} {_TYPES[column.type]}{told}>{inside}</FIELD>\n"


def _legal(text: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", text))


def _attribute(value: Any) -> str:
    return quoteattr(_FORBIDDEN.sub("\ufffd", str(value)))


_LONG, _DOUBLE, _LENGTH = Struct(">q").pack, Struct(">d").pack, Struct(">I").pack


def _unicode(value: Any) -> bytes:
    units = str(value).encode("utf-16-be")
    return _LENGTH(len(units) // 2) + units


def _ascii(value: Any) -> bytes:
    return _LENGTH(len(value)) + str(value).encode("ascii")


def _truth(value: Any) -> bytes:
    return b"T" if value else b"F"


_PACKED: Mapping[str, tuple[Callable[[Any], bytes], bytes]] = {
    "string": (_unicode, _LENGTH(0)), "flag": (_unicode, _LENGTH(0)), "int": (_LONG, _LONG(0)),
    "float": (_DOUBLE, _DOUBLE(float("nan"))), "boolean": (_truth, b"?"), "date": (_ascii, _LENGTH(0)),
}  # fmt: skip
"""How a cell becomes bytes, and what stands for a null beside its bit."""


def _packed(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    bits = 8 * -(-len(columns) // 8)
    cells = [(c.name, *_PACKED[c.type], 1 << (bits - 1 - n)) for n, c in enumerate(columns)]
    for row in rows:
        nulls, parts = 0, [b""]
        for name, packed, blank, bit in cells:
            if (value := row[name]) is None:
                nulls |= bit
                parts.append(blank)
            else:
                parts.append(packed(value))
        parts[0] = nulls.to_bytes(bits // 8, "big")
        yield b"".join(parts)


def _base64(packed: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for part in packed:
        held += part
        if len(held) >= _PIECE:
            whole = len(held) // 3 * 3
            yield b64encode(held[:whole]) + b"\n"
            del held[:whole]
    yield b64encode(held) + b"\n"
