"""Texts whose grammar JSON Schema cannot say: targets, conditions, orders, lists of columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import schemathesis
from hypothesis import strategies as st

from tests.api.site import COLUMNS, MANIFEST_COLUMNS
from topmast_service.domain import basket
from topmast_service.domain.columns import Column
from topmast_service.domain.product import COLUMNS as PRODUCT

_NAMES = st.integers(1, 99).map("jw01558-o001_t001_miri_f{:02}00w_i2d.fits".format)


def register_formats() -> None:
    """Teach schemathesis the formats that the contract names."""
    schemathesis.openapi.format("portal-target", targets())
    schemathesis.openapi.format("list-of-files", st.lists(_NAMES, min_size=1, max_size=5).map("\n".join))
    schemathesis.openapi.format("iso-day", st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(str))
    tables = {"observation": COLUMNS, "manifest": MANIFEST_COLUMNS}
    tables |= {"item": [*basket.COLUMNS.values()], "product": [*PRODUCT.values()]}
    for kind, columns in tables.items():
        names = st.sampled_from([c.name for c in columns])
        schemathesis.openapi.format(f"{kind}-condition", conditions(columns))
        schemathesis.openapi.format(f"{kind}-sort", orders(columns))
        schemathesis.openapi.format(f"{kind}-columns", st.lists(names, max_size=5).map(",".join))


def targets() -> st.SearchStrategy[str]:
    """A name or coordinates, perhaps with a radius."""
    radius = st.tuples(st.integers(1, 30), st.sampled_from("sm")).map(lambda r: f" r={r[0]}{r[1]}")
    place = st.tuples(st.integers(0, 359), st.integers(-90, 90)).map(lambda p: f"{p[0]} {p[1]:+}")
    name = st.from_regex(r"[A-Za-z][A-Za-z0-9 ]{0,20}[A-Za-z0-9]", fullmatch=True)
    return st.tuples(st.one_of(name, place), st.one_of(st.just(""), radius)).map("".join)


def orders(columns: Sequence[Column]) -> st.SearchStrategy[str]:
    """Up to three columns, up or down."""
    keys = st.tuples(st.sampled_from(["", "-"]), st.sampled_from([c.name for c in columns])).map("".join)
    return st.lists(keys, max_size=3).map(",".join)


def conditions(columns: Sequence[Column]) -> st.SearchStrategy[str]:
    """One condition on one column."""
    texts = st.sampled_from([c.name for c in columns if c.type == "string"])
    numbers = st.sampled_from([c.name for c in columns if c.type in {"int", "float"}])
    words = st.text(alphabet="abcXYZ019 .*-", min_size=1, max_size=8)
    values = st.floats(0, 100, allow_nan=False).map(lambda value: f"{value:.4f}")
    return st.one_of(
        st.tuples(texts, st.sampled_from(["eq", "ne", "like", "in"]), words).map(":".join),
        st.tuples(numbers, st.sampled_from(["lt", "le", "gt", "ge", "eq"]), values).map(":".join),
        st.one_of(texts, numbers).map("{}:null:true".format),
    )
