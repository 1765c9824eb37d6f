"""The sandbox makes its keyword rows once, and again after an event."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from topmast_sandbox.catalogue import Catalogue, open_catalogue
from topmast_sandbox.clock import Clock


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def catalogue(clock: Clock) -> Catalogue:
    return open_catalogue(clock=clock, scale=0.001)


def versions(catalogue: Catalogue, service: str = "Fgs") -> dict[str, str]:
    return {row["dataURI"]: row["cal_ver"] for row in catalogue.keywords(service, checksums=False)}


def test_an_event_gives_other_rows(catalogue: Catalogue) -> None:
    before = versions(catalogue)
    program = next(catalogue.keywords("Fgs"))["program"]
    held = next(row for row in catalogue.keywords("Fgs") if row["program"] == program)
    report = catalogue.reprocess(program=str(program))
    after = versions(catalogue)
    changed = {uri for uri in after if after[uri] != before.get(uri)}
    assert changed
    assert changed <= {*report["changed"], *report["new"]}
    assert held["cal_ver"] in before.values()


def test_rewritten_bytes_give_another_size(catalogue: Catalogue) -> None:
    row = next(catalogue.keywords("Fgs"))
    catalogue.rewrite(row["dataURI"], "longer")
    again = next(r for r in catalogue.keywords("Fgs") if r["dataURI"] == row["dataURI"])
    assert again["fileSize"] > row["fileSize"]


def test_rows_do_not_depend_on_the_clock(catalogue: Catalogue, clock: Clock) -> None:
    """What the cache rests on: they are made at two moments, an event between them, and are the same."""
    before = [dict(row) for row in catalogue.keywords("Wss", checksums=False)]
    now = clock.now()
    clock.set(datetime(2090, 1, 1, tzinfo=UTC))
    catalogue.rewrite(next(catalogue.keywords("Fgs"))["dataURI"], "same")
    assert [dict(row) for row in catalogue.keywords("Wss", checksums=False)] == before
    clock.set(now)


def test_many_threads_make_them_once(catalogue: Catalogue) -> None:
    with ThreadPoolExecutor(4) as pool:
        tables = list(pool.map(lambda _: list(catalogue.keywords("Miri", checksums=False)), range(8)))
    assert {len(rows) for rows in tables} == {len(tables[0])}
    assert tables[0][0] == tables[-1][0]


def test_a_row_has_every_column_and_no_checksum_unless_asked(catalogue: Catalogue) -> None:
    row = next(catalogue.keywords("Wss", checksums=False))
    assert list(row) == [name for name, _ in catalogue.keyword_columns("Wss")]
    assert row["checksum"] is None
    assert len(next(catalogue.keywords("Wss"))["checksum"]) == 32
