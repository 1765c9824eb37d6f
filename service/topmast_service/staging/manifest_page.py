"""MANIFEST.HTML: the page that people open first, with MAST's own columns and what MAST's lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import TextIO
from urllib.parse import quote

from topmast_service.domain.manifest import HELP_DESK, OK, BoxFacts, ManifestRow

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def write_page(file: TextIO, facts: BoxFacts, counted: dict[str, int], rows: Iterable[ManifestRow]) -> None:
    """Write the page; needs no network to be read.

    Parameters
    ----------
    counted
        What `domain.manifest.totals` says of `rows`.
    rows
        Walked twice: what failed stands first, where it is seen.
    """
    head, tail = _template("manifest.html").split("<!-- rows -->")
    said = _facts(facts, counted)
    file.write(Template(head).substitute(said))
    line = Template(_template("manifest_row.html"))
    file.writelines(line.substitute(_cells(row)) for row in _failed_first(rows))
    file.write(Template(tail).substitute(said))


def _failed_first(rows: Iterable[ManifestRow]) -> Iterator[ManifestRow]:
    yield from (row for row in rows if row.status != OK)
    yield from (row for row in rows if row.status == OK)


def _facts(facts: BoxFacts, counted: dict[str, int]) -> dict[str, str]:
    said = {
        "job_id": facts.job_id,
        "revision": str(facts.revision),
        "owner": facts.owner,
        "label": facts.label or "no label",
        "created": facts.created,
        "expires": facts.expires or "never",
        "query": _query(facts.request),
        "version": facts.version,
        "help_desk": HELP_DESK,
        "size": _size(counted["bytes"]),
        "whole": "whole" if not counted["failed"] else "partial",
    }
    numbers = {name: f"{value:,}" for name, value in counted.items()}
    return {name: escape(value) for name, value in (numbers | said).items()}


def _query(request: dict[str, object]) -> str:
    """The request as lines of ``member: value``, without braces and quotes."""
    return "\n".join(f"{name}: {_plain(value)}" for name, value in request.items() if value is not None)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        shown = ", ".join(_plain(inner) for inner in value[:20])
        return shown + (f", … ({len(value):,} in all)" if len(value) > 20 else "")
    return str(value)


def _cells(row: ManifestRow) -> dict[str, str]:
    cells = {
        "uri": row.dataURI,
        "name": row.productFilename,
        "description": row.description,
        "kind": " ".join(filter(None, (row.productType, row.productSubGroupDescription))),
        "level": "" if row.calib_level is None else str(row.calib_level),
        "access": row.access,
        "status": row.status,
        "reason": row.reason,
        "bytes": "" if row.size is None else str(row.size),
        "size": "" if row.size is None else _size(row.size),
        "sha256": row.sha256,
        "short": row.sha256[:12],
    }
    # An <a> without href is no link: what was not delivered leads nowhere.
    href = f'href="{escape(quote(row.path))}"' if row.status == OK else ""
    return {"href": href} | {name: escape(value) for name, value in cells.items()}


def _size(count: int) -> str:
    """Bytes for people, in powers of 1,000 as MAST gives them."""
    value = float(count)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.3g} {unit}"


@cache
def _template(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
