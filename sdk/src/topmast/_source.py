"""What a bundle is made from: anything that names observations or files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from . import _lists
from ._errors import UsageError
from ._job import Job

HOW = (
    "Give a search, a basket, a list of obs_ids, rows of a search, dataURIs (mast:JWST/product/…), or the path of a "
    "script, manifest or list."
)
URI = re.compile(r"[a-z][a-z0-9]*:", re.IGNORECASE)
FILE = re.compile(r"\.(?:fits|json|csv|ecsv|jpg|png)", re.IGNORECASE)
"""Ends of files' names; observations have none."""

JOB_ID = re.compile(r"([sp])_[A-Za-z0-9_-]+")
MAY_BE = {"s": "search", "p": "plan", "search": "search", "plan": "plan"}
BASKET_ID = re.compile(r"k_[0-9a-f]{16}")


def source(origin: Any) -> dict[str, Any]:
    """The `from` of POST /v1/bundles: text of several lines, and the file of a path, are lists that the service reads.

    Raises
    ------
    UsageError
        It names nothing, or mixes observations and files; a file cannot be read, or a list is too long.
    """
    named = origin if isinstance(origin, str) else getattr(origin, "id", "")
    if isinstance(named, str) and BASKET_ID.fullmatch(named):
        return {"basket": named}
    if isinstance(origin, Job):
        if origin.kind not in MAY_BE:
            raise UsageError(f"{origin.id} is neither a search nor a plan", hint=HOW)
        return {origin.kind: origin.id}
    if isinstance(origin, str) and (found := JOB_ID.fullmatch(origin)):
        return {MAY_BE[found[1]]: origin}
    if isinstance(origin, os.PathLike):
        return {"list": _lists.of_file(origin)}
    if isinstance(origin, str) and "\n" in origin.strip():
        return {"list": _lists.pasted(origin)}
    return _listed([_name(entry) for entry in _entries(origin)])


def _entries(origin: Any) -> Iterable[Any]:
    if isinstance(origin, (str, int, Mapping)):
        return [origin]
    if hasattr(origin, "to_dict") and hasattr(origin, "columns"):  # a pandas DataFrame
        rows: list[Any] = origin.to_dict("records")
        return rows
    try:
        return list(origin)
    except TypeError:
        raise UsageError(f"a bundle cannot be made from {type(origin).__name__}", hint=HOW) from None


def _name(entry: Any) -> str:
    """The dataURI or the observation that one entry stands for."""
    if isinstance(entry, Mapping) or hasattr(entry, "colnames"):
        entry = _of_row(entry)
    # astropy and numpy hand out their own text and integers
    text = str(entry).strip() if isinstance(entry, (str, int)) or hasattr(entry, "item") else ""
    if not text:
        raise UsageError(f"{entry!r} names neither an observation nor a file", hint=HOW)
    return text


def _of_row(row: Any) -> Any:
    names = list(row.colnames) if hasattr(row, "colnames") else list(row)
    # obsid before obs_id: MAST leaves some obs_ids blank, and uses some twice
    for name in ("dataURI", "obsid", "obs_id"):
        if name in names and str(row[name] if row[name] is not None else "").strip() not in ("", "--"):
            return row[name]
    raise UsageError("a row has neither dataURI nor obsid nor obs_id", hint=HOW)


def _listed(names: list[str]) -> dict[str, Any]:
    if not names:
        raise UsageError("the selection is empty", hint=HOW)
    unique = list(dict.fromkeys(names))
    uris = [name for name in unique if URI.match(name)]
    files = [name for name in unique if not URI.match(name) and FILE.fullmatch(name[name.rfind(".") :])]
    if (uris or files) and len(uris) + len(files) != len(unique):
        raise UsageError("observations and files cannot be mixed", hint="Make two bundles.")
    if files:  # the service knows their dataURIs
        return {"list": _lists.pasted("\n".join(unique))}
    return {"uris": uris} if uris else {"observations": unique}
