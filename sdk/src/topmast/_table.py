"""Rows as an astropy Table; astropy is imported only here, and only when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._errors import ConfigError

if TYPE_CHECKING:
    from astropy.table import Table

    from ._search import Search
    from ._where import Names

DTYPES: dict[str, Any] = {"float": float, "int": int, "integer": int, "boolean": bool}


def table(search: Search, rows: Iterable[Mapping[str, Any]], columns: Names) -> Table:
    """A Table with the columns in the service's order, missing values masked."""
    try:
        from astropy.table import Table
    except ImportError as error:
        raise ConfigError("to_table() needs astropy", hint="pip install 'topmast[table]'") from error
    listed = list(rows)
    meta = {"search": search.id, "as_of": search.as_of, "notes": list(search.notes)}
    result = Table(meta=meta)
    for name in _names(search, listed, columns):
        result[name] = _column(search, name, [row.get(name) for row in listed])
    return result


def _names(search: Search, rows: list[Mapping[str, Any]], columns: Names) -> list[str]:
    """Asked-for order first; else the service's, then whatever else the rows carry."""
    if columns is not None:
        return columns.split(",") if isinstance(columns, str) else list(columns)
    seen = dict.fromkeys(column.name for column in search.columns)
    for row in rows:
        seen.update(dict.fromkeys(row))
    return [name for name in seen if name != "_row"]


def _column(search: Search, name: str, values: list[Any]) -> Any:
    from astropy.table import MaskedColumn
    from astropy.units import Unit

    known = next((column for column in search.columns if column.name == name), None)
    dtype = DTYPES.get(known.type) if known is not None else None
    missing = [value is None for value in values]
    fill = _fill(dtype, values)
    return MaskedColumn(
        [fill if value is None else value for value in values],
        name=name,
        mask=missing,
        dtype=dtype if _fits(dtype, values) else (str if not values else None),
        # MAST writes units that astropy does not know; they are kept as they are.
        unit=Unit(known.unit, parse_strict="silent") if known is not None and known.unit else None,
        description=known.description if known is not None else None,
    )


def _fill(dtype: Any, values: list[Any]) -> Any:
    if dtype is not None:
        return dtype()
    sample = next((value for value in values if value is not None), "")
    return type(sample)()


def _fits(dtype: Any, values: list[Any]) -> bool:
    """Whether the values are what the column says; an int column with text in it stays text."""
    if dtype is None:
        return False
    allowed = (int, float) if dtype is float else (dtype,)
    return all(value is None or isinstance(value, allowed) for value in values)
