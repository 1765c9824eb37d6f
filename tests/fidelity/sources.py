"""Recorded rows as their files state them, and as a catalogue that the sandbox serves.

A cell is the text that stands in the source; blank cells are what the source did not hold. What is read here is read
by nothing of topmast's: it is what the rows are compared with.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Texts = dict[str, str]

MADE_OBSID = 990_000_000
"""Sources that print a part of a row leave the obsid out; MAST's rows have one, and topmast tells rows apart by it."""


@dataclass(frozen=True)
class Source:
    """Rows of one file.

    Attributes
    ----------
    rows
        The texts of each row by MAST's column names.
    key
        The column that tells rows apart.
    request
        The search that must find all of them.
    made
        How many keys were made up because the source has none.
    """

    name: str
    rows: Sequence[Texts]
    key: str
    request: Mapping[str, Any]
    made: int = 0
    left_out: Sequence[str] = field(default=())

    @property
    def observations(self) -> bool:
        """Whether these are CAOM rows; else they are keyword rows."""
        return self.request.get("collection") != "instrument_keywords"

    def write(self, folder: Path) -> Path:
        """The sandbox's catalogue of these rows."""
        folder.mkdir(parents=True)
        _write(folder / "observations.csv", self.rows if self.observations else [{"obsid": "1", "obs_id": "none"}])
        if not self.observations:
            _write(folder / "keywords.csv", [{"service": row["instrume"].lower(), **row} for row in self.rows])
        return folder


def observations_csv(path: Path) -> Source:
    """CAOM rows of a CSV, whatever part of the columns it has."""
    return observations(path.name, _read(path))


def observations_json(path: Path) -> Source:
    """CAOM rows as a client of MAST's kept them: ``results`` of a JSON document."""
    rows = json.loads(path.read_text(encoding="utf-8"))["results"]
    return observations(path.name, [{name: _text(cell) for name, cell in row.items()} for row in rows])


def observations(name: str, rows: Sequence[Texts]) -> Source:
    """CAOM rows; each gets an obsid if it has none."""
    made = 0
    for number, row in enumerate(rows):
        if not row.get("obsid"):
            row["obsid"] = str(MADE_OBSID + number)
            made += 1
    request = {"collection": "observations", "criteria": {"t_exptime": {"min": 0}}}
    return Source(name, rows, "obsid", request, made)


def keywords_csv(path: Path) -> Source:
    """Keyword rows of all instruments in one table; ``src_…`` says where each was found, and is no column of MAST's."""
    rows = [{name: text for name, text in row.items() if not name.startswith("src_")} for row in _read(path)]
    return keywords(path.name, rows)


def keywords(name: str, rows: Sequence[Texts]) -> Source:
    """Keyword rows, told apart by the archive's number."""
    levels = sorted({row["productLevel"] for row in rows})
    instruments = sorted({row["instrume"].lower() for row in rows})
    criteria = {"instrument": instruments, "productLevel": levels}
    return Source(name, rows, "ArchiveFileID", {"collection": "instrument_keywords", "criteria": criteria})


def _read(path: Path) -> list[Texts]:
    csv.field_size_limit(10_000_000)
    with path.open(newline="", encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def _text(cell: Any) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else json.dumps(cell)


def _write(path: Path, rows: Sequence[Texts]) -> None:
    names = dict.fromkeys(name for row in rows for name in row)
    with path.open("w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, list(names))
        table.writeheader()
        table.writerows(rows)
