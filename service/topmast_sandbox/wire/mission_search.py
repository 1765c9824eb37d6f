"""One search of the mission search API: conditions, circle, order, slice, columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from topmast_sandbox.wire.conditions import compile_conditions
from topmast_sandbox.wire.errors import QueryError
from topmast_sandbox.wire.holdings import Holdings
from topmast_sandbox.wire.mission_columns import MissionColumn
from topmast_sandbox.wire.positions import separation

Row = Mapping[str, Any]
_TO_ARCMIN = {"arcseconds": 1 / 60, "arcminutes": 1.0, "degrees": 60.0}
_LARGEST_RADIUS = 30.0  # arcmin
_POSITIONAL = (
    MissionColumn("search_key", "VARCHAR", "Position and name"),
    MissionColumn("search_pos", "VARCHAR", "Position asked for"),
    MissionColumn("ang_sep", "FLOAT", "Distance, arcmin"),
)
_DEFAULTS: dict[str, Any] = {
    "target": [],
    "radius": 3,
    "radius_units": "arcminutes",
    "offset": 0,
    "limit": 5000,
    "sort_by": [],
    "sort_desc": [],
    "skip_count": False,
    "count_only": False,  # the astroquery after 0.4.11 fails without it
    "select_cols": None,
    "search_key": [],
    "user_fields": [],
    "conditions": [],
}


def search(mission: Holdings, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to one search.

    Raises
    ------
    QueryError
        A condition, position, limit or order that cannot be read.
    """
    params = _DEFAULTS | {name: asked[name] for name in _DEFAULTS if asked.get(name) is not None}
    types = {column.name: column.type for column in mission.columns}
    passes = compile_conditions(params["conditions"], types)
    rows: Sequence[Row] = [row for row in _near(mission, params) if passes(row)]
    rows = _sorted(rows, params, {*types, "ang_sep"})
    columns = _columns(mission, params)
    start, stop = _slice(params)
    return {
        "messages": [],
        "info": [column.info() for column in columns],
        "search_params": params,
        "totalResults": None if params["skip_count"] else len(rows),  # what skipping leaves is a guess
        "results": [{column.name: row.get(column.name) for column in columns} for row in rows[start:stop]],
    }


def _near(mission: Holdings, params: Mapping[str, Any]) -> Sequence[Row]:
    """Return the rows around any target, with the positional columns; all rows without a target."""
    if not params["target"]:
        return mission.rows(_program(params["conditions"]))
    radius = _number(params["radius"]) * _TO_ARCMIN.get(str(params["radius_units"]), 1.0)
    if radius > _LARGEST_RADIUS:
        raise QueryError(f"radius is larger than {_LARGEST_RADIUS} arcminutes")
    return [row for target in params["target"] for row in _around(mission, str(target), radius)]


def _around(mission: Holdings, target: str, radius: float) -> Sequence[Row]:
    parts = target.split()
    if len(parts) != 2:
        raise QueryError(f"target {target!r} is not 'ra dec'")
    ra, dec = (_number(part) for part in parts)
    found = []
    for row in mission.rows(None):
        if row[mission.ra] is None or row[mission.dec] is None:
            continue
        apart = separation(ra, dec, row[mission.ra], row[mission.dec]) * 60
        if apart <= radius:
            told = {"search_key": f"{target}{row[mission.name]}", "search_pos": target, "ang_sep": apart}
            found.append({**row, **told})
    return found


def _program(conditions: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the only program that can fulfil the conditions, if one of them says it; to look at fewer files."""
    asked = [str(value).strip() for one in conditions for name, value in one.items() if name == "program"]
    return int(asked[0]) if len(asked) == 1 and asked[0].isdecimal() else None


def _sorted(rows: Sequence[Row], params: Mapping[str, Any], known: set[str]) -> Sequence[Row]:
    """Order by every key, the last first: Python's sort keeps the order of equals. Nulls come last."""
    keys = list(params["sort_by"]) or (["ang_sep"] if params["target"] else [])
    downward = [*params["sort_desc"], *[False] * len(keys)]
    for key, desc in reversed(list(zip(keys, downward, strict=False))):
        if key not in known:
            raise QueryError(f"unknown column {key!r} in sort_by")
        filled = [row for row in rows if row.get(key) is not None]
        empty = [row for row in rows if row.get(key) is None]
        rows = sorted(filled, key=lambda row: row[key], reverse=bool(desc)) + empty
    return rows


def _columns(mission: Holdings, params: Mapping[str, Any]) -> Sequence[MissionColumn]:
    """Return the selected columns; unknown names are left out, and the position's always come along."""
    wanted = params["select_cols"]
    kept = [c for c in mission.columns if (c.name in wanted if wanted else c.default)]
    kept = kept or [c for c in mission.columns if c.name == mission.name]  # info is never empty
    return [*kept, *_POSITIONAL] if params["target"] else kept


def _slice(params: Mapping[str, Any]) -> tuple[int, int]:
    offset, limit = int(_number(params["offset"])), int(_number(params["limit"]))
    return offset, offset + (0 if params["count_only"] else limit)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise QueryError(f"{value!r} is not a number") from None
