"""A copy in the cache is too old, and MAST, asked whether it still is the one, misbehaves."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.reliability.conftest import Installation, name, uri
from tests.reliability.test_matrix import WRONG, outcome_of
from tests.reliability.written import compare

MOMENTS = ("once", "for ever")
AWAY = {"503", "connection reset before an answer", "no answer at all", "HEAD answered with 503"}
FAULTS: dict[str, dict[str, Any]] = {
    "401": {"fault": "status", "status": 401},
    "404": {"fault": "status", "status": 404},
    "500": {"fault": "status", "status": 500},
    "503": {"fault": "status", "status": 503},
    "connection reset before an answer": {"fault": "refused"},
    "no answer at all": {"fault": "hang", "seconds": 60},
    "HEAD answered with 405": {"fault": "status", "status": 405, "method": "HEAD"},
    "HEAD answered with 503": {"fault": "status", "status": 503, "method": "HEAD"},
    "an HTML page with status 200": {"fault": "html"},
    "nothing, with status 200": {"fault": "empty"},
    "no Content-Length": {"fault": "no_length"},
    "wrong Content-Length": {"fault": "wrong_length", "by": 2880},
    "redirect to another host name": {"fault": "redirect", "to": "other"},
    "file changed, longer": {"fault": "changed", "how": "longer"},
    "file changed, same length": {"fault": "changed", "how": "same"},
}


@pytest.mark.parametrize("validators", [True, False], ids=["validators", "none"])
def test_every_fault_of_a_question_about_an_old_copy(site: Installation, validators: bool) -> None:
    site.sandbox.set(validators=validators)
    cells = [(fault, moment) for fault in FAULTS for moment in MOMENTS]
    site.stage(range(len(cells)))
    site.settings = replace(site.settings, max_age=0.0)
    rules = [FAULTS[fault] | {"uri": uri(n)} | _when(moment) for n, (fault, moment) in enumerate(cells)]
    site.sandbox.post("faults", rules=rules)
    hopeless = [n for n, (fault, moment) in enumerate(cells) if fault in AWAY and moment == "for ever"]
    passing = site.stage(n for n in range(len(cells)) if n not in hopeless)
    lasting = site.stage(hopeless, patience=0.5)
    site.sandbox.post("faults", rules=[])
    rows = site.rows(passing) | site.rows(lasting)
    seen = {cell: _said(site, rows[name(n)], n) for n, cell in enumerate(cells)}
    assert WRONG not in seen.values(), seen
    section = "copies with validators" if validators else "copies without validators"
    compare(section, ["fault", *MOMENTS], [[fault, *(seen[fault, moment] for moment in MOMENTS)] for fault in FAULTS])


def _when(moment: str) -> dict[str, Any]:
    return {"nth": [1]} if moment == "once" else {}


def _said(site: Installation, row: dict[str, Any], number: int) -> str:
    """What became of the file, and whether the copy or a new file was taken."""
    outcome = outcome_of(site, row, number)
    if row["status"] != "OK":
        return outcome
    reason = re.sub(r"\d{4}-\d\d-\d\d.*", "…", str(row["reason"])).replace("ok", "fetched anew")
    return outcome if outcome == WRONG else f"right bytes ({reason})"
