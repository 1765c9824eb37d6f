"""What the head of a box's pages says: what was asked, what was noted, how to cite it and do it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from topmast_service import __version__
from topmast_service.domain import citation
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import BoxFacts, totals
from topmast_service.errors import Expired
from topmast_service.store.tables import Table
from topmast_service.workflows.citation import of_bundle
from topmast_service.workflows.control import products_table, rows_table

_OF_FILES = totals([]).keys() - {"excluded"}
"""Counts of what became of the files. A record has them too, of the revision before; the manifest has its own.
(`excluded` is the listing's, by reason.)"""

_NOBODY_ELSES = frozenset({"notify"})
"""Members of a request that a manifest does not pass on: addresses of people."""


def facts(
    bundle: Job, revision: int, result: Mapping[str, Any], *, made: datetime, expires: datetime, tables: Path
) -> BoxFacts:
    """The facts of one revision.

    Parameters
    ----------
    result
        The bundle's, as it is or will be in its record: ``counts``, ``notes``, and the request of its ``search``.
    made, expires
        When the revision was built, and until when its files stay at least.
    tables
        The folder of tables. What is gone there is not said.
    """
    return BoxFacts(
        job_id=bundle.id,
        revision=revision,
        owner=bundle.owner,
        label=bundle.label or "",
        created=_moment(made),
        expires=_moment(expires),
        request=told(bundle.request),
        counts={name: n for name, n in (result.get("counts") or {}).items() if name not in _OF_FILES},
        version=__version__,
        search=result.get("search"),
        notes=list(result.get("notes") or ()),
        citation=_citation(bundle, made, tables),
    )


def told(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request as it may be passed on: what was said, and nobody's address."""
    return {name: value for name, value in request.items() if value is not None and name not in _NOBODY_ELSES}


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
