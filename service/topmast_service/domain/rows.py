"""Questions about rows: ``where=``, ``sort=``, ``columns=`` and the cursor, as http.md writes them.

One grammar for every list that topmast shows: search results, manifests. It is read here; `store.tables` turns it
into SQL.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from topmast_service.domain import patterns
from topmast_service.domain.columns import nearest
from topmast_service.errors import BadCursor, Invalid, UnknownColumn

OPERATORS = {
    "eq": "is", "ne": "is not", "lt": "is below", "le": "is at most", "gt": "is above", "ge": "is at least",
    "in": "is one of", "between": "lies between", "like": "fits the pattern (*)",
    "null": "is empty (true) or not (false)",
}  # fmt: skip
MAX_SORT = 3
MAX_WHERE = 20


@dataclass(frozen=True)
class Condition:
    """``column op values``; conditions are and-ed."""

    column: str
    op: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Which rows, in which order, which cells, how many.

    `after` is the id of the last row seen, `scope` which of several lists it is about.
    """

    where: tuple[Condition, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    columns: tuple[str, ...] = ()
    limit: int = 100
    after: int | None = None
    scope: str = ""


def ask(
    known: Collection[str],
    *,
    where: Sequence[str] = (),
    sort: str = "",
    columns: str = "",
    limit: int = 100,
    cursor: str = "",
    scope: str = "",
) -> Question:
    """Read the query parameters of a list of rows with the columns `known`; `scope` tells lists of one address apart.

    Raises
    ------
    Invalid, UnknownColumn
        A condition, sort or column that cannot be read.
    BadCursor
        The cursor is not ours, or was made for another `where`, `sort` or `scope`.
    """
    if len(where) > MAX_WHERE:
        raise Invalid(f"At most {MAX_WHERE} conditions.")
    conditions = tuple(_condition(text, known) for text in where)
    order = _order(sort, known)
    chosen = tuple(_column(c, known, "columns") for c in columns.split(",") if c)
    question = Question(conditions, order, chosen, limit, scope=scope)
    return question if not cursor else _continued(question, cursor)


def cursor_behind(question: Question, row: int) -> str:
    """The opaque cursor that continues behind the row with this id.

    It holds no cells: the sort value of an `s_region` may have 20 kB, and an address has room for eight.
    """
    text = json.dumps([_fingerprint(question), row], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _continued(question: Question, cursor: str) -> Question:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        print_, row = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise BadCursor("The cursor is not one that this service made.") from None
    if print_ != _fingerprint(question) or not _is_row(row):
        raise BadCursor("The cursor was made for another `where`, `sort` or `since`.")
    return replace(question, after=row)


def _is_row(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _fingerprint(question: Question) -> str:
    bound = (question.where, question.sort, *([question.scope] if question.scope else []))
    return hashlib.sha256(repr(bound).encode()).hexdigest()[:16]


def _condition(text: str, known: Collection[str]) -> Condition:
    column, _, rest = text.partition(":")
    op, colon, value = rest.partition(":")
    if not colon or op not in OPERATORS:
        suggestion = f"{column or 'column'}:eq:value"
        error = {"pointer": "where", "detail": f"{text!r} is not column:op:value", "suggestions": [suggestion]}
        raise Invalid(f"where={text!r} cannot be read; operators are {', '.join(OPERATORS)}.", errors=[error])
    values = tuple(_split(value)) if op in {"in", "between"} else (value,)
    if op == "between" and len(values) != 2:
        raise Invalid(f"where={text!r}: between takes two values, separated by a comma.")
    if op == "null" and value not in {"true", "false", ""}:
        raise Invalid(f"where={text!r}: null takes true or false.")
    if op == "like":
        try:
            patterns.check(values)
        except ValueError as error:
            raise Invalid(f"where: {error}.") from None
    return Condition(_column(column, known, "where"), op, values)


def _split(value: str) -> list[str]:
    r"""Values between commas; ``\,`` is a comma."""
    parts = value.replace("\\,", "\0").split(",")
    return [p.replace("\0", ",") for p in parts]


def _order(sort: str, known: Collection[str]) -> tuple[tuple[str, bool], ...]:
    names = [s for s in sort.split(",") if s]
    if len(names) > MAX_SORT:
        raise Invalid(f"At most {MAX_SORT} columns to sort by.")
    return tuple((_column(s.removeprefix("-"), known, "sort"), s.startswith("-")) for s in names)


def _column(name: str, known: Collection[str], where: str) -> str:
    if name in known:
        return name
    error = {"pointer": where, "detail": f"There is no column {name!r}.", "suggestions": nearest(name, known)}
    raise UnknownColumn(f"There is no column {name!r} here.", errors=[error])
