"""The rows and columns of the matrix: which faults, at which moments of a file's way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CUT = 150_000  # of 230,400 bytes: more than the 64 KiB that a resume compares, so that there is something to resume
EARLY = 20_000
MOMENTS = ("first try", "mid-file", "a whole turn", "for ever")

Rule = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """One row. `rules` say what, the moment says when.

    Attributes
    ----------
    kind
        ``answer``: something else is answered. ``body``: the body goes wrong at an offset. ``range``: only requests
        with a Range are met. ``change``: the file is another one from then on. ``splice``: in the middle of a body.
    settles
        What one such answer makes of a file for good; empty where it is to be asked again.
    away
        It says that MAST as a whole is away: the job waits, and no file is given up for it before patience is.
    cost
        Requests that it may cost: a wrong length is found out by the resume, and only then is the file begun again.
    """

    name: str
    rules: tuple[Rule, ...]
    kind: str = "answer"
    settles: str = ""
    away: bool = False
    cost: int = 1


def _one(name: str, kind: str = "answer", settles: str = "", away: bool = False, cost: int = 1, **rule: Any) -> Fault:
    return Fault(name, (rule,), kind, settles, away, cost)


FAULTS = (
    _one("401", fault="status", status=401, settles="not_authorized"),
    _one("403", fault="status", status=403, settles="not_authorized"),
    _one("404", fault="status", status=404, settles="missing_on_server"),
    _one("429", fault="status", status=429, away=True),
    _one("429, Retry-After: 1", fault="status", status=429, retry_after=1, away=True),
    _one("500", fault="status", status=500),
    _one("502", fault="status", status=502, away=True),
    _one("503", fault="status", status=503, away=True),
    _one("503, Retry-After as a date", fault="status", status=503, retry_after=1, as_date=True, away=True),
    _one("504", fault="status", status=504, away=True),
    _one("connection reset before an answer", fault="refused", away=True),
    _one("no answer at all", fault="hang", seconds=60, away=True),
    _one("a late answer", fault="late", seconds=0.1),
    _one("an HTML page with status 200", fault="html"),
    _one("nothing, with status 200", fault="empty"),
    _one("redirect on the same host", fault="redirect", to="same"),
    _one("redirect to another host name", fault="redirect", to="other"),
    _one("redirect in circles", fault="redirect", to="loop"),
    _one("reset in the body", "body", fault="reset"),
    _one("body cut short", "body", fault="cut"),
    _one("stall", "body", fault="stall", seconds=60),
    _one("slow drip", "body", fault="drip", bytes_per_second=1000),
    _one("no Content-Length: chunks", fault="no_length"),
    _one("no Content-Length: until the connection ends", fault="no_length", framing="close"),
    Fault("chunks, cut short", ({"fault": "no_length"}, {"fault": "cut"}), "body"),
    Fault("until the connection ends, cut short",
          ({"fault": "no_length", "framing": "close"}, {"fault": "cut"}), "body"),
    _one("Content-Length too long", fault="wrong_length", by=1000, cost=2),
    _one("Content-Length too short", fault="wrong_length", by=-1000, cost=2),
    _one("Range ignored", "range", fault="range_ignored"),
    _one("Range answered with 503", "range", fault="status", status=503),
    _one("Range answered with 416", "range", fault="status", status=416),
    _one("another range than asked for", "range", fault="range_shifted"),
    _one("file changed, longer", "change", fault="changed", how="longer"),
    _one("file changed, shorter", "change", fault="changed", how="shorter"),
    _one("file changed, same length", "change", fault="changed", how="same"),
    Fault("file changed, same length, If-Range ignored",
          ({"fault": "changed", "how": "same"}, {"fault": "if_range_ignored"}), "change"),
    Fault("file changed, longer, If-Range ignored",
          ({"fault": "changed", "how": "longer"}, {"fault": "if_range_ignored"}), "change"),
    _one("file changed in mid-body, longer", "splice", fault="changed", how="longer"),
    _one("file changed in mid-body, shorter", "splice", fault="changed", how="shorter"),
    _one("file changed in mid-body, same length", "splice", fault="changed", how="same"),
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One fault at one moment, on one file of its own."""

    fault: Fault
    moment: str
    validators: bool
    rules: tuple[Rule, ...] = field(repr=False)


def cells(validators: bool) -> list[Cell]:
    """Every fault at every moment that it has."""
    found = []
    for fault in FAULTS:
        for moment in MOMENTS:
            rules = _rules(fault, moment, validators)
            if rules:
                found.append(Cell(fault, moment, validators, tuple(rules)))
    return found


def _rules(fault: Fault, moment: str, validators: bool) -> list[Rule]:
    """The rules of one cell, without the file's name; none where the moment does not exist."""
    # Without validators a resume is two requests: is the beginning the same, and the rest.
    resume = [2] if validators else [2, 3]
    when: Mapping[str, Rule] = {
        "first try": {"nth": [1]},
        "mid-file": {"nth": resume},
        "a whole turn": {"first": 4, "after": 1} if fault.kind in {"range", "change"} else {"first": 3},
        "for ever": {},
    }
    if fault.kind in {"body", "splice"}:
        return _bodies(fault, moment, dict(when) | {"mid-file": {"nth": [1]}})
    interrupted = moment == "mid-file" or fault.kind in {"range", "change"}
    if interrupted and moment == "first try" and fault.kind == "range":
        return []
    cut: list[Rule] = []
    if interrupted and moment != "first try":
        often = {"first": 4} if fault.kind == "change" and moment == "a whole turn" else {}
        often = often or ({} if fault.kind == "change" and moment == "for ever" else {"nth": [1]})
        cut = [{"fault": "cut", "at": CUT} | often]
    limits: Rule = {"ranged": True} if fault.kind == "range" else {}
    return [*cut, *(rule | when[moment] | limits for rule in fault.rules)]


def _bodies(fault: Fault, moment: str, when: Mapping[str, Rule]) -> list[Rule]:
    at = {"first try": 0, "mid-file": CUT, "a whole turn": EARLY, "for ever": EARLY}[moment]
    if fault.kind == "splice":
        slow = {"fault": "drip", "at": CUT, "bytes_per_second": 100_000}
        return [rule | when[moment] | {"at": at or EARLY} for rule in fault.rules] + [slow | when[moment]]
    return [rule | when[moment] | ({} if rule["fault"] == "no_length" else {"at": at}) for rule in fault.rules]
