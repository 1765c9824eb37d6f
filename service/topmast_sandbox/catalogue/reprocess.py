"""The reprocess event: what a later processing of the archive changes under everybody's feet.

New bytes (longer, shorter or as long), new association and pool names, some target-level observations renamed
(the order of the optical elements has changed between builds), old dataURIs gone, one size in listings stale,
release dates moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from topmast_sandbox.catalogue import facts, names
from topmast_sandbox.catalogue.caom import hashed
from topmast_sandbox.catalogue.header import Revision
from topmast_sandbox.catalogue.record import Record

EXTENDED_DAYS = 30.0  # how far a release date moves; never so far that public data are locked again


@dataclass(frozen=True, slots=True)
class Event:
    """One reprocessing. `grown` is what `Revision` says of it; without a `stamp` no association is renamed."""

    number: int
    stamp: str
    processed: str
    cal_ver: str
    crds_ctx: str
    grown: int | None = None


class History:
    """What was reprocessed, and how everything is called since.

    Everything is kept by the name under which it was first archived, so that a second event composes with the first.
    """

    def __init__(self) -> None:
        self._events: dict[str, list[Event]] = {}
        self._now: dict[str, str] = {}
        self._first: dict[str, str] = {}
        self._stale: dict[str, int] = {}
        self._shifts: dict[str, float] = {}
        self._count = 0

    def current(self, name: str) -> str:
        """Today's name of a file or observation."""
        return self._now.get(name, name)

    def first(self, name: str) -> str | None:
        """The name something was first archived under; None when it goes by another name now."""
        if name in self._first:
            return self._first[name]
        return None if self._now.get(name, name) != name else name

    def revision(self, record: Record) -> Revision:
        """How often a file was processed, and what the last time stamped on it."""
        events = self._events.get(record.filename, [])
        last = events[-1] if events else _original(record)
        stamp = next((event.stamp for event in reversed(events) if event.stamp), None)
        asn = getattr(record.owner, "asn", "")
        pool = record.plan.pool if record.plan else ""
        return Revision(
            generation=len(events),
            cal_ver=last.cal_ver,
            crds_ctx=last.crds_ctx,
            processed=last.processed,
            filename=self.current(record.filename),
            asn=names.restamped(asn, stamp) if stamp else asn,
            pool=names.restamped(pool, stamp) if stamp else pool,
            grown=last.grown if events else None,
        )

    def listed_size(self, record: Record, true_size: int) -> int:
        """What listings claim a file's length to be."""
        return self._stale.get(record.filename, true_size)

    def plane(self, plane: Mapping[str, Any]) -> dict[str, Any]:
        """A CAOM row as it reads today."""
        row = dict(plane)
        for column in ("dataURL", "jpegURL"):
            if row[column]:
                head, slash, filename = row[column].rpartition("/")
                row[column] = f"{head}{slash}{self.current(filename)}"
        row["obs_id"] = self.current(row["obs_id"]) if row["obs_id"] else row["obs_id"]
        if row["t_obs_release"] is not None:
            row["t_obs_release"] += self.shift(plane)
        return row

    def shift(self, plane: Mapping[str, Any]) -> float:
        """Days by which an observation's release date was moved."""
        return self._shifts.get(str(plane["obs_id"]), 0.0)

    def begin(self, when: datetime, before: Revision) -> Event:
        """A new event, stamped with the sandbox's time."""
        self._count += 1
        number = self._count
        when += timedelta(seconds=number)  # two events in one second still make two names
        return Event(
            number,
            stamp=when.strftime("%Y%m%dt%H%M%S"),
            processed=when.strftime("%Y-%m-%dT%H:%M:%S.000"),
            cal_ver=_later(before.cal_ver),
            crds_ctx=f"jwst_{int(before.crds_ctx[5:9] or 0) + 51:04d}.pmap" if before.crds_ctx else "",
        )

    def rework(self, record: Record, event: Event) -> None:
        """A file gets new bytes, and where the rules say so a new name."""
        self._events.setdefault(record.filename, []).append(event)
        if names.ASSOCIATION.match(record.filename) or names.POOL.match(record.filename):
            self._rename(record.filename, names.restamped(record.filename, event.stamp))

    def rewrite(self, record: Record, event: Event, grown: int) -> None:
        """A file gets new bytes under its name, `grown` rows more (or less) than when it was first archived."""
        self._events.setdefault(record.filename, []).append(replace(event, stamp="", grown=grown))

    def reorder(self, obs_id: str, records: Iterable[Record]) -> str | None:
        """Swap the optical elements in a target-level observation's name and its files'; the new obs_id."""
        now = self.current(obs_id)
        new = swapped(now)
        if new is None:
            return None
        self._rename(obs_id, new)
        for record in records:
            if record.filename.startswith(f"{obs_id}_"):
                self._rename(record.filename, new + record.filename.removeprefix(obs_id))
        return new

    def keep_listed(self, record: Record, size: int) -> None:
        """Listings go on claiming an old size."""
        self._stale[record.filename] = size

    def extend(self, plane: Mapping[str, Any], now: float) -> tuple[float, float] | None:
        """Move an observation's release date; (before, after) in MJD days, or None where it has none."""
        if plane["t_obs_release"] is None:
            return None
        before = plane["t_obs_release"] + self.shift(plane)
        after = before + EXTENDED_DAYS if before > now else min(before + EXTENDED_DAYS, now)
        self._shifts[str(plane["obs_id"])] = after - plane["t_obs_release"]
        return before, after

    def _rename(self, first: str, now: str) -> None:
        self._first.pop(self._now.get(first, first), None)
        self._now[first] = now
        self._first[now] = first


def swapped(obs_id: str) -> str | None:
    """An obs_id with its first two optical elements exchanged; None where the order is not a matter of taste."""
    match = names.DERIVED.match(f"{obs_id}_i2d.fits")
    elements = match["optics"].split("-") if match else []
    if len(elements) < 2 or match is None or match["instrument"] == "miri":
        return None
    turned = "-".join([elements[1], elements[0], *elements[2:]])
    return obs_id.removesuffix(match["optics"]) + turned


def chosen(obs_ids: list[str]) -> list[str]:
    """Which observations a program-wide event renames: about every second."""
    return [o for o in obs_ids if hashed(o, 2)]


def _original(record: Record) -> Event:
    """The first processing, as the facts state it."""
    if record.plan is None:
        version = (record.stated or {}).get("prvversion")
        return Event(0, "", "2024-01-01T00:00:00.000", str(version or "1.13.4"), "jwst_1230.pmap")
    program = record.plan.program
    made = program.generation(record.filename)
    return _first(made.processed, made.stamp, made.cal_ver, program.crds_ctx)


@cache
def _first(when: str, stamp: str, cal_ver: str, crds_ctx: str) -> Event:
    """The first processing of a program's files: every keyword row asks for it."""
    return Event(0, stamp, facts.moment(when).strftime("%Y-%m-%dT%H:%M:%S.000"), cal_ver, crds_ctx)


def _later(version: str) -> str:
    """The next minor version: 1.19.1 → 1.20.0."""
    numbers = [int(n) for n in version.split(".") if n.isdigit()] or [1]
    numbers.append(0)
    return f"{numbers[0]}.{numbers[1] + 1}.0"
