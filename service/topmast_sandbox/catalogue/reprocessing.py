"""Carrying out a reprocess event: which files it touches, and the account of what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from topmast_sandbox.catalogue import names
from topmast_sandbox.catalogue.content import Contents
from topmast_sandbox.catalogue.record import Record, Source
from topmast_sandbox.catalogue.reprocess import Event, History, chosen
from topmast_sandbox.clock import Clock


class Reprocessing:
    """One event, from the choice of files to the report."""

    def __init__(self, history: History, contents: Contents, clock: Clock) -> None:
        self._history = history
        self._contents = contents
        self._clock = clock

    def run(self, sources: Sequence[Source], *, program: str | None, obs_id: str | None) -> dict[str, Any]:
        """Reprocess a program, or one observation with its members; associations and pool of its whole program.

        Returns
        -------
        dict
            ``program``, ``observations`` (today's obs_ids), ``renamed`` (obs_id before → after), ``changed`` (dataURIs
            whose bytes are new under the same name), ``withdrawn``, ``new`` (dataURIs), ``stale_size`` (dataURI),
            ``release`` (obs_id → [before, after], MJD).
        """
        planes = self._planes(sources, program, obs_id)
        proposal = str(planes[0]["proposal_id"] or "")
        records = self._records(sources, planes, proposal, whole=obs_id is None)
        if not records:
            raise LookupError(f"nothing to reprocess: {obs_id or program} has no files")
        event = self._history.begin(self._clock.now(), self._history.revision(records[0]))
        before = {r.filename: self._history.current(r.filename) for r in records}
        sizes = {r.filename: self._size(r) for r in records}
        for record in records:
            self._history.rework(record, event)
        derived = [p["obs_id"] for p in planes if p["calib_level"] == 3]
        renamed = self._reorder(derived if obs_id else chosen(derived), records)
        report = {"program": proposal, "event": event.number, "renamed": renamed, **self._names(records, before)}
        report["stale_size"] = self._stale(records, sizes)
        report["release"] = {
            str(self._history.current(p["obs_id"])): list(moved)
            for p in planes
            if (moved := self._history.extend(p, self._clock.mjd()))
        }
        return report | {
            "observations": [self._history.current(p["obs_id"]) for p in planes],
            "processed": _when(event),
        }

    def _planes(self, sources: Sequence[Source], program: str | None, obs_id: str | None) -> list[dict[str, Any]]:
        """The observations meant, of the JWST, executed."""
        if program is None and obs_id is None:
            raise LookupError("name a program or an obs_id to reprocess")
        first = self._history.first(obs_id) if obs_id else None
        found = [
            dict(p)
            for source in sources
            for p in source.planes()
            if p["obs_collection"] == "JWST" and p["calib_level"] != -1 and p["obsid"] is not None
            and (p["obs_id"] == first if obs_id else str(p["proposal_id"]) == str(program))
        ]  # fmt: skip
        if not found:
            raise LookupError(f"no executed JWST observation matches {obs_id or program}")
        return found

    def _records(
        self, sources: Sequence[Source], planes: list[dict[str, Any]], proposal: str, *, whole: bool
    ) -> list[Record]:
        """Files to rework, each once: not the guide stars, nor associations that are not in force any more.

        Of the rest of the program only associations and pool.
        """
        number = int(proposal) if proposal.isdigit() else None
        every = [r for source in sources for r in source.records(number) if not _guide(r) and not _superseded(r)]
        if whole:
            return every
        wanted = {line.record.filename for source in sources for p in planes for line in source.listing(p["obsid"])}
        return [r for r in every if r.filename in wanted or _bookkeeping(r)]

    def _reorder(self, obs_ids: list[str], records: list[Record]) -> dict[str, str]:
        renamed = {}
        for obs_id in obs_ids:
            before = self._history.current(obs_id)
            after = self._history.reorder(obs_id, records)
            if after:
                renamed[before] = after
        return renamed

    def _names(self, records: list[Record], before: dict[str, str]) -> dict[str, list[str]]:
        changed, withdrawn, new = [], [], []
        for record in records:
            head = record.uri.removesuffix(record.filename)
            old, now = before[record.filename], self._history.current(record.filename)
            if old == now:
                changed.append(head + now)
            else:
                withdrawn.append(head + old)
                new.append(head + now)
        return {"changed": changed, "withdrawn": withdrawn, "new": new}

    def _stale(self, records: list[Record], sizes: dict[str, int]) -> str | None:
        """One product whose length changed keeps its old length in listings."""
        for record in records:
            if record.item.product_type == "SCIENCE" and self._size(record) != sizes[record.filename]:
                self._history.keep_listed(record, sizes[record.filename])
                return record.uri.removesuffix(record.filename) + self._history.current(record.filename)
        return None

    def _size(self, record: Record) -> int:
        return self._contents.size(record, self._history.revision(record))


def _guide(record: Record) -> bool:
    return bool(names.GUIDE.match(record.filename))


def _superseded(record: Record) -> bool:
    program = record.plan.program if record.plan else None
    return program is not None and program.generation(record.filename) != program.generations[0]


def _bookkeeping(record: Record) -> bool:
    return bool(names.ASSOCIATION.match(record.filename) or names.POOL.match(record.filename))


def _when(event: Event) -> str:
    return event.processed + "Z"
