"""Rules as people write them: one flat table each, in TOML or JSON.

>>> rule_of({"uri": "*_i2d.fits", "nth": [1], "fault": "reset", "at": 100}).what
Reset(at=100)
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import Field, asdict, fields
from itertools import count
from pathlib import Path
from typing import Any

from topmast_sandbox.faults.kinds import KINDS
from topmast_sandbox.faults.rule import Rule, When, Where

_CHOICES = {
    "counted": ("each", "all"),
    "how": ("longer", "shorter", "same"),
    "to": ("same", "other", "loop"),
    "framing": ("chunked", "close"),
    "method": ("GET", "HEAD", "POST"),
}
_NUMBERS = count(1)


def read_file(path: Path) -> tuple[dict[str, Any], list[Rule]]:
    """Return the settings and the rules of a file: ``{"settings": {…}, "rules": [{…}, …]}``.

    Parameters
    ----------
    path
        ``.json`` is read as JSON, every other as TOML (``[settings]``, ``[[rules]]``).

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        It is neither, or a rule in it cannot be; says which.
    """
    text = path.read_text(encoding="utf-8")
    found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    if not isinstance(found, dict) or not found.keys() <= {"settings", "rules"}:
        raise ValueError(f"{path.name} may hold settings and rules, and nothing else")
    return dict(found.get("settings", {})), rules_of(found.get("rules", []))


def rules_of(tables: Any) -> list[Rule]:
    """Return the rules of a list of tables.

    Raises
    ------
    ValueError
        One of them cannot be a rule; says which, counted from 1.
    """
    if not isinstance(tables, list):
        raise ValueError("rules must be a list")
    rules = []
    for number, table in enumerate(tables, start=1):
        try:
            rules.append(rule_of(table))
        except ValueError as error:
            raise ValueError(f"rule {number}: {error}") from error
    return rules


def rule_of(table: Any) -> Rule:
    """Return the rule that a flat table describes.

    Raises
    ------
    ValueError
        No such fault, a key that neither rules nor this fault have, or a value that cannot be.
    """
    if not isinstance(table, Mapping):
        raise ValueError("a rule must be an object")
    kind = KINDS.get(str(table.get("fault")))
    if kind is None:
        raise ValueError(f"no fault {table.get('fault')!r}; there are {', '.join(KINDS)}")
    if "uri" not in table and "service" not in table:
        raise ValueError('say where: uri, or service ("*" is every one)')
    parts = (Where, When, kind)
    known = {"id", "fault"} | {field.name for part in parts for field in fields(part)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"{kind.name} has no {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    where, when, what = (_given(part, table) for part in parts)
    name = str(table.get("id") or f"rule{next(_NUMBERS)}")
    return Rule(name, Where(**where), When(**when), kind(**what))


def document_of(rule: Rule) -> dict[str, Any]:
    """Return a rule as the table that would make it again, without what is as always."""
    told: dict[str, Any] = {"id": rule.id, "fault": rule.what.name}
    for part in (rule.where, rule.when, rule.what):
        always = {field.name: field.default for field in fields(part)}
        told |= {name: value for name, value in asdict(part).items() if value != always[name]}
    return told


def _given(part: type[Any], table: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: _value(field, table[field.name]) for field in fields(part) if field.name in table}


def _value(field: Field[Any], value: Any) -> Any:
    kind = str(field.type)
    if field.name in _CHOICES and value not in _CHOICES[field.name]:
        raise ValueError(f"{field.name} is one of {', '.join(_CHOICES[field.name])}, not {value!r}")
    if kind.startswith("tuple"):
        item = int if "int" in kind else str
        if isinstance(value, list) and all(type(one) is item for one in value):
            return tuple(value)
    elif kind.partition(" ")[0] == type(value).__name__ and isinstance(value, bool | str):
        return value
    elif kind == "float" and type(value) in (int, float):
        return float(value)
    elif kind == "int" and type(value) is int and (value >= 0 or field.name == "by"):
        return value
    raise ValueError(f"{field.name} cannot be {value!r}")
