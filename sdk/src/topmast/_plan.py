"""A dry run: what a bundle would hold and cost, before any byte moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ._bundle import Bundle
from ._html import size
from ._job import Job
from ._paging import items
from ._reading import entries, members, text, whole
from ._where import Names, Where, row_params


@dataclass(frozen=True, repr=False)
class Plan(Job):
    """A plan as it was at one moment; what it says is there once it is done.

    Attributes
    ----------
    counts, bytes : dict
        ``listed = unique + duplicates``, ``unique = selected + excluded``; bytes in all.
    cost : dict
        `cached` and `to_fetch` (files, bytes), `exclusive` (by release), `seconds` (earliest, latest), `disk`.
    completeness, references : dict
        What the pipeline would miss, and which reference files come; empty where nobody asked.
    notes : tuple of str
    """

    part: ClassVar[str] = "bundle"
    route: ClassVar[str] = "bundles"

    counts: Mapping[str, Any] = field(default_factory=dict, compare=False)
    bytes: Mapping[str, Any] = field(default_factory=dict, compare=False)
    cost: Mapping[str, Any] = field(default_factory=dict, compare=False)
    completeness: Mapping[str, Any] = field(default_factory=dict, compare=False)
    references: Mapping[str, Any] = field(default_factory=dict, compare=False)
    notes: tuple[str, ...] = ()

    @classmethod
    def _members(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        part = members(document.get("bundle"))
        known = {name: members(part.get(name)) for name in ("counts", "bytes", "completeness", "references")}
        notes = tuple(text(note) for note in entries(part.get("notes")))
        return super()._members(document) | known | {"cost": members(part.get("plan")), "notes": notes}

    def products(self, *, where: Where = None, sort: Names = None, columns: Names = None) -> Iterator[dict[str, Any]]:
        """Every listed product, each once; `excluded` says why one is left out, `needed_for` why one comes along."""
        return items(self._talk(), f"{self._own_path()}/products", row_params(where, sort, columns))

    def bundle(
        self,
        *,
        notify: str | Iterable[str | Mapping[str, str]] | None = None,
        retention_days: int | None = None,
        label: str | None = None,
        release: str | None = None,
    ) -> Bundle:
        """Stage exactly what was planned; the parameters are those of `Bundles.submit`."""
        from ._groups import Bundles

        more: dict[str, Any] = {"retention_days": retention_days, "label": label, "release": release}
        return Bundles(self._talk()).submit(self, notify=notify, **more)

    def _facts(self) -> list[tuple[str, object]]:
        listed = ", ".join(f"{self.counts[n]} {n}" for n in ("listed", "unique", "selected") if n in self.counts)
        come, here = members(self.cost.get("to_fetch")), members(self.cost.get("cached"))
        cost = f"{come.get('files', 0)} files, {size(whole(come.get('bytes')))} to fetch; {here.get('files', 0)} here"
        missing = f"{self.completeness['missing_count']} things" if self.completeness.get("missing_count") else ""
        return [*super()._facts(), ("files", listed), ("cost", cost), ("missing", missing), *_notes(self.notes)]

    def _brief(self) -> str:
        return super()._brief() + (f" {self.counts['selected']} files" if "selected" in self.counts else "")


def _notes(notes: tuple[str, ...]) -> list[tuple[str, object]]:
    return [("note", note) for note in notes]
