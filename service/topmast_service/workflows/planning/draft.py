"""One bundle's plan in the making: the steps in their order, each of which works on the same listing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from topmast_service.archive import observations
from topmast_service.archive.transfer import Downloads
from topmast_service.domain import layout, product, rows, selection
from topmast_service.domain.selection import Selection
from topmast_service.store.listing import Listing
from topmast_service.workflows.attempt import Attempt
from topmast_service.workflows.errand import Errand
from topmast_service.workflows.planning import described, inputs, told
from topmast_service.workflows.planning.along import COMPANION, Along, Kin
from topmast_service.workflows.planning.associations import Associations
from topmast_service.workflows.planning.means import Means
from topmast_service.workflows.planning.origins import Origins
from topmast_service.workflows.planning.parents import Parents
from topmast_service.workflows.planning.reading import Reading
from topmast_service.workflows.planning.references import CHOSEN, MADE_OF_CHOSEN, References
from topmast_service.workflows.planning.start import Start

Plan = dict[str, Any]


@dataclass
class Draft:
    """Collects, decides, and brings along; `make` once."""

    means: Means
    attempt: Attempt
    listing: Listing
    downloads: Downloads
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        means, attempt = self.means, self.attempt
        owner = None if attempt.job.without_token else attempt.job.owner
        errand = Errand(owner, means.rights, self.downloads)
        self.reading = Reading(errand, means.max_age, attempt.jobs.now, attempt.check)
        self.associations = Associations(self.listing, self.reading)
        self.along = Along(self.listing, self.reading, self._list_companions)

    def make(self) -> Plan:
        """All steps; returns what the job's record keeps."""
        request = self.attempt.job.request
        select: Mapping[str, Any] = request.get("select") or {}
        origins = Origins(self.means, self.attempt, self.notes)
        listed = origins.fill(self.listing)
        self.listing.ready()
        wanted = _wanted(select, origins.named)
        self.listing.read_names()
        if wanted.asks_exposures:
            described.by_keywords(self.listing, self.means.open_portal, self.attempt.check)
        self._decide(wanted)
        plan = self._bring_along(select, request.get("start"), wanted)
        self.notes += self.listing.place(request.get("layout") or layout.DEFAULT).notes()
        return self._account(listed) | plan

    def _decide(self, wanted: Selection) -> None:
        question = rows.ask(product.COLUMNS, where=wanted.where)
        self.listing.decide(
            lambda row: selection.excluded(product.of_row(row, mrp=bool(row["mrp"])), wanted), question.where
        )

    def _bring_along(self, select: Mapping[str, Any], start: str | None, wanted: Selection) -> Plan:
        plan: Plan = {}
        if start:
            chosen = self._chosen()
            self.listing.leave_out_all("made_anew")
            self._follow(Start(self.listing, self.associations, start), chosen)
        else:
            self.notes += inputs.bring(self.listing, self.associations, wanted)
        if select.get("parents"):
            self._follow(Parents(self.listing, self.associations), self._chosen())
        if start or select.get("parents"):
            plan["completeness"] = told.of_completeness(self.listing, self.associations, self.along)
            self.notes += told.on_completeness(plan["completeness"])
        if types := select.get("references"):
            wanted_types = frozenset(types) if isinstance(types, list) else frozenset()
            of = MADE_OF_CHOSEN if start else CHOSEN
            plan["references"] = References(self.listing, self.reading, of, wanted_types).add()
            self.notes += told.on_references(plan["references"])
        self.listing.read_names()
        return plan

    def _follow(self, kin: Kin, chosen: list[str]) -> None:
        self.along.bring(kin, chosen)
        self.listing.read_names()

    def _chosen(self) -> list[str]:
        return [row["productFilename"] for row in self.listing.rows("excluded IS NULL AND productType = 'SCIENCE'")]

    def _list_companions(self, wanted: set[tuple[str, str]]) -> None:
        with closing(self.means.open_portal()) as portal:
            found = list(observations.of_numbers(portal, sorted(wanted)))
        self.means.lister.fill(found, self.listing, [], self.attempt.check, excluded=COMPANION)
        self.listing.read_names()
        numbers = ", ".join(f"{int(program)}:{int(number)}" for program, number in sorted(wanted))
        self.notes.append(f"Associations name files of these observations, which were listed as well: {numbers}.")

    def _account(self, listed: int) -> Plan:
        by_reason, size = self.listing.sums()
        counts = selection.counts(self.listing.listed, by_reason)
        if counts["unique"] and not counts["selected"]:
            most = ", ".join(f"{n} by {reason}" for reason, n in Counter(counts["excluded"]).most_common(3))
            self.notes.append(f"The selection left nothing of {counts['unique']} files ({most}).")
        return {"counts": {**counts, "observations": listed}, "bytes": {"total": size}, "notes": self.notes}


def _wanted(select: Mapping[str, Any], named: bool) -> Selection:
    """What is selected; files that were named one by one are all meant, unless the request says otherwise."""
    wanted = selection.of_request(select)
    if not named:
        return wanted
    guide_stars, mrp = select.get("guide_stars") or "include", wanted.mrp or False
    return replace(wanted, guide_stars=guide_stars, mrp=mrp)
