"""Rows as files: CSV, ECSV, VOTable, Parquet and HTML, written as the rows come.

The writers are our own. The API must not load astropy (half a second and 77 MB), and astropy's and pyarrow's
one-call writers want the whole table in memory; here a table of any length takes a few megabytes. That what is written
reads back cell by cell is shown with astropy and pyarrow (tests/formats, docs/fidelity.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_service.domain.columns import Column
from topmast_service.formats import csv, ecsv, html, parquet, votable
from topmast_service.formats.about import About

__all__ = ["FORMATS", "About", "Format"]


@dataclass(frozen=True)
class Format:
    """One way to write rows.

    Attributes
    ----------
    media_type
        For ``Accept`` and ``Content-Type``, without parameters.
    content_type
        With parameters.
    write
        Gives the file in pieces, while the rows are read. Each row is a mapping with a cell for each column's name;
        a cell is None, or of its column's type (`domain.columns`).
    """

    name: str
    media_type: str
    content_type: str
    extension: str
    write: Callable[[Sequence[Column], Iterable[Mapping[str, Any]], About], Iterator[bytes]]


FORMATS: Mapping[str, Format] = {
    m.NAME: Format(m.NAME, m.MEDIA_TYPE.partition(";")[0], m.MEDIA_TYPE, m.EXTENSION, m.write)
    for m in (csv, ecsv, votable, parquet, html)
}
"""Every format but JSON, by the name that ``?format=`` gives it."""
