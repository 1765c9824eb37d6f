"""The mission search's conditions, whose operators live in the value.

Source: MAST Search API documentation: ``!x``, ``<``, ``<=``, ``>``, ``>=``, ``a..b``, ``*`` and lists
with commas; conditions are joined by AND, a list's parts by OR. Letter case does not matter.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from topmast_sandbox.wire.errors import QueryError

Row = Mapping[str, Any]
Match = Callable[[Any], bool]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<=": lambda cell, bound: bool(cell <= bound),
    ">=": lambda cell, bound: bool(cell >= bound),
    "<": lambda cell, bound: bool(cell < bound),
    ">": lambda cell, bound: bool(cell > bound),
}
_OPERATOR = re.compile(r"<=|>=|<|>")


def compile_conditions(conditions: object, types: Mapping[str, str]) -> Callable[[Row], bool]:
    """Return a function that says whether a row fulfils every condition.

    Parameters
    ----------
    conditions : list of dict
        One-key objects, column to value.
    types : mapping
        Declared type of each column: INTEGER, FLOAT, VARCHAR or DATETIME.

    Raises
    ------
    QueryError
        An unknown column, a value that is no number where one is needed, or no list at all.
    """
    if not isinstance(conditions, list) or not all(isinstance(one, dict) for one in conditions):
        raise QueryError("conditions must be a list of objects")
    tests = [_test(name, value, types) for one in conditions for name, value in one.items()]
    return lambda row: all(test(row) for test in tests)


def _test(name: str, value: Any, types: Mapping[str, str]) -> Callable[[Row], bool]:
    if name not in types:
        raise QueryError(f"unknown column {name!r}")
    numeric = types[name] in {"INTEGER", "FLOAT"}
    matches = [_match(part.strip(), numeric) for part in _parts(value, numeric)]
    several = name == "productLevel"  # its cell lists levels, as in "2a, 2b" (how they match is a guess)

    def test(row: Row) -> bool:
        cell = row.get(name)
        if cell is None:
            return False
        cells = [part.strip() for part in cell.split(",")] if several else [cell]
        return any(match(one) for match in matches for one in cells)

    return test


def _parts(value: Any, numeric: bool) -> Sequence[str]:
    """Split a list value. A name such as ``Garcia, Lionel`` holds a comma with a blank, a list none."""
    text = str(value)
    return text.split(",") if numeric else re.split(r",(?! )", text)


def _match(text: str, numeric: bool) -> Match:
    if text.startswith("!"):
        inner = _match(text[1:], numeric)
        return lambda cell: not inner(cell)
    operator = _OPERATOR.match(text)
    if operator:
        compare, bound = _COMPARE[operator[0]], _read(text[operator.end() :].strip(), numeric)
        return lambda cell: compare(_read(cell, numeric), bound)
    if ".." in text:
        low, high = (_read(part.strip(), numeric) for part in text.split("..", 1))
        return lambda cell: bool(low <= _read(cell, numeric) <= high)
    if "*" in text and not numeric:
        fits = re.compile(".*".join(map(re.escape, text.split("*"))), re.IGNORECASE)
        return lambda cell: fits.fullmatch(str(cell)) is not None
    wanted = _read(text, numeric)
    return lambda cell: bool(_read(cell, numeric) == wanted)


def _read(value: Any, numeric: bool) -> Any:
    if not numeric:
        return str(value).casefold()
    try:
        return float(value)
    except ValueError:
        raise QueryError(f"{value!r} is not a number") from None
