"""The client's groups: searches, bundles, jobs."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from ._amending import Recipients, addresses
from ._bundle import Bundle
from ._choice import Choice, Texts, body, known
from ._clock import Deadline
from ._criteria import criteria as encode
from ._errors import UsageError
from ._job import Job, path_part, seconds
from ._messages import Params
from ._paging import items
from ._plan import Plan
from ._search import Search
from ._session import Session
from ._source import source

KINDS: dict[str, type[Job]] = {"search": Search, "bundle": Bundle, "plan": Plan}


class Searches:
    """Searches of this client's user."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def submit(
        self,
        target: str | None = None,
        *,
        mission: str | None = None,
        collection: str = "observations",
        criteria: Mapping[str, Any] | None = None,
        expand: str | None = None,
        count_only: bool = False,
        max_age: float | dt.timedelta | None = None,
        label: str | None = None,
        **columns: Any,
    ) -> Search:
        """Start a search and do not wait; the parameters are those of `Client.search`."""
        more = search_options(expand, count_only, max_age, label)
        return self._submit(search_body(target, mission, collection, {**(criteria or {}), **columns}) | more)

    def get(self, search_id: str) -> Search:
        """The search with this id, as it is now."""
        return Search._received(self._session.get(f"/v1/searches/{path_part(search_id)}"), self._session)

    def _submit(self, body: dict[str, Any], deadline: Deadline | None = None) -> Search:
        return Search._received(self._session.submit("/v1/searches", body, deadline=deadline), self._session)


class Bundles:
    """Bundles of this client's user."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def submit(
        self,
        origin: Any,
        *,
        notify: Recipients | None = None,
        retention_days: int | None = None,
        label: str | None = None,
        remove_completed: bool | None = None,
        release: str | None = None,
        **choice: Unpack[Choice],
    ) -> Bundle:
        """Start a bundle and do not wait for it.

        Parameters
        ----------
        origin
            A `Search` or `Basket`, a `Plan` (without any choice), their ids, obs_ids or obsids, rows of a search, or
            dataURIs; the path (`pathlib.Path`) of a MAST script, a MANIFEST, the JSON of a subscription e-mail or a
            list of names, or such a text of several lines.
        types, sub_groups, levels
            Product types (``SCIENCE``), sub-groups (``I2D``, ``ASN``) and calibration levels to keep; all by
            default.
        mrp
            Whether only MAST's Minimum Recommended Products; by default so if no kind of file is asked for.
        guide_stars
            ``"none"`` (default of the service), ``"include"`` or ``"only"``.
        names, exclude
            File names with ``*``, one of which must fit; pieces of names that must not occur.
        extensions, detectors, filters, exp_types, visits
            ``"fits"``, ``"nrca1"``, ``"F444W"``, ``"MIR_TACQ"``, ``1`` or ``"1558:5:1"``; one or several of each.
        size, dates
            ``(from, to)`` in bytes, and as days or times; None for an open end.
        where
            Conditions on the product table, as in `Search.rows`.
        parents
            And all that the chosen products were made of.
        references
            And the CRDS files that they were calibrated with: True, or types such as ``["flat", "dark"]``.
        start
            ``"uncal"``, ``"rate"`` or ``"cal"``: in place of the chosen products what the pipeline needs to make them
            anew from there.
        layout
            How the box is laid out: ``"mast"`` (default of the service), ``"flat"``, ``"pipeline"`` (``Obs007/uncal``,
            files that may be written to) or ``"by_program"``.
        notify
            E-mail addresses to tell, or the service's own ``{"email": …}``; ``{"hook": "slurm"}`` runs a command of
            the operator's once the bundle is complete.
        retention_days
            How long the files are to stay.
        label
            A name of your own.
        remove_completed
            Of a basket: what is delivered leaves it.
        release
            ``"auto"``: what MAST withholds now is added, in a next revision, once it gives it to everybody. By default
            (``"never"``) the manifest has the dates.

        Raises
        ------
        UsageError
            The selection makes no sense; nothing was sent.
        """
        told = None if notify is None else addresses(notify)
        more = {"notify": told, "retention_days": retention_days, "label": label, "release": release}
        sent = {"from": source(origin), **body(choice), **known({**more, "remove_completed": remove_completed})}
        return Bundle._received(self._session.submit("/v1/bundles", sent), self._session)

    def plan(self, origin: Any, *, label: str | None = None, **choice: Unpack[Choice]) -> Plan:
        """Start a dry run and do not wait for it: what `submit` would stage, and what it would cost."""
        sent = {"from": source(origin), "dry_run": True, **body(choice), **known({"label": label})}
        return Plan._received(self._session.submit("/v1/bundles", sent), self._session)

    def get(self, bundle_id: str) -> Bundle:
        """The bundle with this id, as it is now."""
        return Bundle._received(self._session.get(f"/v1/bundles/{path_part(bundle_id)}"), self._session)


class Jobs:
    """All jobs of this client's user, of every kind."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, job_id: str) -> Job:
        """The job with this id; a `Search` or `Bundle` where it is one."""
        return self._job(self._session.get(f"/v1/jobs/{path_part(job_id)}"))

    def list(
        self,
        *,
        kind: str | None = None,
        phase: Texts = None,
        label: str | None = None,
        after: dt.datetime | str | None = None,
        limit: int | None = None,
    ) -> Iterator[Job]:
        """Jobs, newest first, fetched page by page while you read; at most `limit`."""
        # naive times are the user's local ones, as everywhere in Python
        since = f"{after.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(after, dt.datetime) else after
        asked = {"kind": kind, "label": label, "after": since}
        phases = [phase] if isinstance(phase, str) else list(phase or ())
        params: Params = (
            *((name, value) for name, value in asked.items() if value),
            *(("phase", name) for name in phases),
        )
        found = items(self._session, "/v1/jobs", params, limit=100 if limit is None else max(1, min(limit, 100)))
        return (self._job(document) for document in itertools.islice(found, limit))

    def _job(self, document: Mapping[str, Any]) -> Job:
        return KINDS.get(str(document.get("kind")), Job)._received(document, self._session)


def search_body(target: str | None, mission: str | None, collection: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """What POST /v1/searches is to search for.

    Raises
    ------
    UsageError
        It asks for nothing, or names the mission twice.
    """
    if mission is not None and "obs_collection" in columns:
        raise UsageError("mission is obs_collection: give one of them")
    asked = encode({**({"obs_collection": mission} if mission is not None else {}), **columns})
    if not target and not asked:
        raise UsageError("a search needs a target or a criterion", hint='Try client.search("m57 r=1m").')
    return {**known({"collection": collection, "target": target or None}), "criteria": asked}


def search_options(
    expand: str | None, count_only: bool, max_age: float | dt.timedelta | None, label: str | None
) -> dict[str, Any]:
    """How it is to do so; what is left out is the service's to decide."""
    age = seconds(max_age)
    if age is not None and age < 0:
        raise UsageError("max_age is how old an answer may be: 0 or more seconds")
    # Rounded down: half a second must not become one that an older answer has.
    whole = None if age is None else int(age)
    return known({"expand": expand, "count_only": count_only or None, "max_age": whole, "label": label})
