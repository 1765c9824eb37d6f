"""What the head of a box's pages says: what was asked, what was noted, how to cite it and do it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from topmast_service import __version__
from topmast_service.domain import citation
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import BoxFacts, totals
from topmast_service.errors import Expired, UnknownJob
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows.citation import of_bundle
from topmast_service.workflows.control import products_table, rows_table

_OF_FILES = totals([]).keys() - {"excluded"}
"""Counts of what became of the files. A record has them too, of the revision before; the manifest has its own.
(`excluded` is the listing's, by reason.)"""

_NOT_AGAIN = frozenset({"notify", "dry_run"})
"""Members of a request that a manifest does not repeat: addresses of people, and that it was tried before."""


@dataclass(frozen=True)
class Asked:
    """What a bundle was asked for.

    Attributes
    ----------
    told
        As its record and its manifest keep it: ``request``, which can be sent again when plan and list are long gone,
        and the request of the ``search`` that it names, if any.
    named
        The dataURIs that it names one by one.
    """

    told: dict[str, Any]
    named: frozenset[str]


def asked(bundle: Job, jobs: JobStore) -> Asked:
    """What `bundle` was asked for, by itself or by the plan that it took over."""
    request, source = bundle.request, bundle.request["from"]
    before = bundle.result.get("asked") or {}  # by the revision before: search and plan may be gone by now
    if planned := "plan" in source and (_request_of(source["plan"], jobs) or before.get("request")):
        request = {**planned, **{name: value for name, value in request.items() if name != "from"}}
        source = planned["from"]
    listed = source["list"] if isinstance(source.get("list"), Mapping) else source
    named = frozenset(listed.get("uris") or ())
    search = before.get("search") or _request_of(source.get("search"), jobs)
    return Asked({"request": _told({**request, "from": _again(source)}), "search": search and _told(search)}, named)


def _request_of(job_id: str | None, jobs: JobStore) -> dict[str, Any] | None:
    try:
        return jobs.get(job_id).request if job_id else None
    except UnknownJob:
        return None


def _again(source: Mapping[str, Any]) -> Mapping[str, Any]:
    """The source as it can be sent: a list as what it was understood to name."""
    listed = source.get("list")
    if not isinstance(listed, Mapping):
        return source
    kinds = {kind: listed[kind] for kind in ("uris", "observations") if listed[kind]}
    return kinds if len(kinds) == 1 else {"list": "\n".join(chain(*kinds.values()))}


def _told(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if value is not None and name not in _NOT_AGAIN}


def facts(
    bundle: Job, revision: int, result: Mapping[str, Any], *, made: datetime, expires: datetime, tables: Path
) -> BoxFacts:
    """The facts of one revision.

    Parameters
    ----------
    result
        The bundle's, as it is or will be in its record: ``counts``, ``notes``, and what was ``asked``.
    made, expires
        When the revision was built, and until when its files stay at least.
    tables
        The folder of tables. What is gone there is not said.
    """
    asked_for = result.get("asked") or {"request": _told(bundle.request), "search": None}  # by an earlier release
    return BoxFacts(
        job_id=bundle.id,
        revision=revision,
        owner=bundle.owner,
        label=bundle.label or "",
        created=_moment(made),
        expires=_moment(expires),
        request=asked_for["request"],
        counts={name: n for name, n in (result.get("counts") or {}).items() if name not in _OF_FILES},
        version=__version__,
        search=asked_for["search"],
        notes=list(result.get("notes") or ()),
        citation=_citation(bundle, made, tables),
    )


def _citation(bundle: Job, made: datetime, tables: Path) -> dict[str, str]:
    source = bundle.request.get("from", {}).get("search")
    made_of = rows_table(tables, source) if source else None
    search = Table(made_of) if made_of and made_of.exists() else None
    try:
        cited = of_bundle(bundle, Table(products_table(tables, bundle.id)), search, _moment(made))
    except Expired:
        return {}
    said = {"text": citation.text, "acknowledgement": citation.acknowledgement, "bibtex": citation.bibtex}
    return {name: write(cited) for name, write in said.items()}


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
