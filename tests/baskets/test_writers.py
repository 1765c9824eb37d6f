"""Several processes write into one basket, and some are killed while they do."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.baskets.conftest import Shop
from topmast_service import container
from topmast_service.domain.basket import KEEP
from topmast_service.domain.rows import Condition
from topmast_service.embedded.backup import back_up
from topmast_service.errors import Busy, UnknownBasket
from topmast_service.store import basket_changes, basket_table

MANY = 20_000
"""More rows than SQLite keeps in memory: some are in the table's file before the change is kept."""


def started(shop: Shop, basket: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.baskets.adding_process", shop.settings.redis_url, str(shop.settings.data)]
    return subprocess.Popen([*command, basket, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def test_killed_in_the_middle_of_a_change_nothing_of_it_is_there(stall: Shop) -> None:
    basket = stall.basket({"uris": ["mast:JWST/product/before.fits"]})
    table = stall.api.baskets.table("alice", basket)
    before, size = table.totals(), table.path.stat().st_size
    with started(stall, basket, "s_1", 0, MANY, "stop") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        assert table.path.stat().st_size > 10 * size  # half of it is on the disk
        process.kill()
    assert stall.api.baskets.table("alice", basket).totals() == before
    assert list(stall.items(basket)) == ["before.fits"]
    with started(stall, basket, "s_1", 0, MANY) as process:
        assert process.wait(60) == 0
    assert stall.api.baskets.table("alice", basket).totals().count == MANY + 1


def test_two_processes_and_a_user_at_once(stall: Shop) -> None:
    basket, baskets = stall.basket(), stall.api.baskets
    done, seen = threading.Event(), set()

    def look() -> None:
        while not done.is_set():
            table = baskets.table("alice", basket)
            with table.opened() as base:
                told = basket_table.totals(base)
                counted = base.execute("SELECT COUNT(*), TOTAL(ticked) FROM rows").fetchone()
            assert (told.count, told.ticked) == counted
            seen.add(told.count)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        writers = [started(stall, basket, f"s_{n}", n * 500, 1000) for n in range(3)]
        try:
            while any(writer.poll() is None for writer in writers):
                baskets.tick("alice", basket, (), ticked=True)
        finally:
            done.set()
            codes = [writer.wait(60) for writer in writers]
            for writer in writers:
                writer.communicate()
        looking.result()
    assert codes == [0, 0, 0]
    assert seen <= {0, 1000, 1500, 2000}
    assert len(stall.items(basket)) == 2000
    baskets.tick("alice", basket, (), ticked=True)
    assert baskets.table("alice", basket).totals().ticked == 2000


def test_what_is_read_in_one_go_is_of_one_moment(stall: Shop) -> None:
    basket, baskets = stall.basket({"uris": ["mast:JWST/product/a.fits"]}), stall.api.baskets
    with ThreadPoolExecutor(1) as pool:
        with baskets.table("alice", basket).opened() as base:
            assert basket_table.totals(base).ticked == 1
            unticking = pool.submit(baskets.tick, "alice", basket, (), ticked=False)
            with pytest.raises(TimeoutError):
                unticking.result(0.3)
            assert base.execute("SELECT ticked FROM rows").fetchone() == (1,)
        assert unticking.result(30).count == 1
    assert baskets.table("alice", basket).totals().ticked == 0


def test_a_change_waits_for_another_for_a_while(stall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    basket = stall.basket({"uris": ["mast:JWST/product/a.fits"]})
    monkeypatch.setattr(basket_changes, "PATIENCE", 0.05)
    with basket_changes.alone(stall.settings.baskets / f"{basket}.sqlite"), pytest.raises(Busy) as told:
        stall.api.baskets.tick("alice", basket, (), ticked=False)
    assert told.value.retry_after == 2
    monkeypatch.setattr(basket_table, "PATIENCE", 0.05)
    reading = stall.api.baskets.ticked("alice", basket)
    next(reading)
    with pytest.raises(Busy):  # whoever reads sees one moment, and a change waits for that
        stall.api.baskets.tick("alice", basket, (), ticked=False)
    assert list(reading) == []
    assert stall.api.baskets.tick("alice", basket, (), ticked=False).count == 1


def test_what_nobody_changed_for_a_year_goes_with_its_table(stall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    old, young = stall.basket(name="old"), stall.basket(name="young")
    records, late = stall.api.baskets.records, stall.api.stores.jobs.now() + KEEP + timedelta(hours=1)
    records.change("alice", young, lambda basket: basket)
    for name in (old, young):
        stall.put(name, {"uris": ["mast:JWST/product/a.fits"]})
    upkeep = container.for_upkeep(stall.settings)
    upkeep.round()
    assert len(list(stall.settings.baskets.glob("*.sqlite"))) == 2
    redis, due = stall.api.stores.redis, records.due(late)
    assert {basket.id for basket in due} == {old, young}
    long_ago = records.get("alice", old).changed - KEEP
    monkeypatch.setattr("topmast_service.store.baskets.time_of", lambda _: long_ago)
    records.change("alice", old, lambda basket: basket)
    monkeypatch.undo()
    redis.delete("topmast:once:baskets")
    upkeep.round()
    with pytest.raises(UnknownBasket):
        records.get("alice", old)
    assert [path.name for path in sorted(stall.settings.baskets.iterdir())] == [f"{young}.lock", f"{young}.sqlite"]


def test_one_that_was_changed_just_before_it_would_be_removed_stays(
    stall: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    basket, baskets = stall.basket(), stall.api.baskets
    seen = replace(baskets.get("alice", basket), changed=stall.api.stores.jobs.now() - 2 * KEEP)
    monkeypatch.setattr(baskets.records, "due", lambda _: [seen])
    baskets.sweep()
    assert baskets.get("alice", basket).name == "m57"


def test_removed_while_somebody_waits_to_change_it(stall: Shop) -> None:
    basket = stall.basket()
    path = stall.settings.baskets / f"{basket}.sqlite"
    with ThreadPoolExecutor(1) as pool:
        with basket_changes.alone(path):
            waiting = pool.submit(stall.api.baskets.strike, "alice", basket, (Condition("size", "gt", ("1",)),))
            with pytest.raises(TimeoutError):
                waiting.result(0.1)
            basket_changes.remove(path)
            stall.api.baskets.records.remove(stall.api.baskets.get("alice", basket))
        with pytest.raises(UnknownBasket):
            waiting.result(10)
    assert list(stall.settings.baskets.iterdir()) == []


def test_a_backup_has_each_basket_as_it_was_at_one_moment(
    stall: Shop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    basket = stall.basket({"uris": ["mast:JWST/product/a.fits", "mast:GALEX/b.fits"]})
    target = tmp_path_factory.mktemp("backup") / "copy"
    back_up(stall.settings, target, records=False)
    assert [path.name for path in (target / "baskets").iterdir()] == [f"{basket}.sqlite"]
    copied = basket_table.BasketTable(target / "baskets" / f"{basket}.sqlite", stall.api.stores.jobs.now())
    assert copied.totals() == stall.api.baskets.table("alice", basket).totals()
    assert copied.count() == 2
