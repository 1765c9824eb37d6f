"""Other ways to write what a user asked: what a search that found nothing was likely meant to be.

Each variant is the whole set of criteria as it would be sent, with the words that say what is different.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from topmast_service.domain.forms import Form

Criteria = Mapping[str, Any]

_NAMES = ("target_name", "targname", "targprop")
_FILTERS = ("filters", "filter", "pupil")
_EXECUTED = ("t_min", "t_max", "t_exptime", "em_min", "em_max", "t_obs_release", "provenance_name", "dataproduct_type",
             "filters", "jpegURL", "dataURL", "s_region", "calib_level", "obs_id")  # fmt: skip
"""What rows of planned observations lack, or have otherwise (provenance APT, names of their own)."""

_LEVELS = ("calib_level", "productLevel")
_HIGHEST = "of another level (keyword searches match only files of the highest level made)"


def of(criteria: Criteria, form: Form) -> Iterator[tuple[str, Criteria]]:
    """What to try instead, the likeliest first: each time what is different, and all criteria."""
    yield from _names(criteria)
    yield from _instruments(criteria)
    yield from _optics(criteria, form)
    yield from _levels(criteria)
    yield from _rights(criteria)
    if "obs_collection" in criteria and "obs_collection" not in form.choices:
        yield "of other missions", _without(criteria, "obs_collection")


def _names(criteria: Criteria) -> Iterator[tuple[str, Criteria]]:
    """``NGC 6720``, ``NGC-6720`` and ``NGC6720`` are one target, and proposers append words to it."""
    for column in _NAMES:
        name = _one_text(criteria.get(column))
        if name is not None and (spelt := _loosely(name)) != name:
            yield f"whose {column} is spelt otherwise", {**criteria, column: spelt}


def _loosely(name: str) -> str:
    parts = re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", name)
    return "*".join(parts) + "*" if parts else name


def _instruments(criteria: Criteria) -> Iterator[tuple[str, Criteria]]:
    """Rows say NIRCAM/IMAGE, those before March 2023 just NIRCAM; modes have MAST's names, not those of proposals."""
    name = _one_text(criteria.get("instrument_name"))
    if name is not None:
        instrument = re.split(r"[/\s*-]", name)[0]
        if instrument:
            yield "of other modes of the instrument", {**criteria, "instrument_name": f"{instrument}*"}


def _optics(criteria: Criteria, form: Form) -> Iterator[tuple[str, Criteria]]:
    """``F162M;F150W2`` stands as ``F150W2;F162M``; a keyword search has the two wheels apart."""
    for column in _FILTERS:
        name = _one_text(criteria.get(column))
        if name is None:
            continue
        parts = [p for p in re.split(r"[;,+/\s*-]+", name) if p]
        if len(parts) > 1:
            yield "with the optical elements in another order", {**criteria, column: "*".join(["", *parts[::-1], ""])}
            yield "with the optical elements joined otherwise", {**criteria, column: "*".join(["", *parts, ""])}
        elif parts and column == "filters":
            yield "with a filter that begins so", {**criteria, column: f"{parts[0]}*"}
        other = {"filter": "pupil", "pupil": "filter"}.get(column)
        if other in form.columns and other not in criteria and len(parts) == 1:
            yield f"with it in the {other} wheel", {**_without(criteria, column), str(other): parts[0]}


def _levels(criteria: Criteria) -> Iterator[tuple[str, Criteria]]:
    of_files = {"productLevel", "filename"} & set(criteria)
    rest = _without(criteria, *_EXECUTED)
    if rest and rest != criteria and not of_files and str(criteria.get("calib_level")) != "-1":
        yield "of planned observations, not executed yet", {**rest, "calib_level": -1}
    for column in _LEVELS:
        if column in criteria:
            says = _HIGHEST if column == "productLevel" else "of other calibration levels"
            yield says, _without(criteria, column)


def _rights(criteria: Criteria) -> Iterator[tuple[str, Criteria]]:
    """Files in their exclusive access period are listed, and given to their program only."""
    if {"dataRights", "t_obs_release"} & set(criteria):
        exclusive = {**_without(criteria, "t_obs_release"), "dataRights": "EXCLUSIVE_ACCESS"}
        yield "in their exclusive access period", exclusive


def _without(criteria: Criteria, *columns: str) -> dict[str, Any]:
    return {name: value for name, value in criteria.items() if name not in columns}


def _one_text(value: Any) -> str | None:
    """The text of a criterion with one value; None where there are several, or a condition."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value.strip() if isinstance(value, str) else None
