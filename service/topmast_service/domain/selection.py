"""Which products of a listing belong to a bundle; every one that does not gets a reason.

``listed = unique + duplicates`` and ``unique = selected + excluded`` always hold (user-pains, scenario 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from topmast_service.domain import dates, patterns, rows
from topmast_service.domain.product import COLUMNS, PREFIXES, Product
from topmast_service.errors import Invalid

Span = tuple[float | None, float | None]
"""From and to, either of them open."""

_OPEN: Span = (None, None)
_KINDS = ("types", "sub_groups", "levels", "names", "extensions", "detectors", "exp_types", "visits", "where")
"""What says which kind of file is wanted; a default of recommended products would leave little or nothing of it."""


@dataclass(frozen=True)
class Selection:
    """What a user wants of the products. Empty means: any; texts are in small letters.

    `mrp` left out (None) is on exactly when nothing else says which kind of file is wanted, as the Portal's basket
    begins; with ``sub_groups=["UNCAL"]`` it would leave nothing, since raw files are never recommended. `exclude`,
    `filters`, `size` only narrow, and leave it on.

    Attributes
    ----------
    names, exclude
        Globs of file names, one of which must fit; pieces of file names, none of which may occur.
    size, dates
        Bytes; MJD, beginning of the exposure.
    where
        Conditions on the product table (`domain.rows`), as they were written.
    """

    types: frozenset[str] = frozenset()
    sub_groups: frozenset[str] = frozenset()
    levels: frozenset[int] = frozenset()
    mrp: bool | None = None
    guide_stars: str = "none"
    names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    extensions: frozenset[str] = frozenset()
    detectors: frozenset[str] = frozenset()
    filters: tuple[str, ...] = ()
    exp_types: frozenset[str] = frozenset()
    visits: frozenset[str] = frozenset()
    size: Span = _OPEN
    dates: Span = _OPEN
    where: tuple[str, ...] = ()

    @property
    def only_recommended(self) -> bool:
        """Whether only Minimum Recommended Products pass."""
        nothing_else = not any(getattr(self, kind) for kind in _KINDS) and self.dates == _OPEN
        return (nothing_else and self.guide_stars == "none") if self.mrp is None else self.mrp

    @property
    def asks_exposures(self) -> bool:
        """Whether it asks what only the instrument-keyword services know of an exposure."""
        conditions = any(text.startswith(("exp_type:", "t_min:")) for text in self.where)
        return bool(self.exp_types) or self.dates != _OPEN or conditions


def of_request(select: Mapping[str, Any]) -> Selection:
    """The selection of a bundle request (http.md)."""

    def texts(name: str) -> frozenset[str]:
        return frozenset(str(text).lower() for text in select.get(name) or ())

    return Selection(
        types=texts("types"),
        sub_groups=texts("sub_groups"),
        levels=frozenset(select.get("levels") or ()),
        mrp=select.get("mrp"),
        guide_stars=select.get("guide_stars") or "none",
        names=tuple(sorted(texts("names"))),
        exclude=tuple(sorted(texts("exclude"))),
        extensions=frozenset(text.removeprefix(".") for text in texts("extensions")),
        detectors=texts("detectors"),
        filters=tuple(sorted(texts("filters"))),
        exp_types=texts("exp_types"),
        visits=frozenset(_visit(text) for text in texts("visits")),
        size=_span(select.get("size"), float, float),
        dates=_span(select.get("dates"), lambda text: dates.span(text)[0], lambda text: dates.span(text)[1]),
        where=tuple(select.get("where") or ()),
    )


def check(select: Mapping[str, Any]) -> None:
    """What can be told of a selection without MAST.

    Raises
    ------
    Invalid, UnknownColumn
        A date that is none, a span that ends before it begins, a condition that cannot be read, a pattern with too
        many wildcards.
    """
    try:
        chosen = of_request(select)
    except ValueError as error:
        raise Invalid(f"select.dates: {error}.") from None
    try:
        patterns.check((*chosen.names, *chosen.filters))
    except ValueError as error:
        raise Invalid(f"select: {error}.") from None
    for name in ("size", "dates"):
        low, high = getattr(chosen, name)
        if low is not None and high is not None and low > high:
            raise Invalid(f"select.{name}: min is above max.")
    rows.ask(COLUMNS, where=chosen.where)


def excluded(product: Product, selection: Selection) -> str | None:
    """Why `product` is left out (``guide_star``, ``level``, ``type``, ``sub_group``, ``not_mrp`` …), or None.

    Conditions of `where` are not among the reasons: the table itself judges them (`store.listing`).
    """
    return next((reason for reason, applies in _REASONS.items() if applies(product, selection)), None)


def _outside_sub_groups(product: Product, selection: Selection) -> bool:
    """MAST labels some level-3 spectra ``ANNNN_X1D``, so label *or* suffix counts; previews share the suffix only."""
    wanted, label = selection.sub_groups, product.sub_group.lower()
    return bool(wanted) and not (label in wanted or (bool(label) and product.suffix in wanted))


def _without_filter(product: Product, selection: Selection) -> bool:
    """``F150W2;F162M`` has two elements; each may be asked for, or the whole as it stands."""
    whole = product.filters.lower()
    found = (whole, *whole.split(";"))
    return not any(fnmatchcase(element, wanted) for wanted in selection.filters for element in found)


def _other_visit(product: Product, selection: Selection) -> bool:
    """A visit is asked for by its number within the observation, or by all eleven digits."""
    return not {product.visit[-3:], product.visit} & selection.visits


def _outside(value: float | None, span: Span) -> bool:
    low, high = span
    if span == _OPEN:
        return False
    return value is None or (low is not None and value < low) or (high is not None and value > high)


_REASONS: Mapping[str, Callable[[Product, Selection], bool]] = {
    "foreign_uri": lambda p, _: not p.uri.startswith(PREFIXES),
    "guide_star": lambda p, s: p.guide_star and s.guide_stars == "none",
    "not_guide_star": lambda p, s: not p.guide_star and s.guide_stars == "only",
    "excluded_name": lambda p, s: any(piece in p.filename.lower() for piece in s.exclude),
    "name": lambda p, s: bool(s.names) and not any(fnmatchcase(p.filename.lower(), glob) for glob in s.names),
    "type": lambda p, s: bool(s.types) and p.type.lower() not in s.types,
    "sub_group": _outside_sub_groups,
    "level": lambda p, s: bool(s.levels) and p.level not in s.levels,
    "extension": lambda p, s: bool(s.extensions) and p.extension not in s.extensions,
    "detector": lambda p, s: bool(s.detectors) and p.detector not in s.detectors,
    "filter": lambda p, s: bool(s.filters) and _without_filter(p, s),
    "exp_type": lambda p, s: bool(s.exp_types) and p.exp_type.lower() not in s.exp_types,
    "visit": lambda p, s: bool(s.visits) and _other_visit(p, s),
    "size": lambda p, s: _outside(p.size, s.size),
    "date": lambda p, s: _outside(p.t_min, s.dates),
    "not_mrp": lambda p, s: s.only_recommended and not p.mrp,
}
"""The reasons in the order in which they are looked for: the first that applies is told."""


def counts(listed: int, by_reason: Iterable[tuple[str | None, int]]) -> dict[str, Any]:
    """The sums of a listing: ``{"listed", "duplicates", "unique", "selected", "excluded": {reason: n}}``.

    Parameters
    ----------
    listed
        Rows that MAST listed, duplicates included.
    by_reason
        How many products were left out for each reason; for None: how many were not.
    """
    numbers = dict(by_reason)
    unique = sum(numbers.values())
    left_out = {reason: n for reason, n in sorted(numbers.items(), key=str) if reason is not None}
    return {
        "listed": listed,
        "duplicates": listed - unique,
        "unique": unique,
        "selected": numbers.get(None, 0),
        "excluded": left_out,
    }


def _visit(text: str) -> str:
    """``1`` and ``001`` are one visit; ``01558005001`` and ``1558:5:1`` name it in full."""
    parts = text.split(":")
    if len(parts) == 3 and all(part.isdigit() for part in parts):
        return f"{int(parts[0]):05}{int(parts[1]):03}{int(parts[2]):03}"
    return f"{int(text):03}" if text.isdigit() and len(text) <= 3 else text.removeprefix("jw")


def _span(given: Mapping[str, Any] | None, low: Callable[[Any], float], high: Callable[[Any], float]) -> Span:
    ends = given or {}
    first, last = ends.get("min"), ends.get("max")
    return (None if first is None else low(first), None if last is None else high(last))
