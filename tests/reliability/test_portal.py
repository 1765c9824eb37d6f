"""Every fault of the Portal and of the name resolver: the right rows, a wait that says why, or an error that does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.reliability.conftest import FILES, HEALTHY, Installation
from tests.reliability.written import compare
from topmast_service import container
from topmast_service.archive import patience, portal
from topmast_service.archive.resolve import resolve
from topmast_service.domain import job
from topmast_service.domain.job import Job
from topmast_service.workflows.search import observations

MOMENTS = ("once", "for ever")
FAULTS: dict[str, dict[str, Any]] = {
    **{str(status): {"fault": "status", "status": status} for status in (400, 401, 403, 404, 429, 500, 502, 503, 504)},
    "connection reset before an answer": {"fault": "refused"},
    "no answer at all": {"fault": "hang", "seconds": 60},
    "a late answer": {"fault": "late", "seconds": 0.1},
    "an HTML page with status 200": {"fault": "html"},
    "nothing, with status 200": {"fault": "empty"},
    "reset in the body": {"fault": "reset", "at": 200},
    "body cut short": {"fault": "cut", "at": 200},
    "stall": {"fault": "stall", "at": 200, "seconds": 60},
    "slow drip": {"fault": "drip", "at": 200, "bytes_per_second": 100},
    "no Content-Length": {"fault": "no_length", "framing": "close"},
    "redirect to another host name": {"fault": "redirect", "to": "other"},
    "redirect in circles": {"fault": "redirect", "to": "loop"},
    "EXECUTING, three times": {"fault": "executing", "polls": 3},
    "EXECUTING, without end": {"fault": "executing"},
    "ERROR that passes (a deadlock)": {"fault": "error", "msg": "Deadlock."},
    "ERROR that does not (a wrong query)": {"fault": "error", "msg": "Incorrect syntax near '*'."},
    "no rows": {"fault": "no_rows"},
    "fewer rows than announced": {"fault": "capped", "rows": 1},
    "fewer rows, and announced so": {"fault": "capped", "rows": 1, "hidden": True},
    "no data": {"fault": "missing", "keys": ["data"]},
    "no fields": {"fault": "missing", "keys": ["fields"]},
    "no status": {"fault": "missing", "keys": ["status"]},
    "paging null": {"fault": "null", "keys": ["paging"]},
    "data null": {"fault": "null", "keys": ["data"]},
}
PORTAL_ONLY = list(FAULTS)[list(FAULTS).index("EXECUTING, three times") :]
QUESTIONS: dict[str, tuple[Callable[[Installation], Job], str]] = {
    "search": (lambda site: site.search(criteria={"proposal_id": "1558"}), "Mast.Caom.Filtered"),
    "product list": (
        lambda site: site.resolve(site.bundle({"observations": ["1", "2"]}).id),
        "Mast.Caom.Products",
    ),
    "name resolver": (lambda site: site.search(target="M 57"), "resolver"),
}


@pytest.fixture
def hasty(site: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """The same installation, with the Portal's patience and pauses in fractions of a second."""
    monkeypatch.setattr(patience, "SOCKET_TIMEOUT", 0.4)
    monkeypatch.setattr(patience, "POLL_PAUSE", 0.02)
    monkeypatch.setattr(portal, "EMPTY_PAUSES", (0.02, 0.05))
    monkeypatch.setattr(observations, "resolve", partial(resolve, timeout=0.4))
    site.sandbox.set(hold_seconds=0.02)
    return site


def test_every_fault_of_a_query(hasty: Installation) -> None:
    table = [[fault, *(_asked(hasty, fault, q, moment) for q in QUESTIONS for moment in MOMENTS)] for fault in FAULTS]
    columns = [f"{question}, {moment}" for question in QUESTIONS for moment in MOMENTS]
    compare("queries", ["fault", *columns], table)


def _asked(site: Installation, fault: str, question: str, moment: str) -> str:
    ask, service = QUESTIONS[question]
    if service == "resolver" and fault in PORTAL_ONLY:
        return "–"
    when = {"nth": [1], "counted": "all"} if moment == "once" else {}
    site.sandbox.post("faults", rules=[FAULTS[fault] | {"service": service} | when])
    new = ask(site)
    said = [_said(new)]
    if new.phase == job.SUSPENDED and moment == "once":
        said.append(_said(_again(site, new)))
    assert site.sandbox.get("faults")["rules"][0]["fired"], f"nothing happened: {fault}"
    return ", then ".join(dict.fromkeys(said))


def _again(site: Installation, waiting: Job) -> Job:
    """What upkeep and a worker do when the time has come."""
    site.api.stores.jobs.change(waiting.id, job.resume)
    if waiting.kind == "bundle":
        return site.resolve(waiting.id)
    container.for_query(site.settings).searches.run(waiting.id)
    return site.job(waiting.id)


def _said(now: Job) -> str:
    if now.phase == job.SUSPENDED:
        return f"waits ({now.phase_reason})"
    if now.phase == job.ERROR:
        return f"ends ({(now.error or {})['code']})"
    count = now.result["count"] if now.kind == "search" else now.result["counts"]["listed"]
    whole = 2 if now.kind == "search" else FILES + HEALTHY
    return "right rows" if count == whole else f"{count} of {whole} rows"
