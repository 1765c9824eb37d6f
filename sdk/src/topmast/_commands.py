"""What each command does; each gives what to print, as a document and as text, and an exit code."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import _account_commands as account
from ._bundle import Bundle
from ._choosing import chosen, origin
from ._client import SEARCH_TIMEOUT, Client
from ._clock import Deadline
from ._errors import UsageError
from ._html import size
from ._job import Job
from ._manifest import ManifestRow
from ._output import OK, PARTIAL, Output
from ._report import DownloadReport
from ._text import clean, job_line, jobs_table, plan_lines, rows_table


def run(arguments: argparse.Namespace, client: Client) -> Output:
    """Do what `arguments` say."""
    deadline = client._session.clock.deadline(getattr(arguments, "timeout", None))
    return COMMANDS[arguments.command](arguments, client, deadline)


def _search(arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    found = client.search(
        arguments.target,
        mission=arguments.mission,
        criteria=_criteria(arguments.criteria),
        label=arguments.label,
        timeout=getattr(arguments, "timeout", SEARCH_TIMEOUT),
        progress=None,
    )
    all_rows = found.rows(where=arguments.where, sort=arguments.sort, columns=arguments.columns)
    rows = list(all_rows if arguments.all else itertools.islice(all_rows, arguments.limit))
    chosen = arguments.columns.split(",") if arguments.columns else None
    lines = [f"{found.id}: {found.count} rows" + (" (truncated by MAST)" if found.truncated else "")]
    lines += [f"note: {clean(note)}" for note in found.notes]
    lines += [rows_table(rows, chosen)] if rows else []
    return Output({"search": dict(found.raw), "rows": rows}, "\n".join(lines))


def _criteria(given: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UsageError(f"{twice} is given twice", hint=f"For any of several values: -c {twice}=a,b.")
    return dict(given)


def _bundle(arguments: argparse.Namespace, client: Client, deadline: Deadline) -> Output:
    job = client.bundle(
        origin(arguments),
        notify=_told_to(arguments),
        retention_days=arguments.retention_days,
        label=arguments.label,
        release=arguments.release,
        **chosen(arguments),
    )
    if arguments.download:
        return _fetched(job, arguments.download, arguments.workers, deadline)
    return _state(job.wait(timeout=_left(deadline)) if arguments.wait else job)


def _plan(arguments: argparse.Namespace, client: Client, deadline: Deadline) -> Output:
    submitted = client.bundles.plan(origin(arguments), label=arguments.label, **chosen(arguments))
    plan = submitted.wait(timeout=_left(deadline))
    return Output(dict(plan.raw), "\n".join([job_line(plan), *plan_lines(plan)]))


def _told_to(arguments: argparse.Namespace) -> list[str | Mapping[str, str]] | None:
    """Addresses and hooks; None leaves it to the service, which then tells the user."""
    hooks: list[str | Mapping[str, str]] = [{"hook": name} for name in arguments.hook or ()]
    return [*(arguments.notify or ()), *hooks] or None


def _jobs(arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    if arguments.id:
        return Output(dict((job := client.jobs.get(arguments.id)).raw), job_line(job))
    jobs = list(
        client.jobs.list(kind=arguments.kind, phase=arguments.phase, label=arguments.label, limit=arguments.limit)
    )
    return Output([dict(job.raw) for job in jobs], jobs_table(jobs) if jobs else "no jobs")


def _wait(arguments: argparse.Namespace, client: Client, deadline: Deadline) -> Output:
    return _state(client.jobs.get(arguments.id).wait(timeout=_left(deadline)))


def _download(arguments: argparse.Namespace, client: Client, deadline: Deadline) -> Output:
    job = client.bundles.get(arguments.id)
    if arguments.wait and job.revision is not None:  # the first one is fetched while it is made
        job = job.wait(timeout=_left(deadline))
    return _fetched(job, arguments.directory, arguments.workers, deadline)


def _archive(arguments: argparse.Namespace, client: Client, deadline: Deadline) -> Output:
    job = client.bundles.get(arguments.id)
    if arguments.wait:
        job = job.wait(timeout=_left(deadline))
    path = job.archive(Path(arguments.file), timeout=_left(deadline))
    length, absent = path.stat().st_size, job.absent_from(path)
    lines = [f"{size(length)} in {clean(str(path))}", *[f"  {_lacking(row)}" for row in absent]]
    told = {"job": dict(job.raw), "file": str(path), "bytes": length, "missing": [dict(row.raw) for row in absent]}
    return Output(told, "\n".join(lines), PARTIAL if absent else OK)


def _lacking(row: ManifestRow) -> str:
    why = row.reason if row.missing else "MAST gives it to others only"
    return f"{clean(row.path or row.productFilename)}: {clean(why)}"


def _copy(arguments: argparse.Namespace, client: Client, deadline: Deadline) -> Output:
    job = client.bundles.get(arguments.id).copy_to(arguments.directory, overwrite=arguments.overwrite)
    return _state(job.wait(timeout=_left(deadline)) if arguments.wait else job)


def _told(arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    job = getattr(client.jobs.get(arguments.id), arguments.command)()
    return Output(dict(job.raw), job_line(job))


def _extend(arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    job = client.jobs.get(arguments.id).extend(days=arguments.days)
    kept = f"{job.destruction:%Y-%m-%d %H:%M} UTC" if job.destruction else "as long as the service says"
    return Output(dict(job.raw), f"{job_line(job)}\nkept until {kept}")


def _retry(arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    job = client.bundles.get(arguments.id).retry(everything=arguments.everything)
    return Output(dict(job.raw), job_line(job))


def _share(arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    job: Bundle = getattr(client.bundles.get(arguments.id), arguments.command)(*arguments.users)
    return Output(dict(job.raw), f"{job_line(job)}\nshared with {clean(', '.join(job.shares)) or 'nobody'}")


def _state(job: Job) -> Output:
    partial = job.done and job.outcome == "partial"
    return Output(dict(job.raw), job_line(job), PARTIAL if partial else OK)


def _fetched(job: Bundle, directory: str, workers: int, deadline: Deadline) -> Output:
    report = job.download(Path(directory), max_workers=workers, timeout=_left(deadline), raise_on_failure=False)
    job = job if job.done else job.refresh()
    bad = [f"  {clean(file.path)}: {clean(file.reason)}" for file in report.failed]
    bad += [f"  {clean(row.path or row.productFilename)}: {clean(row.reason)}" for row in report.missing]
    code = PARTIAL if report.failed or report.missing else OK
    return Output(_document(job, report), "\n".join([report.summary(), *bad]), code)


def _document(job: Job, report: DownloadReport) -> dict[str, Any]:
    files = [{**asdict(file), "local": str(file.local) if file.local else None} for file in report.files]
    return {
        "job": dict(job.raw),
        "directory": str(report.directory),
        "files": files,
        "missing": [dict(row.raw) for row in report.missing],
    }


def _left(deadline: Deadline) -> float | None:
    left = deadline.left()
    return None if left == float("inf") else left


COMMANDS: dict[str, Callable[[argparse.Namespace, Client, Deadline], Output]] = {
    "search": _search,
    "bundle": _bundle,
    "plan": _plan,
    "jobs": _jobs,
    "wait": _wait,
    "download": _download,
    "archive": _archive,
    "copy": _copy,
    "abort": _told,
    "hold": _told,
    "run": _told,
    "extend": _extend,
    "retry": _retry,
    "share": _share,
    "unshare": _share,
    "me": account.me,
    "keys": account.keys,
    "token": account.token,
}
