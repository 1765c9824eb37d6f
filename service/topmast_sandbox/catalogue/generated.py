"""The catalogue's rows made from the facts: expanded by program when first asked for, listed per request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from topmast_sandbox.catalogue import caom, facts, items, names
from topmast_sandbox.catalogue.executed import Derived, Exposure, Unexecuted, Visit
from topmast_sandbox.catalogue.expansion import OBSID_BASE, OBSIDS_PER_PROGRAM, Plan
from topmast_sandbox.catalogue.items import Item
from topmast_sandbox.catalogue.record import Listed, Record


class Generated:
    """JWST as the facts state it.

    Parameters
    ----------
    opened
        MJD at which the sandbox started; programs stated to be exclusive count from there.
    """

    def __init__(self, opened: float) -> None:
        self._opened = opened
        self._plans: dict[int, Plan] = {}
        self._planes: dict[int, caom.Row] = {}

    @cached_property
    def _programs(self) -> list[facts.Program]:
        return list(facts.programs().values())

    def plan(self, program: int) -> Plan | None:
        """A program, expanded; None when there is no such program."""
        if program not in self._plans and program in facts.programs():
            self._plans[program] = Plan(facts.programs()[program])
        return self._plans.get(program)

    @cached_property
    def _rows(self) -> list[caom.Row]:
        return [self._plane(x) for plan in self._all() for x in plan.rows()]

    def planes(self) -> list[caom.Row]:
        """CAOM rows that a search finds, in the order of the facts."""
        return self._rows

    def rights(self, plane: Mapping[str, Any], now: float) -> str | None:
        """dataRights at a time: planned rows as stated, the others by their release date."""
        if plane["calib_level"] == -1:
            return plane["dataRights"] if isinstance(plane["dataRights"], str) else None
        return caom.rights(facts.programs()[int(plane["proposal_id"])], plane["t_obs_release"], now)

    def listing(self, obsid: int) -> Iterator[Listed]:
        """Own files, then each member's with its visit's guide stars, then linked products'."""
        plan, subject = self._find(obsid)
        if plan is None or isinstance(subject, Unexecuted):
            return
        if isinstance(subject, Exposure):
            yield from self._exposure(plan, subject, alone=True)
        elif isinstance(subject, Derived):
            yield from self._derived(plan, subject)

    def count(self, obsid: int) -> int:
        """Rows of the listing, by arithmetic alone."""
        plan, subject = self._find(obsid)
        if plan is None or not isinstance(subject, Exposure | Derived):
            return 0
        if isinstance(subject, Exposure):
            return _exposure_count(subject, alone=True)
        members = sum(_exposure_count(m, alone=False) for m in subject.taken)
        return _derived_count(subject) + members + sum(_linked_count(d) for d in subject.linked)

    def record(self, uri: str) -> Record | None:
        """A file by its first dataURI; the owner is read off the name."""
        filename = uri.rpartition("/")[2]
        plan = self.plan(self._program(filename))
        if plan is None or uri != caom.PREFIX + filename:
            return None
        found = (r for owner in _owners(plan, filename) for r in self._owned(plan, owner))
        return next((r for r in found if r.filename == filename), None)

    def records(self, program: int | None = None) -> Iterator[Record]:
        """Every file once."""
        plans = self._all() if program is None else filter(None, [self.plan(program)])
        for plan in plans:
            seen: set[str] = set()
            for owner in plan.owners():
                for record in self._owned(plan, owner):
                    if record.filename not in seen:
                        seen.add(record.filename)
                        yield record

    def _program(self, filename: str) -> int:
        """Whose file it is: five digits say so, but for wavefront maps; -1 for no JWST name."""
        if names.WAVEFRONT.match(filename):
            return next(p.id for p in self._programs if any(o.wavefront for o in p.observations))
        return names.program_of(filename)

    def _all(self) -> Iterator[Plan]:
        return filter(None, (self.plan(p.id) for p in self._programs))

    def _find(self, obsid: int) -> tuple[Plan | None, Exposure | Derived | Unexecuted | None]:
        ordinal = (obsid - OBSID_BASE) // OBSIDS_PER_PROGRAM
        if not 0 <= ordinal < len(self._programs):
            return None, None
        plan = self.plan(self._programs[ordinal].id)
        return (plan, plan.by_obsid.get(obsid)) if plan else (None, None)

    def _plane(self, x: Exposure | Derived | Unexecuted) -> caom.Row:
        if x.obsid not in self._planes:
            make: Callable[[Any], caom.Row] = {
                Exposure: lambda e: caom.exposure_row(e, self._opened),
                Derived: lambda d: caom.derived_row(d, self._opened),
                Unexecuted: caom.unexecuted_row,
            }[type(x)]
            self._planes[x.obsid] = make(x)
        return self._planes[x.obsid]

    def _derived(self, plan: Plan, derived: Derived) -> Iterator[Listed]:
        yield from self._own(plan, derived)
        for member in derived.taken:
            yield from self._exposure(plan, member, alone=False)
        for linked in derived.linked:
            yield from (_as_linked(line) for line in self._own(plan, linked) if _is_image(line))

    def _own(self, plan: Plan, derived: Derived) -> Iterator[Listed]:
        plane = self._plane(derived)
        for item in _kept(plan, items.derived_items(plan, derived)):
            yield Listed(self._record(plan, derived, plane, item), plane)

    def _exposure(self, plan: Plan, exposure: Exposure, *, alone: bool) -> Iterator[Listed]:
        plane = self._plane(exposure)
        for item in _kept(plan, items.exposure_items(plan, exposure, alone=alone)):
            yield Listed(self._record(plan, exposure, plane, item), plane)
        for item in items.guide_items(exposure.visit):
            yield Listed(self._record(plan, exposure.visit, plane, item), plane)

    def _record(self, plan: Plan, owner: Exposure | Derived | Visit, plane: caom.Row, item: Item) -> Record:
        """A record; a visit owns its guide-star files even where a product links to them."""
        if item.sub_group and item.sub_group.startswith("GS-") and isinstance(owner, Derived):
            owner = owner.members[0].visit
        return Record(caom.PREFIX + item.filename, item, plane, owner, plan)

    def _owned(self, plan: Plan, owner: Exposure | Derived | Visit) -> Iterator[Record]:
        if isinstance(owner, Derived):
            own = items.derived_items(plan, owner)
            plane = self._plane(owner)
        elif isinstance(owner, Exposure):
            own = items.exposure_items(plan, owner, alone=True)
            plane = self._plane(owner)
        else:
            own = iter(items.guide_items(owner))
            plane = self._plane(plan.firsts[owner.id])
        return (self._record(plan, owner, plane, item) for item in _kept(plan, own))


def _kept(plan: Plan, own: Iterable[Item]) -> Iterator[Item]:
    """What MAST has of it."""
    return (item for item in own if item.filename not in plan.program.lost)


def _lost_count(x: Exposure | Derived) -> int:
    return sum(name.startswith(f"{x.obs_id}_") for name in x.program.lost)


def _exposure_count(exposure: Exposure, *, alone: bool) -> int:
    visit, mode = exposure.visit, exposure.mode
    guide = visit.attempts * 10 + (visit.tracks + visit.fine) * 3
    hidden = not alone and exposure.observation.hide_level2_asn
    sensed = exposure.observation.wavefront and exposure.number == 1
    books = len(exposure.program.generations) + (0 if hidden else len(exposure.generations))
    own = len(mode.exposure) + len(mode.previews) + books + bool(exposure.msa) + sensed
    return own + guide - _lost_count(exposure)


def _is_image(line: Listed) -> bool:
    """Of a linked image come its files, not the association of exposures that are not listed here."""
    return line.record.item.product_type != "INFO" and not isinstance(line.record.owner, Visit)


def _as_linked(line: Listed) -> Listed:
    """Minimum Recommended is relative to what was opened: a linked file is not."""
    item = line.record.item._replace(recommended=False)
    return Listed(replace(line.record, item=item), line.plane)


def _linked_count(derived: Derived) -> int:
    return len(derived.mode.derived) + len(derived.mode.derived_previews)


def _derived_count(derived: Derived) -> int:
    books = 2 * len(derived.program.generations)
    own = len(derived.mode.derived) + len(derived.mode.derived_previews) + books + ("segm" in derived.mode.derived)
    return own - _lost_count(derived)


def _owners(plan: Plan, filename: str) -> Iterator[Exposure | Derived | Visit]:
    """Who may own a file, by its name."""
    if match := names.GUIDE.match(filename):
        visit = plan.visits.get(match["program"] + match["observation"] + match["visit"])
        yield from [visit] if visit else []
    elif names.ASSOCIATION.match(filename):
        yield from filter(None, [plan.by_asn.get(filename)])
    elif names.WAVEFRONT.match(filename):
        yield from (x for x in plan.exposures if items.wavefront(x) == filename)
    elif names.POOL.match(filename):
        yield from plan.derived[:1] or plan.exposures[:1]
    elif names.MSA.match(filename):
        yield from (x for x in plan.exposures if x.msa == filename)
    elif match := names.DERIVED.match(filename):
        yield from _named(plan, filename.rpartition("_")[0])
    elif match := names.EXPOSURE.match(filename):
        stem = filename.rpartition("_")[0]
        yield from _named(plan, stem.removesuffix(f"_{match['candidate']}") if match["candidate"] else stem)


def _named(plan: Plan, obs_id: str) -> Iterator[Exposure | Derived]:
    found = plan.by_obs_id.get(obs_id)
    if found is not None:
        yield found
