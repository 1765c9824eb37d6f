"""What a plan says beside its files: what is missing for the pipeline, and what is worth knowing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from topmast_service.domain import completeness
from topmast_service.domain.association import SCIENCE
from topmast_service.domain.completeness import Missing
from topmast_service.store.listing import Listing
from topmast_service.workflows.planning.along import Along
from topmast_service.workflows.planning.associations import Associations

MOST_TOLD = 200
"""Missing things that the record keeps; more are counted."""


def of_completeness(listing: Listing, associations: Associations, along: Along) -> dict[str, Any]:
    """``{"associations", "members", "missing_count", "missing": [{kind, what, of}, …], "unread": {name: why}}``."""
    found = list(dict.fromkeys(_missing(listing, associations, along)))
    read = dict(associations.every())
    return {
        "associations": len(read),
        "members": len({m.expname for a in read.values() for m in a.members()}),
        "missing_count": len(found),
        "missing": [vars(missing) for missing in found[:MOST_TOLD]],
        "unread": dict(list(associations.unread.items())[:MOST_TOLD]),
    }


def on_completeness(told: dict[str, Any]) -> list[str]:
    """The same for people who read no lists."""
    notes = []
    if told["missing_count"]:
        first = told["missing"][0]
        such, more = f"the {first['kind']} {first['what']} ({first['of']})", told["missing_count"] - 1
        others = f" and {more} more are" if more else " is"
        notes.append(f"For the pipeline {such}{others} missing; see `completeness`.")
    if told["unread"]:
        name, why = next(iter(told["unread"].items()))
        notes.append(f"{len(told['unread'])} associations could not be read, such as {name}: {why}")
    return notes


def on_references(told: dict[str, Any]) -> list[str]:
    """What came as references, and what a later run of the pipeline may still want from the network."""
    if not told["contexts"]:
        return ["No reference files were added: none of the chosen products says what it was calibrated with."]
    contexts = ", ".join(told["contexts"])
    notes = [f"{told['files']} reference files and {told['mappings']} mappings of {contexts} were added."]
    if told["unread"]:
        notes.append(f"{told['unread']} headers or mappings could not be read; references may be missing.")
    if told["not_named"]:
        notes.append(
            "A run of the pipeline may still want these from CRDS, since no keyword names them: "
            f"{', '.join(told['not_named'])}."
        )
    return notes


def _missing(listing: Listing, associations: Associations, along: Along) -> Iterator[Missing]:
    for name, association in list(associations.every()):
        members = [member.expname for member in association.members()]
        pool = associations.pool_of((name, association))
        yield from (Missing("member", m, name) for m in members if m in along.absent)
        yield from completeness.segments(members, pool, lambda obs_id: _there(listing, along, obs_id))
        if association.stage == 3:
            science = [member.expname for member in association.members() if member.exptype == SCIENCE]
            yield from completeness.detectors(name, science)
            yield from completeness.dithers(name, science, pool)


def _there(listing: Listing, along: Along, obs_id: str) -> bool:
    return any(row["productFilename"] not in along.absent for row in listing.rows("obs_id = ?", obs_id))
