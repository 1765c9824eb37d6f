"""Every fault, at every moment, with validators and without: the right bytes or the right reason; others untouched."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from tests.reliability.conftest import FILES, HEALTHY, Installation, name, uri
from tests.reliability.faults import FAULTS, MOMENTS, Cell, cells
from tests.reliability.written import compare

RIGHT, WRONG = "right bytes", "WRONG BYTES"
Counts = dict[str, Any]


@pytest.mark.parametrize("validators", [True, False], ids=["validators", "none"])
def test_every_fault_of_a_file_at_every_moment(site: Installation, validators: bool) -> None:
    todo = dict(enumerate(cells(validators)))
    rows, asked = _staged(site, todo, validators)
    for number in range(FILES, FILES + HEALTHY):
        _untouched(site, rows[name(number)], number, asked[uri(number)])
    outcomes = {}
    for number, cell in todo.items():
        outcomes[cell.fault.name, cell.moment] = outcome = outcome_of(site, rows[name(number)], number)
        _judged(cell, outcome)
        _bounded(cell, asked[uri(number)])
    table = [[fault.name, *(outcomes.get((fault.name, m), "–") for m in MOMENTS)] for fault in FAULTS]
    compare("files with validators" if validators else "files without validators", ["fault", *MOMENTS], table)


def _staged(
    site: Installation, todo: dict[int, Cell], validators: bool
) -> tuple[dict[str, dict[str, Any]], dict[str, Counts]]:
    """Two bundles: one of files whose trouble passes or is theirs alone, one of files for which MAST never comes back.

    Returns the manifest rows by file name, and by dataURI what the sandbox was asked for.
    """
    assert len(todo) <= FILES
    hopeless = [n for n, cell in todo.items() if cell.fault.away and cell.moment == "for ever"]
    healthy = range(FILES, FILES + HEALTHY)
    site.sandbox.set(validators=validators)
    site.sandbox.post("faults", rules=[rule | {"uri": uri(n)} for n, cell in todo.items() for rule in cell.rules])
    passing = site.stage([*(n for n in todo if n not in hopeless), *healthy[1:]])
    lasting = site.stage([*hopeless, *healthy[:1]], patience=0.5)
    asked = site.sandbox.requests()["files"]
    site.sandbox.post("faults", rules=[])
    return site.rows(passing) | site.rows(lasting), asked


def _untouched(site: Installation, row: dict[str, Any], number: int, asked: Counts) -> None:
    truth = site.truth(number)
    assert (row["status"], row["sha256"]) == ("OK", hashlib.sha256(truth).hexdigest())
    assert (asked["requests"], asked["bytes"]) == (1, len(truth))


def outcome_of(site: Installation, row: dict[str, Any], number: int) -> str:
    """Whether the manifest row of a file holds the right bytes, or the reason why it holds none."""
    if row["status"] == "OK":
        return RIGHT if row["sha256"] == hashlib.sha256(site.truth(number)).hexdigest() else WRONG
    # How long MAST may be away is the test's own choice.
    return re.sub(r"longer than [\d:.]+\.", "longer than it may.", str(row["reason"]).replace(uri(number), "the file"))


def _judged(cell: Cell, outcome: str) -> None:
    """Never a wrong byte; a trouble that passes does no harm; an answer that settles a file does so."""
    assert outcome != WRONG, cell
    if cell.fault.settles:
        assert outcome.startswith(cell.fault.settles), cell
    elif cell.moment != "for ever":
        assert outcome == RIGHT, cell


def _bounded(cell: Cell, asked: Counts) -> None:
    """Each fault costs its requests, most of them one; without validators a resume first looks whether it may."""
    injected = sum(asked["injected"].values())
    assert injected, f"nothing happened: {cell}"
    assert asked["requests"] <= 1 + injected * (cell.fault.cost if cell.validators else 2), cell
