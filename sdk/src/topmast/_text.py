"""What the command line shows to people: plain text, cleaned of what a terminal would obey."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ._held import NEEDS_TOKEN
from ._html import size
from ._job import Job
from ._plan import Plan
from ._reading import entries, members, whole

SHOWN = ("obs_id", "target_name", "instrument_name", "filters", "calib_level", "t_exptime", "proposal_id", "access")
WIDEST = 48


def clean(value: Any) -> str:
    """One line without control or format characters: a target's name may come from anywhere."""
    text = "" if value is None else str(value)
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") else char for char in text)


def columns(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table with aligned columns; long cells are cut."""
    cells = [[_cut(clean(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def rows_table(rows: Sequence[dict[str, Any]], chosen: Sequence[str] | None) -> str:
    """Rows of a search, in the columns asked for or a handful that tell most."""
    names = list(chosen) if chosen else [name for name in SHOWN if any(name in row for row in rows)]
    return columns(names or ["_row"], [[row.get(name) for name in names or ["_row"]] for row in rows])


def jobs_table(jobs: Sequence[Job]) -> str:
    """One line per job."""
    listed = [
        (job.id, job.kind, job.phase, job.outcome, job.created and f"{job.created:%Y-%m-%d %H:%M}", job.label)
        for job in jobs
    ]
    return columns(("id", "kind", "phase", "outcome", "created", "label"), listed)


def job_line(job: Job) -> str:
    """Where a job is, in one line."""
    parts = [job.id, job.phase, job.outcome, job.phase_reason]
    done = job.progress
    if done.files_total:
        parts.append(f"{done.files_done or 0}/{done.files_total} files")
    if done.bytes_total:
        parts.append(f"{size(done.bytes_done or 0)} of {size(done.bytes_total)}")
    if job.error is not None:
        parts.append(f"{job.error.code}: {job.error.detail}")
    if job.phase == "HELD" and job.phase_reason == NEEDS_TOKEN:
        parts.append("(topmast token set)")
    return clean("  ".join(part for part in parts if part))


def plan_lines(plan: Plan) -> list[str]:
    """What a bundle would hold, cost and lack: a line for each thing to know."""
    counts, cost = plan.counts, plan.cost
    out = members(counts.get("excluded"))
    return [
        _sums({name: counts[name] for name in ("listed", "duplicates", "unique", "selected") if name in counts}),
        *([f"left out: {_sums(out)}"] if out else []),
        f"to fetch: {_held(cost.get('to_fetch'))}",
        f"here already: {_held(cost.get('cached'))}",
        *[f"exclusive until {clean(part.get('release') or 'further notice')}: {_held(part)}" for part in _parts(cost)],
        *(
            [f"takes {took.get('earliest')} to {took.get('latest')} s"]
            if (took := members(cost.get("seconds")))
            else []
        ),
        *(["the disk has no room for it"] if members(cost.get("disk")).get("fits") is False else []),
        *[f"missing {clean(gap['kind'])}: {clean(gap['what'])}" for gap in _gaps(plan)],
        *[f"note: {clean(note)}" for note in plan.notes],
    ]


def _parts(cost: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [members(part) for part in entries(cost.get("exclusive"))]


def _held(part: Any) -> str:
    return f"{members(part).get('files', 0)} files, {size(whole(members(part).get('bytes')))}"


def _gaps(plan: Plan) -> list[Mapping[str, Any]]:
    found = [members(gap) for gap in entries(plan.completeness.get("missing"))]
    return [gap for gap in found if "kind" in gap and "what" in gap]


def _sums(counted: Mapping[str, Any]) -> str:
    return ", ".join(f"{value} {name}" for name, value in counted.items())


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
