"""Parquet, for pandas, Spark, DuckDB and TOPCAT: a row group at a time.

Nulls are nulls, dates are timestamps in UTC to the microsecond. Unit, description and UCD stand in each field's
metadata and, for the tools of the VO, as the VOTable head that VOParquet 1.0 asks for (IVOA Note, 2025).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from topmast_service.domain.columns import Column
from topmast_service.formats import votable
from topmast_service.formats.about import About

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "parquet"
MEDIA_TYPE = "application/vnd.apache.parquet"
EXTENSION = "parquet"

GROUP_ROWS = 10_000
GROUP_BYTES = 16 << 20
"""A row group ends when it has as many rows or bytes: 10,000 footprints of 20 kB would be 200 MB."""
_BATCH_ROWS = 1_000


def write(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], about: About) -> Iterator[bytes]:
    """The file in pieces. pyarrow is loaded by the first of them, not with the API."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema(columns, about)
    sink = _Sink()
    with parquet.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for group in _groups(columns, schema, rows):
            writer.write_table(pa.Table.from_batches(group, schema), row_group_size=GROUP_ROWS)
            yield sink.taken()
    yield sink.taken()


def _schema(columns: Sequence[Column], about: About) -> pa.Schema:
    import pyarrow as pa

    types = {
        "string": pa.string(), "flag": pa.string(), "int": pa.int64(), "float": pa.float64(), "boolean": pa.bool_(),
        "date": pa.timestamp("us", "UTC"),
    }  # fmt: skip
    fields = [pa.field(c.name, types[c.type], metadata=_told(c)) for c in columns]
    vo = {"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": votable.document(columns, about)}
    return pa.schema(fields, {"title": about.title, **_facts(about), **vo})


def _told(column: Column) -> dict[str, str]:
    told = {"unit": column.unit, "description": column.description, "ucd": column.ucd}
    return {name: text for name, text in told.items() if text}


def _facts(about: About) -> dict[str, str]:
    facts = {name: text for name, text in about.facts() if name != "note"}
    return facts | ({"notes": "\n".join(about.notes)} if about.notes else {})


def _groups(
    columns: Sequence[Column], schema: pa.Schema, rows: Iterable[Mapping[str, Any]]
) -> Iterator[list[pa.RecordBatch]]:
    held: list[pa.RecordBatch] = []
    for batch in _batches(columns, schema, rows):
        held.append(batch)
        if sum(b.num_rows for b in held) >= GROUP_ROWS or sum(b.nbytes for b in held) >= GROUP_BYTES:
            yield held
            held = []
    if held:
        yield held


def _batches(
    columns: Sequence[Column], schema: pa.Schema, rows: Iterable[Mapping[str, Any]]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    left = iter(rows)
    while some := list(islice(left, _BATCH_ROWS)):
        cells = [[_cell(c, row[c.name]) for row in some] for c in columns]
        yield pa.record_batch([pa.array(c, f.type) for c, f in zip(cells, schema, strict=True)], schema=schema)


def _cell(column: Column, value: Any) -> Any:
    read = _READ.get(column.type)
    return value if read is None or value is None else read(value)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_READ: Mapping[str, Callable[[Any], Any]] = {"string": str, "flag": str, "date": _moment}


class _Sink(io.RawIOBase):
    """Where pyarrow writes to; what it wrote is taken away piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        self._held.append(bytes(data))
        self._written += len(self._held[-1])
        return len(self._held[-1])

    def taken(self) -> bytes:
        """Everything written since the last time."""
        held, self._held = self._held, []
        return b"".join(held)
