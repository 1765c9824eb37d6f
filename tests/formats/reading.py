"""Files as other people's readers read them: astropy and pyarrow, never a reader of ours.

One exception: astropy passes over VOTable's null bits of texts, so `null_bits` reads BINARY2 as VOTable 1.4 §5.4 says.
"""

from __future__ import annotations

import base64
import io
import json
import re
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io.votable import parse
from astropy.table import Table
from pyarrow import csv, parquet

from topmast_service.domain.columns import Column

Row = dict[str, Any]
_NUMBERS: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "boolean": {"true": True, "false": False}.get}
_ECSV_BREAKS = re.compile("[\x00\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")


def read(name: str, data: bytes, columns: Sequence[Column]) -> list[Row]:
    """The rows of a file of the format `name`; None where its reader says that there is nothing."""
    return {"csv": _csv, "ecsv": _ecsv, "votable": _votable, "parquet": _parquet, "json": _json}[name](data, columns)


def carried(name: str, column: Column, value: Any) -> Any:
    """What the format's own words (its module) say becomes of a cell."""
    if column.type in {"int", "float", "boolean"}:
        return value
    if name == "ecsv" and value is not None:
        return _ECSV_BREAKS.sub(" ", value).strip() or None
    if name == "votable" and value is None:
        return ""
    return value


def null_bits(data: bytes, columns: Sequence[Column]) -> list[list[bool]]:
    """Which cells of a VOTable are null."""
    stream = data.partition(b'encoding="base64">')[2].partition(b"</STREAM>")[0]
    rest, found = io.BytesIO(b"".join(map(base64.b64decode, stream.split()))), []
    while head := rest.read(-(-len(columns) // 8)):
        bits = "".join(f"{byte:08b}" for byte in head)
        found.append([bit == "1" for bit in bits[: len(columns)]])
        for column in columns:
            width = {"int": 8, "float": 8, "boolean": 1}.get(column.type)
            if width is None:
                width = struct.unpack(">I", rest.read(4))[0] * (1 if column.type == "date" else 2)
            rest.read(width)
    return found


def _json(data: bytes, _: Sequence[Column]) -> list[Row]:
    found: list[Row] = json.loads(data)["items"]
    return found


def _csv(data: bytes, columns: Sequence[Column]) -> list[Row]:
    """With PostgreSQL's convention, that pyarrow has an option for: an empty cell is null, `""` is empty."""
    convert = csv.ConvertOptions(
        column_types={c.name: pa.string() for c in columns}, null_values=[""], strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )  # fmt: skip
    parsing = csv.ParseOptions(newlines_in_values=True)
    rows = csv.read_csv(io.BytesIO(data), parse_options=parsing, convert_options=convert).to_pylist()
    return [{c.name: _number(c, row[c.name]) for c in columns} for row in rows]


def _number(column: Column, text: str | None) -> Any:
    return None if text is None else _NUMBERS.get(column.type, str)(text)


def _ecsv(data: bytes, columns: Sequence[Column]) -> list[Row]:
    table = Table.read(data.decode(), format="ascii.ecsv")
    return _rows(table, columns)


def _votable(data: bytes, columns: Sequence[Column]) -> list[Row]:
    return _rows(parse(io.BytesIO(data), verify="exception").get_first_table().to_table(), columns)


def _rows(table: Table, columns: Sequence[Column]) -> list[Row]:
    return [{c.name: _plain(row[c.name]) for c in columns} for row in table]


def _plain(cell: Any) -> Any:
    if cell is np.ma.masked:
        return None
    return cell.item() if isinstance(cell, np.generic) else cell


def _parquet(data: bytes, columns: Sequence[Column]) -> list[Row]:
    rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    return [{c.name: _moment(row[c.name]) for c in columns} for row in rows]


def _moment(value: Any) -> Any:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
