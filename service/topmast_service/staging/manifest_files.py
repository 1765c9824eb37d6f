"""The box's own files, which say what it holds: for people, programs, spreadsheets and ``sha256sum -c``."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

from topmast_service.domain.manifest import HELP_DESK, OK, BoxFacts, LeftOut, ManifestRow, totals
from topmast_service.staging.durable import telling_disk_full
from topmast_service.staging.manifest_page import write_page

PAGE, RECORD, TABLE, SUMS = "MANIFEST.HTML", "manifest.json", "manifest.csv", "sha256sums.txt"
EXCLUDED = "excluded.csv"
PAGES = frozenset({PAGE, RECORD, TABLE, SUMS, EXCLUDED})
"""Names at the top of a box that no product may take."""

SCHEMA = "/schemas/manifest.json"
"""Where a topmast serves the schema of `RECORD`, which names it so. The text is `schema`."""

_LAST_LINES = 1000
"""Bytes at the end of `SUMS` that hold the lines of the box's own files."""


def write_manifest(
    folder: Path, facts: BoxFacts, rows: Iterable[ManifestRow], excluded: Iterable[LeftOut] = ()
) -> None:
    """Write ``MANIFEST.HTML``, ``manifest.json``, ``manifest.csv``, ``excluded.csv`` and ``sha256sums.txt``.

    Parameters
    ----------
    folder
        The box under construction, its products in place.
    rows
        One per requested file, also the failed ones. Walked several times, never held: a list will do, and so will
        an object whose ``__iter__`` asks the table again.
    excluded
        One per listed product that is not in the bundle, walked as `rows` are. Without any there is no
        ``excluded.csv``.

    Raises
    ------
    TypeError
        They can be walked only once (a generator): the later files would silently be empty.
    DiskFull
        The box is incomplete and must not be shown.
    """
    if iter(rows) is rows or iter(excluded) is excluded:
        raise TypeError("rows must be walkable several times")
    counted = totals(rows)
    some_left_out = next(iter(excluded), None) is not None
    with telling_disk_full():
        sums = [
            _write(folder / PAGE, lambda file: write_page(file, facts, counted, rows, excluded_file=some_left_out)),
            _write(folder / RECORD, lambda file: _write_record(file, facts, counted, rows)),
            _write(folder / TABLE, lambda file: _write_table(file, ManifestRow, rows)),
        ]
        if some_left_out:
            sums.append(_write(folder / EXCLUDED, lambda file: _write_table(file, LeftOut, excluded)))
        _write(folder / SUMS, lambda file: _write_sums(file, rows, sums))


def pages_of(folder: Path) -> frozenset[str]:
    """Which of `PAGES` belong to a box: those that its checksums name, `EXCLUDED` only where something was."""
    always = PAGES - {EXCLUDED}
    try:
        with (folder / SUMS).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_LINES))
            last = file.read().decode(errors="replace").splitlines()
    except OSError:
        return always
    return always | (PAGES & {line[66:] for line in last})


def schema() -> str:
    """The JSON Schema (2020-12) of ``manifest.json``."""
    return files(__package__).joinpath("manifest.schema.json").read_text(encoding="utf-8")


def _write(path: Path, fill: Callable[[TextIO], None]) -> tuple[str, str]:
    """Write and sync one file; its name and SHA-256."""
    with path.open("xb") as raw, _text_over(raw) as file:
        fill(file)
        file.flush()
        os.fchmod(raw.fileno(), 0o444)  # a revision never changes
        os.fsync(raw.fileno())
    with path.open("rb") as written:
        return path.name, hashlib.file_digest(written, "sha256").hexdigest()


@contextmanager
def _text_over(raw: io.BufferedWriter) -> Iterator[TextIO]:
    # A lone surrogate from a hostile catalogue must not keep a whole box from being published.
    file = io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", newline="")
    try:
        yield file
    finally:
        file.detach()


def _write_record(file: TextIO, facts: BoxFacts, counted: dict[str, int], rows: Iterable[ManifestRow]) -> None:
    head: dict[str, Any] = {"$schema": SCHEMA, "schema": 1, **asdict(facts), "totals": counted, "help": HELP_DESK}
    file.write(json.dumps(head, indent=1)[:-2] + ',\n "files": [')
    for number, row in enumerate(rows):
        file.write((",\n  " if number else "\n  ") + json.dumps(vars(row)))
    file.write("\n ]\n}\n")


def _write_table(file: TextIO, kind: type[ManifestRow | LeftOut], rows: Iterable[ManifestRow | LeftOut]) -> None:
    table = csv.DictWriter(file, [field.name for field in fields(kind)], lineterminator="\n")
    table.writeheader()
    table.writerows(map(vars, rows))


def _write_sums(file: TextIO, rows: Iterable[ManifestRow], sums: list[tuple[str, str]]) -> None:
    file.writelines(f"{row.sha256}  {row.path}\n" for row in rows if row.status == OK)
    file.writelines(f"{sha256}  {name}\n" for name, sha256 in sums)
