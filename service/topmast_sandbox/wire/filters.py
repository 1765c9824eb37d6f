"""MAST's filters: AND between filters, OR within one, case never matters.

Source: MAST API documentation ("MashupRequest" and "CAOM filtered"), which gives exact values,
``{min,max}`` ranges, ``freeText`` with ``%`` and the ``;`` separator of multi-valued columns.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from topmast_sandbox.wire.columns import Column
from topmast_sandbox.wire.errors import QueryError

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
Match = Callable[[Any], bool]


def compile_filters(filters: object, columns: Sequence[Column]) -> Test:
    """Return a function that says whether a row passes every filter.

    Raises
    ------
    QueryError
        A filter that is no filter, a column that does not exist, a value of the wrong type.
    """
    if not isinstance(filters, list):
        raise QueryError("filters must be a list")
    by_name = {column.name.lower(): column for column in columns}
    tests = [_compile(one, by_name) for one in filters]
    return lambda row: all(test(row) for test in tests)


def _compile(one: object, by_name: Mapping[str, Column]) -> Test:
    if not isinstance(one, dict) or "paramName" not in one:
        raise QueryError("a filter needs a paramName")
    column = by_name.get(str(one["paramName"]).lower())
    if column is None:
        raise QueryError(f"Invalid column name '{one['paramName']}'.")
    values = one.get("values") or []
    matches = _matches(values if isinstance(values, list) else [values], column)
    if one.get("freeText"):
        matches.append(_like(str(one["freeText"])))
    if not matches:
        raise QueryError("Incorrect syntax near ')'.")  # an empty IN (): the sandbox's guess
    separator = str(one.get("separator") or "")
    return _test(column.name, matches, separator)


def _test(name: str, matches: list[Match], separator: str) -> Test:
    def test(row: Row) -> bool:
        cell = row.get(name)
        if cell is None:
            return False
        return any(match(part) for part in _parts(cell, separator) for match in matches)

    return test


def _parts(cell: Any, separator: str) -> list[Any]:
    """Split a multi-valued cell. The client sends the separator; without it the cell is one value
    (sandbox's guess: nobody documents what the server does alone)."""
    if separator and isinstance(cell, str) and separator in cell:
        return [cell, *(part.strip() for part in cell.split(separator))]
    return [cell]


def _matches(values: list[object], column: Column) -> list[Match]:
    """Match any of the values; texts are looked up together, for a list of pasted names has hundreds."""
    if column.numeric or column.type == "boolean":
        return [_value(value, column) for value in values]
    texts = frozenset(str(value).casefold() for value in values if not isinstance(value, dict))
    ranges = [_range(value, column) for value in values if isinstance(value, dict)]
    return [*ranges, lambda cell: str(cell).casefold() in texts] if texts else ranges


def _value(value: object, column: Column) -> Match:
    if isinstance(value, dict):
        return _range(value, column)
    if column.numeric:
        wanted = _number(value)
        return lambda cell: float(cell) == wanted
    truth = str(value).lower() in {"true", "t", "1"}
    return lambda cell: bool(cell) is truth


def _range(value: Mapping[str, object], column: Column) -> Match:
    low, high = value.get("min"), value.get("max")
    if not column.numeric:
        first, last = str(low or "").casefold(), str(high or "\U0010ffff").casefold()
        return lambda cell: first <= str(cell).casefold() <= last
    least = float("-inf") if low is None else _number(low)
    most = float("inf") if high is None else _number(high)
    return lambda cell: least <= float(cell) <= most


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise QueryError("Error converting data type varchar to float.") from None


def _like(pattern: str) -> Match:
    """Match as SQL's LIKE with ``%`` only: ``_`` is in every JWST name and stays literal (a guess)."""
    parts = (re.escape(part) for part in pattern.split("%"))
    fits = re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)
    return lambda cell: fits.fullmatch(str(cell)) is not None
