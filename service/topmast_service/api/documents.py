"""From records to the documents of the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from topmast_service.api import results
from topmast_service.config import Settings
from topmast_service.domain.job import ARCHIVED, COMPLETED, Job
from topmast_service.workflows.versions import Versions

_FACTS = (
    "count", "counted_only", "columns", "notes", "resolved", "api", "as_of", "truncated", "truncated_because",
    "hints", "series", "products", "instruments", "unmatched",
)  # fmt: skip
_JOB = (
    "id", "kind", "owner", "label", "phase", "phase_reason", "outcome", "step", "version", "created", "started",
    "ended", "destruction", "progress", "error", "request",
)  # fmt: skip
_COPY = ("bundle", "revision", "directory", "files", "bytes", "kept", "failed", "failures")
_UNKNOWN_FACTS: dict[str, Any] = {
    "count": 0, "counted_only": False, "columns": [], "notes": [], "hints": [], "truncated": False,
}  # fmt: skip


def of_job(job: Job, ahead: int | None = None) -> dict[str, Any]:
    """A job, whatever its kind; `ahead` is how many others wait before it."""
    document = {**{name: getattr(job, name) for name in _JOB}, "links": _links(job), "copy": _copy(job)}
    return document if ahead is None else document | {"progress": {**job.progress, "ahead": ahead}}


def etag(job: Job) -> str:
    """Which job document this is, as a strong validator: its version."""
    return f'"{job.version}"'


def of_search(job: Job) -> dict[str, Any]:
    """A search: the job and, once COMPLETED, what came of it."""
    ended_well = job.phase in {COMPLETED, ARCHIVED} and job.result
    facts = {name: job.result.get(name, _UNKNOWN_FACTS.get(name)) for name in _FACTS} if ended_well else None
    return {**of_job(job), "search": facts, "stale": _stale(job)}


def _stale(job: Job) -> dict[str, Any] | None:
    """The earlier answer that a search shows while MAST is away."""
    earlier = results.stale(job)
    if earlier is None:
        return None
    age = datetime.now(UTC) - datetime.fromisoformat(earlier["as_of"])
    return {name: earlier.get(name) for name in ("as_of", "count", "truncated")} | {"age": round(age.total_seconds())}


def of_bundle(job: Job, settings: Settings, versions: Versions) -> dict[str, Any]:
    """A bundle: the job, its sums as far as they are known, where the files are, and which are superseded."""
    facts = {
        "revision": job.revision,
        "counts": job.result.get("counts"),
        "bytes": job.result.get("bytes"),
        "ftps": _ftps(job, settings),
        "files": f"/v1/bundles/{job.id}/files/",
        "notes": job.result.get("notes", []),
        **{name: job.result.get(name) for name in ("plan", "completeness", "references")},
        "shares": list(job.shares),
        "release_due": job.release_due,
        "superseded": versions.superseded(job) if job.published else None,
    }
    return {**of_job(job), "bundle": facts}


def _copy(job: Job) -> dict[str, Any] | None:
    """What has become of a copy, once it has begun."""
    if job.kind != "copy" or not job.result:
        return None
    return {name: job.result[name] for name in _COPY}


def _ftps(job: Job, settings: Settings) -> dict[str, Any] | None:
    if not settings.ftps_public_host or job.revision is None or job.phase == ARCHIVED:
        return None
    return {
        "host": settings.ftps_public_host,
        "port": settings.ftps_port,
        "user": job.owner,
        "path": f"/{job.id}/",
    }


def _links(job: Job) -> dict[str, str]:
    links = {"self": f"/v1/jobs/{job.id}"}
    if job.kind == "search":
        return links | {"search": f"/v1/searches/{job.id}", "rows": f"/v1/searches/{job.id}/rows"}
    if job.kind == "copy":
        return links | {"bundle": f"/v1/bundles/{job.request['bundle']}"}
    base = f"/v1/bundles/{job.id}"
    links |= {"bundle": base, "products": f"{base}/products"}
    if job.kind == "plan":
        return links
    archives = {"zip": f"{base}/archive.zip", "tar": f"{base}/archive.tar"}
    return links | {"manifest": f"{base}/manifest", "files": f"{base}/files/"} | archives
