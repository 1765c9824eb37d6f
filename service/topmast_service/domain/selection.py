"""Which products of a listing belong to a bundle; every one that does not gets a reason.

``listed = unique + duplicates`` and ``unique = selected + excluded`` always hold (user-pains, scenario 2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from topmast_service.domain.product import PREFIXES, Product


@dataclass(frozen=True)
class Selection:
    """What a user wants of the products. Empty means: any.

    `mrp` left out (None) is on exactly when nothing else is asked for, as the Portal's basket begins; with
    ``sub_groups=["UNCAL"]`` it would leave nothing, since raw files are never recommended.
    """

    types: frozenset[str] = frozenset()
    sub_groups: frozenset[str] = frozenset()
    levels: frozenset[int] = frozenset()
    mrp: bool | None = None
    guide_stars: str = "none"

    @property
    def only_recommended(self) -> bool:
        """Whether only Minimum Recommended Products pass."""
        nothing_else = not (self.types or self.sub_groups or self.levels) and self.guide_stars == "none"
        return nothing_else if self.mrp is None else self.mrp


def of_request(select: Mapping[str, Any]) -> Selection:
    """The selection of a bundle request (http.md)."""
    return Selection(
        types=frozenset(t.upper() for t in select.get("types") or ()),
        sub_groups=frozenset(s.upper() for s in select.get("sub_groups") or ()),
        levels=frozenset(select.get("levels") or ()),
        mrp=select.get("mrp"),
        guide_stars=select.get("guide_stars") or "none",
    )


def excluded(product: Product, selection: Selection) -> str | None:
    """Why `product` is left out (``guide_star``, ``level``, ``type``, ``sub_group``, ``not_mrp`` …), or None."""
    tests = {
        "foreign_uri": not product.uri.startswith(PREFIXES),
        "guide_star": product.guide_star and selection.guide_stars == "none",
        "not_guide_star": not product.guide_star and selection.guide_stars == "only",
        "type": bool(selection.types) and product.type.upper() not in selection.types,
        "sub_group": bool(selection.sub_groups) and not _in_sub_groups(product, selection.sub_groups),
        "level": bool(selection.levels) and product.level not in selection.levels,
        "not_mrp": selection.only_recommended and not product.mrp,
    }
    return next((reason for reason, applies in tests.items() if applies), None)


def _in_sub_groups(product: Product, wanted: frozenset[str]) -> bool:
    """MAST labels some level-3 spectra ``ANNNN_X1D``, so label *or* suffix counts; previews share the suffix only."""
    label = product.sub_group.upper()
    return label in wanted or (bool(label) and product.suffix in wanted)


@dataclass
class Account:
    """The sums of a listing; `excluded` counts by reason."""

    listed: int = 0
    unique: int = 0
    selected: int = 0
    bytes: int = 0
    excluded: Counter[str] = field(default_factory=Counter)

    def as_counts(self) -> dict[str, Any]:
        """``{"listed", "duplicates", "unique", "selected", "excluded": {reason: n}}``."""
        return {
            "listed": self.listed,
            "duplicates": self.listed - self.unique,
            "unique": self.unique,
            "selected": self.selected,
            "excluded": dict(sorted(self.excluded.items())),
        }
