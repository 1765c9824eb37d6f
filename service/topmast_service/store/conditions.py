"""``where=`` and ``access`` as SQL: what a list of rows is asked, in SQLite's words.

Values are always parameters; names are quoted, and only those of known columns get here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from topmast_service.domain import access, dates
from topmast_service.domain.columns import Column
from topmast_service.domain.rows import Condition
from topmast_service.errors import Invalid

_MOMENT = (
    "CASE WHEN INSTR({0}, '.') THEN SUBSTR(RTRIM({0}, 'Z') || '000000', 1, 26) ELSE RTRIM({0}, 'Z') || '.000000' END"
)
"""A date cell with all six digits of its second, so that texts compare as times do."""

_COMPARE = {"eq": "=", "ne": "IS NOT", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def quoted(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def sortable(name: str) -> str:
    """A column as it is compared and sorted: capitals do not count."""
    return f"{quoted(name)} COLLATE NOCASE"


def where(conditions: Sequence[Condition], columns: Mapping[str, Column]) -> tuple[str, list[Any]]:
    """All conditions and-ed, and the values of their marks.

    Raises
    ------
    Invalid
        A value cannot be compared with its column.
    """
    texts, values = ["1"], []
    for condition in conditions:
        text, given = _sql(condition, columns[condition.column])
        texts.append(text)
        values += given
    return " AND ".join(texts), values


def with_access(now: datetime, known: Collection[str]) -> str:
    """What SQL selects from so that rows have `access` at the moment `now`, and `release` while it is exclusive.

    For tables that have the columns `known` of `access.DECIDING`. Said twice, in `domain.access.of_row` and here,
    because SQLite sorts and counts 200,000 rows by it in 0.1 s, and in 1 s when it has to ask Python for each; a test
    holds the two together.
    """
    cell = {name: quoted(name) if name in known else "NULL" for name in access.DECIDING}
    told = f"julianday({cell['publicReleaseDate']}) - 2400000.5"
    release = f"COALESCE({cell['t_obs_release']}, {cell['publicReleaseDate_mjd']}, {told})"
    when = f"strftime('%Y-%m-%dT%H:%M:%SZ', {release} + 2400000.5 + 0.5 / 86400)"  # to the nearest second
    decided = f"(SELECT *, {_access(cell, release, repr(dates.to_mjd(now)))} AS access FROM rows)"  # noqa: S608 - quoted
    return f"(SELECT *, CASE WHEN access = '{access.EXCLUSIVE}' THEN {when} END AS release FROM {decided})"  # noqa: S608


def _access(cell: Mapping[str, str], release: str, moment: str) -> str:
    rights = f"UPPER(COALESCE({cell['dataRights']}, ''))"
    published = f"COALESCE({cell['publicReleaseDate_mjd']}, 0) <> 0 OR COALESCE({cell['publicReleaseDate']}, '') <> ''"
    return (
        f"CASE WHEN {cell['calib_level']} = {access.PLANNED_LEVEL} THEN '{access.PLANNED}' "
        f"WHEN {rights} = 'RESTRICTED' OR COALESCE({cell['isRestricted']}, 0) THEN '{access.RESTRICTED}' "
        f"WHEN {rights} = 'EXCLUSIVE_ACCESS' "
        f"THEN CASE WHEN {release} <= {moment} THEN '{access.PUBLIC}' ELSE '{access.EXCLUSIVE}' END "
        f"WHEN {rights} = 'PUBLIC' OR {published} "
        f"THEN CASE WHEN {release} > {moment} THEN '{access.EXCLUSIVE}' ELSE '{access.PUBLIC}' END "
        f"ELSE '{access.UNKNOWN}' END"
    )


def _sql(condition: Condition, column: Column) -> tuple[str, list[Any]]:
    name = sortable(column.name)
    if condition.op == "null":
        return (f"{name} IS {'NOT ' if condition.values[0] == 'false' else ''}NULL", [])
    if condition.op == "like":
        return f"{name} LIKE ? ESCAPE '\\'", [_escaped(condition.values[0]).replace("*", "%")]
    if column.many and condition.op in {"eq", "ne", "in"}:
        return _one_of_many(condition, column)
    return _dated(condition, column) if column.type == "date" else _plain(condition, column)


def _plain(condition: Condition, column: Column) -> tuple[str, list[Any]]:
    name, given = sortable(column.name), [_typed_value(column, v) for v in condition.values]
    if condition.op == "in":
        return f"{name} IN ({','.join('?' * len(given))})", given
    if condition.op == "between":
        return f"{name} BETWEEN ? AND ?", given
    return f"{name} {_COMPARE[condition.op]} ?", given


def _one_of_many(condition: Condition, column: Column) -> tuple[str, list[Any]]:
    """A cell of several values is what any of them is, as MAST's own filters have it (``separator``)."""
    cell = f"';' || REPLACE({quoted(column.name)}, '; ', ';') || ';'"
    found = " OR ".join([f"{cell} LIKE ? ESCAPE '\\'"] * len(condition.values))
    given = [f"%;{_escaped(value.replace('; ', ';'))};%" for value in condition.values]
    return (f"COALESCE(NOT ({found}), 1)" if condition.op == "ne" else f"({found})"), given


def _dated(condition: Condition, column: Column) -> tuple[str, list[Any]]:
    """Dates in order of time: ``…:00Z`` comes before ``…:00.5Z``, and a day is the whole day."""
    cell = _MOMENT.format(quoted(column.name))
    spans = [_span(column, value) for value in condition.values]
    if condition.op in {"eq", "ne", "in"}:
        found = " OR ".join([f"({cell} BETWEEN ? AND ?)"] * len(spans))
        return f"COALESCE(NOT ({found}), 1)" if condition.op == "ne" else f"({found})", [
            end for s in spans for end in s
        ]
    if condition.op == "between":
        return f"{cell} BETWEEN ? AND ?", [spans[0][0], spans[1][1]]
    return f"{cell} {_COMPARE[condition.op]} ?", [spans[0][condition.op in {"gt", "le"}]]


def _span(column: Column, text: str) -> tuple[str, str]:
    """First and last moment that a date means, as `_MOMENT` writes them."""
    try:
        first = dates.read(text)
    except ValueError as error:
        raise Invalid(f"{column.name}: {error}.") from None
    whole = "T" not in text.strip().upper() and " " not in text.strip()
    last = first.replace(hour=23, minute=59, second=59, microsecond=999_999) if whole else first
    return f"{first:%Y-%m-%dT%H:%M:%S.%f}", f"{last:%Y-%m-%dT%H:%M:%S.%f}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _typed_value(column: Column, text: str) -> Any:
    readers: dict[str, Callable[[str], Any]] = {"int": float, "float": float, "boolean": _truth}
    read = readers.get(column.type, str)
    try:
        return read(text)
    except (ValueError, KeyError):
        raise Invalid(f"{text!r} cannot be compared with {column.name}, which is {column.type}.") from None


def _truth(text: str) -> int:
    return {"true": 1, "t": 1, "1": 1, "false": 0, "f": 0, "0": 0}[text.lower()]
