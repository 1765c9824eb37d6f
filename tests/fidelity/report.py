"""docs/fidelity.md, as a run shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fidelity.check import Checked

_HEAD = """\
# How faithful rows stay

Written by `make check-archive DATA=…`, which takes recorded rows of the real MAST, loads them into a sandbox, searches
them through the API and the worker's function, and reads every format again: JSON page by page, CSV and Parquet with
pyarrow, ECSV and VOTable with astropy (VOTable's null bits by the letter of the standard). Each cell is compared with
the text that stands in the source: numbers as numbers, dates as moments, everything else letter for letter; a blank
must come back as a null.
`make test` does the same with generated rows (tests/fidelity) and with drawn columns and cells (tests/formats).

"""
_TAIL = """
## What a format cannot carry

| | null | empty string | else |
|---|---|---|---|
| JSON | `null` | `""` | |
| CSV | empty cell | `""`, as PostgreSQL has it; most readers take both for the same | |
| ECSV | empty cell, masked | the same as a null | line breaks within a cell become spaces |
| VOTable (BINARY2) | null bit | no bit | astropy passes over the null bits of texts: both are empty strings there |
| Parquet | null | `""` | dates are timestamps, to the microsecond |
| HTML | blank | blank | for reading; the first 10,000 rows |

A cell that is not of its column's type makes its column one of texts, in every format but JSON, which has it as it
is. NaN is null everywhere. Texts of 20 kB, `-999`, integers beyond 2^53 and characters beyond the BMP come back as they
are.
"""


def write(checked: Sequence[Checked]) -> str:
    """The page."""
    return _HEAD + "\n".join(_lines(checked)) + "\n" + _TAIL


def _lines(checked: Sequence[Checked]) -> Iterator[str]:
    yield from ("## Recorded rows", "", "| source | format | rows | cells | blank | dates | differences |")
    yield "|---|---|---:|---:|---:|---:|---:|"
    for one in checked:
        for c in one.compared:
            figures = f"{c.rows:,} of {len(one.source.rows):,} | {c.cells:,} | {c.blanks:,} | {c.dates:,}"
            yield f"| {c.source} | {c.format} | {figures} | {len(c.differences):,} |"
    yield ""
    for one in checked:
        yield from (f"- `{one.source.name}`: {text}" for text in _remarks(one))


def _remarks(one: Checked) -> Iterator[str]:
    yield "access " + ", ".join(f"{access} {rows:,}" for access, rows in sorted(one.access.items())) + "."
    if one.planned:
        yield f"all {one.planned:,} rows of level -1 are `planned`, whatever their rights say."
    if one.source.made:
        yield f"{one.source.made:,} rows lack an obsid in the source, and got one: MAST's rows have it."
    if one.unknown:
        yield f"not columns of MAST's answer, so not asked for: {', '.join(one.unknown)}."
    expected: Counter[str] = Counter()
    for compared in one.compared:
        expected |= compared.expected
    yield from (f"{count:,} {reason}." for reason, count in expected.items())
