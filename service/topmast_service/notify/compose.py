"""The messages about a bundle: the request is accepted, what became of it, and that its files will go.

A message is a pure function of the job's record, its date included, so that composing it again after a crash gives
the same bytes under the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

from topmast_service.domain import keeping
from topmast_service.domain.job import ERROR, Job
from topmast_service.domain.manifest import ManifestRow
from topmast_service.notify import commands
from topmast_service.notify.commands import Endpoints
from topmast_service.notify.letter import filled, letter
from topmast_service.notify.wording import (
    asked,
    failures_block,
    files_line,
    job_line,
    moment,
    plain,
    size_line,
    summary,
)

__all__ = ["Endpoints", "acknowledged", "expiring", "ready"]

_HEADLINES = {
    "complete": "Your files are ready.",
    "partial": "Your files are ready, except those named below.",
    "empty": "Nothing was delivered: no file that you asked for could be had.",
}


def acknowledged(job: Job, endpoints: Endpoints, recipient: str) -> EmailMessage:
    """The message that a request was accepted: what was asked, how to look, how to stop it.

    Raises
    ------
    Invalid
        `recipient` is not one e-mail address.
    """
    body = filled(
        "acknowledged",
        job=job_line(job),
        asked=asked(job.request),
        created=moment(job.created),
        look=commands.look(endpoints, job.id),
        abort=commands.abort(endpoints, job.id),
    )
    return _message(job, endpoints, recipient, event="accepted", subject="is accepted", date=job.created, body=body)


def ready(job: Job, endpoints: Endpoints, recipient: str, failures: Sequence[ManifestRow]) -> EmailMessage:
    """The message that a bundle is COMPLETED or ended in ERROR.

    Parameters
    ----------
    failures
        The manifest's rows that were not delivered; the first 20 are told one by one.

    Raises
    ------
    Invalid
        `recipient` is not one e-mail address.
    """
    body = _error(job, endpoints) if job.phase == ERROR else _completed(job, endpoints, failures)
    date = job.ended or job.created
    return _message(job, endpoints, recipient, event="ready", subject=summary(job), date=date, body=body)


def expiring(job: Job, endpoints: Endpoints, recipient: str) -> EmailMessage:
    """The message that a bundle's files go at `job.destruction`, and how to keep them longer.

    Raises
    ------
    Invalid
        `recipient` is not one e-mail address.
    """
    days, warned = max(1, int(job.retention_days)), job.destruction - keeping.lead(job)
    body = filled(
        "expiring",
        job=job_line(job),
        asked=asked(job.request),
        files=files_line(job),
        size=size_line(job),
        expires=moment(job.destruction),
        longer=commands.extend(endpoints, job.id, max(1, days - 1)),
        until=commands.keep_until(endpoints, job.id, warned + timedelta(days=days)),
        fetch=commands.sdk(endpoints, job.id),
    )
    subject = f"is kept until {moment(job.destruction)}"
    return _message(job, endpoints, recipient, event="expiring", subject=subject, date=warned, body=body)


def _completed(job: Job, endpoints: Endpoints, failures: Sequence[ManifestRow]) -> str:
    outcome = job.outcome or "complete"
    return filled(
        "ready",
        headline=_HEADLINES[outcome],
        job=job_line(job),
        asked=asked(job.request),
        files=files_line(job),
        size=size_line(job),
        expires=moment(job.destruction),
        failures=failures_block(failures),
        where="" if outcome == "empty" else _where(job, endpoints),
    )


def _error(job: Job, endpoints: Endpoints) -> str:
    told = {"code": "", "title": "", "detail": "", "hint": ""} | (job.error or {})
    return filled(
        "error",
        job=job_line(job),
        asked=asked(job.request),
        look=commands.look(endpoints, job.id),
        **{name: plain(text, 500) for name, text in told.items()},
    )


def _where(job: Job, endpoints: Endpoints) -> str:
    places = [f"  HTTP       {endpoints.url.rstrip('/')}/v1/bundles/{job.id}/files/"]
    ways = {"topmast (parallel, resumes, checks by itself)": commands.sdk(endpoints, job.id)}
    if endpoints.ftps_host:
        places.append(
            f"  FTPS       ftp://{endpoints.ftps_place}/{job.id}/ with TLS (AUTH TLS), user {job.owner},\n"
            "             password: your API key"
        )
        if endpoints.ftps_ca_file:
            places.append(f"             certificate authority: {endpoints.ftps_ca_file}")
        ways["lftp, over FTPS"] = commands.lftp(endpoints, job.owner, job.id)
        ways["wget, over FTPS"] = commands.wget(endpoints, job.owner, job.id)
        ways["curl, over FTPS"] = commands.curl_ftps(endpoints, job.owner, job.id)
    ways["curl, over HTTP"] = commands.curl_http(endpoints, job.id)
    told = "\n".join(f"  {name}:\n\n{_indented(line)}\n" for name, line in ways.items())
    return filled("where", places="\n".join(places), folder=job.id, ways=told)


def _message(
    job: Job, endpoints: Endpoints, recipient: str, *, event: str, subject: str, date: datetime, body: str
) -> EmailMessage:
    label = f" [{plain(job.label, 60)}]" if job.label else ""
    subject, ident = f"topmast: {job.id} {subject}{label}", _ident(job, event)
    message = letter(endpoints.from_address, recipient, subject=subject, date=date, ident=ident, body=body)
    message["X-Topmast-Job"] = job.id
    return message


def _ident(job: Job, event: str) -> str:
    """One per job, event and revision, for ever; a request is accepted once, whatever is published since.

    An error has no revision: one that comes again after a retry is told by its attempt. A warning is one of each end.
    """
    revision = "0" if event == "accepted" else f"{job.revision or 0}"
    if event == "ready" and job.phase == ERROR:
        revision += f"-{job.attempt}"
    if event == "expiring":
        revision = f"{job.destruction.astimezone(UTC):%Y%m%dT%H%M%S%f}"
    return f"{job.id}.{event}.{revision}"


def _indented(lines: str) -> str:
    return "\n".join(f"    {line}" for line in lines.splitlines())
