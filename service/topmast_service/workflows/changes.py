"""What a search found new, changed or gone since an earlier one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from topmast_service.domain import forms
from topmast_service.domain.job import Job
from topmast_service.errors import NotComparable
from topmast_service.store import changes
from topmast_service.store.tables import Table
from topmast_service.workflows.control import changes_table, rows_table

_OTHER_QUESTION = "The two searches asked different questions: rows may be new or gone for that."
_NO_GONE = "{} was truncated: rows that it lacks may be among those it did not get, and none is called gone."
_PERHAPS_NEW = "{} was truncated: rows called new may be among those it did not get."
_UNMATCHED = "Columns of one search only, or of another type now, are not compared: {}."
_KEYS = {**{name: form.key for name, form in forms.FORMS.items()}, "products": "dataURI"}
_EXPANDED = {"observations": "obsid", "exposures": "exposure"}
"""What names a row, by collection or by what its rows were turned into."""

_NO_WEIGHT = frozenset({"label", "max_age"})
"""Members of a request that do not change the question."""


def between(folder: Path, new: Job, old: Job) -> tuple[Path, list[str]]:
    """The table of changes, written if it is not there yet, and what to know about it.

    Both searches are COMPLETED, and of one owner.

    Raises
    ------
    NotComparable
        Of different collections, of one whose rows have no name, or one and the same.
    Expired
        The rows of one of them are gone.
    """
    key = _key(new, old)
    mine, theirs = (Table(rows_table(folder, search.id)) for search in (new, old))
    if key not in mine.columns or key not in theirs.columns:
        raise NotComparable(f"The rows of {new.id} and {old.id} have no {key} in common.")
    path = changes_table(folder, new.id, old.id)
    gone = not (new.result.get("truncated") or old.result.get("truncated"))
    if not path.exists():
        changes.write(path, mine, theirs, key, gone=gone)
    return path, _notes(new, old, mine, theirs)


def _key(new: Job, old: Job) -> str:
    (mine, rows), (theirs, others) = _kind(new), _kind(old)
    if new.id == old.id:
        raise NotComparable("A search has not changed since itself.")
    if (mine, rows) != (theirs, others):
        raise NotComparable(f"{new.id} found {rows or mine}, {old.id} found {others or theirs}.")
    key = _EXPANDED[rows] if rows else _KEYS.get(mine, "")
    if not key:
        raise NotComparable(f"Nothing names a row of {rows or mine}, so rows cannot be told apart.")
    return key


def _kind(search: Job) -> tuple[str, str | None]:
    return search.request.get("collection") or "observations", search.request.get("expand")


def _notes(new: Job, old: Job, mine: Table, theirs: Table) -> list[str]:
    notes = [_NO_GONE.format(search.id) for search in (new, old) if search.result.get("truncated")][:1]
    if old.result.get("truncated"):
        notes.append(_PERHAPS_NEW.format(old.id))
    if _question(new) != _question(old):
        notes.append(_OTHER_QUESTION)
    both = set(changes.compared(mine, theirs)) | changes.NOT_COMPARED
    if alone := sorted((mine.columns.keys() | theirs.columns.keys()) - both):
        notes.append(_UNMATCHED.format(", ".join(alone[:20])))
    return notes


def _question(search: Job) -> dict[str, Any]:
    return {name: value for name, value in search.request.items() if name not in _NO_WEIGHT and value is not None}
