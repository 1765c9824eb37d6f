"""What is put into a basket: once each, ticked as MAST's own basket ticks, and marked if it cannot be staged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.baskets.conftest import M57, Shop
from tests.workflows.conftest import product
from topmast_service.domain import job
from topmast_service.domain.basket import COLUMNS, item
from topmast_service.domain.product import DECIDED
from topmast_service.domain.rows import ask
from topmast_service.errors import (
    BasketFull,
    EmptySelection,
    Invalid,
    NotFound,
    NotReady,
    NotToBeBundled,
    UnknownBasket,
)
from topmast_service.store.listing import Listing
from topmast_service.workflows.baskets import Limits
from topmast_service.workflows.search.run import Searches

I2D, CAL, UNCAL = f"{M57}_i2d.fits", "jw01558001001_02101_00001_mirimage_cal.fits", "mirimage_uncal.fits"
URI = "mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits"
NIGHT = {"start": datetime(2022, 2, 1, tzinfo=UTC), "end": datetime(2022, 2, 2, tzinfo=UTC)}


def test_observations_are_listed_and_their_recommended_products_ticked(stall: Shop) -> None:
    basket = stall.basket()
    done = stall.put(basket, {"observations": [M57, "2", "jw-unknown"]})
    assert done.result["notes"] == [
        "MAST does not know 1 of the observations: jw-unknown.", "5 files were put into the basket."
    ]  # fmt: skip
    items = stall.items(basket)
    assert (items[CAL]["listed"], items[CAL]["ticked"]) == (2, False)
    assert stall.ticked(basket) == {I2D, "jw01558-o001_t001_miri_f560w_i2d.fits"}
    assert [row["guide_star"] for name, row in items.items() if "_gs-" in name] == [True]


def test_rows_of_other_missions_stay_and_say_why(stall: Shop) -> None:
    found = stall.search(target="283.396 33.029 r=1m")
    basket = stall.basket()
    done = stall.put(basket, {"search": found.id})
    assert any("planned" in note for note in done.result["notes"])
    assert done.result["notes"][-1] == "8 files were put into the basket; 2 of them cannot be staged."
    items = stall.items(basket)
    galex = {name for name, row in items.items() if row["obs_collection"] == "GALEX"}
    assert galex == {"m57-nd-int.fits", "m57-xd-mcat.fits"}
    assert {items[name]["why_not"] for name in galex} == {"GALEX cannot be staged"}
    assert items["m57-nd-int.fits"]["mrp"]
    changed = stall.api.baskets.tick("alice", basket, (), ticked=True)
    assert (changed.count, changed.barred) == (3, 2)
    assert stall.ticked(basket) == items.keys() - galex
    shown = stall.client().get(f"/v1/baskets/{basket}/items?parent=").json["items"]
    assert [(node["name"], node["count"], node["barred"], node["ticked"]) for node in shown] == [
        ("GALEX", 2, 2, 0), ("JWST", 6, 0, 6)
    ]  # fmt: skip


def test_named_files_are_there_at_once_and_all_ticked(stall: Shop) -> None:
    guide = "mast:JWST/product/jw01558001001_gs-acq1_2022190112233_uncal.fits"
    basket = stall.basket()
    changed = stall.put(basket, {"uris": [URI, guide, URI, "mast:TESS/product/a.fits"]})
    assert (changed.count, changed.barred) == (3, 1)
    series = stall.put(basket, {"series": [{"mnemonic": "sa_zaducmdx", **NIGHT}]})
    assert series.count == 1
    assert stall.woken == []
    items = stall.items(basket)
    assert {name: row["ticked"] for name, row in items.items()} == {
        I2D: True, guide.rpartition("/")[2]: True, "a.fits": False,
        "SA_ZADUCMDX-20220201T000000-20220202T000000.csv": True,
    }  # fmt: skip
    assert items["a.fits"]["why_not"] == "TESS cannot be staged"
    assert all(row["mrp"] for row in stall.api.baskets.ticked("alice", basket))


def test_what_mast_lists_completes_what_was_only_named(stall: Shop) -> None:
    basket = stall.basket({"uris": [URI]})
    stall.api.baskets.tick("alice", basket, (), ticked=False)
    stall.put(basket, {"observations": [M57]})
    row = stall.items(basket)[I2D]
    assert (row["productType"], row["calib_level"], row["mrp"]) == ("SCIENCE", 3, True)
    assert row["ticked"]  # recommended only now
    stall.api.baskets.tick("alice", basket, (), ticked=False)
    stall.put(basket, {"observations": [M57]})
    assert not stall.items(basket)[I2D]["ticked"]  # its owner wanted it so
    stall.put(basket, {"uris": [URI]})
    row = stall.items(basket)[I2D]
    assert (row["ticked"], row["productType"]) == (True, "SCIENCE")
    assert len(stall.items(basket)) == 4


def test_chosen_rows_of_searches(stall: Shop) -> None:
    found = stall.search(target="283.396 33.029 r=1m")
    basket = stall.basket()
    done = stall.put(basket, {"search": found.id}, ("filters:eq:F560W",))
    assert done.result["count"] == 2
    made = stall.api.submissions.products(stall.alice, found.id, []).job
    products = stall.ran(made.id)
    files = stall.put(basket, {"search": products.id}, ("calib_level:eq:1",))
    assert files.count == 2
    assert {name for name in stall.ticked(basket) if "uncal" in name} == {
        name for name in stall.items(basket) if "uncal" in name
    }


@pytest.mark.parametrize(
    ("source", "where", "error"),
    [
        ({}, (), Invalid),
        ({"uris": [URI], "observations": ["a"]}, (), Invalid),
        ({"uris": []}, (), EmptySelection),
        ({"uris": [URI]}, ("size:gt:1",), Invalid),
        ({"series": [{"mnemonic": "A", "start": NIGHT["end"], "end": NIGHT["start"]}]}, (), Invalid),
        ({"search": "FOUND"}, ("calib_level:eq:high",), Invalid),
        ({"search": "WAITING"}, (), NotReady),
        ({"search": "PROGRAMS"}, (), NotToBeBundled),
        ({"search": "BOBS"}, (), NotFound),
    ],
)
def test_what_cannot_be_put_in_is_refused_before_anything_is_begun(
    stall: Shop, source: dict[str, Any], where: tuple[str, ...], error: type[Exception]
) -> None:
    bob = stall.api.stores.users.add("bob")
    named = {
        "FOUND": lambda: stall.search(target="283.396 33.029 r=1m").id,
        "WAITING": lambda: stall.api.submissions.search(stall.alice, {"target": "m57 r=1m"}).job.id,
        "PROGRAMS": lambda: stall.search(collection="programs", criteria={"program": "1558"}).id,
        "BOBS": lambda: stall.api.submissions.search(bob, {"target": "m57 r=1m"}).job.id,
    }
    if source.get("search") in named:
        source = {"search": named[source["search"]]()}
    basket = stall.basket()
    woken = len(stall.woken)
    with pytest.raises(error):
        stall.put(basket, source, where)
    assert (stall.items(basket), len(stall.woken)) == ({}, woken)


def test_a_worker_killed_after_the_files_were_put_in_puts_them_in_once(
    stall: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    basket = stall.basket()
    new = stall.api.additions.add(stall.alice, basket, {"observations": [M57]}, ()).job
    with monkeypatch.context() as patched:
        patched.setattr(Searches, "_finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            stall.ran(new.id)
    assert len(stall.items(basket)) == 4
    # Its owner goes on before the next worker comes.
    stall.api.baskets.tick("alice", basket, (), ticked=False)
    stall.api.baskets.strike("alice", basket, ask(["dataURI"], where=["dataURI:like:*uncal*"]).where)
    stall.api.stores.jobs.change(new.id, lambda j: replace(j, lease_until=j.created))
    done = stall.ran(new.id)
    assert (done.phase, done.attempt) == (job.COMPLETED, 2)
    assert stall.items(basket).keys() == {I2D, CAL}
    assert stall.ticked(basket) == set()


def test_a_basket_that_is_gone_or_full_ends_the_search(stall: Shop) -> None:
    basket = stall.basket()
    new = stall.api.additions.add(stall.alice, basket, {"observations": [M57]}, ()).job
    stall.api.baskets.delete("alice", basket)
    assert stall.ran(new.id).error["code"] == "unknown_basket"
    with pytest.raises(UnknownBasket):
        stall.put(basket, {"uris": [URI]})
    full = stall.basket(name="full")
    stall.settings = replace(stall.settings, basket_items=3)
    new = stall.api.additions.add(stall.alice, full, {"observations": [M57]}, ()).job
    done = stall.ran(new.id)
    assert (done.phase, done.error["code"]) == (job.ERROR, "basket_full")
    assert stall.items(full) == {}


def test_a_full_basket_takes_nothing_of_what_is_too_much(stall: Shop) -> None:
    baskets = replace(stall.api.baskets, limits=Limits(1, 2))
    basket = stall.basket({"uris": [URI]})
    rows = [{"dataURI": f"mast:JWST/product/{n}.fits"} for n in range(2)]
    with pytest.raises(BasketFull):
        baskets.add("alice", basket, "s_1", rows, named=True)
    assert len(stall.items(basket)) == 1
    assert baskets.add("alice", basket, "s_1", rows[:1], named=True).count == 1


def test_what_was_delivered_is_taken_out(stall: Shop) -> None:
    basket = stall.basket({"uris": [URI, "mast:JWST/product/b.fits", "mast:JWST/product/c.fits"]})
    delivered = [str(row["dataURI"]) for row in stall.api.baskets.ticked("alice", basket)][:2]
    changed = stall.api.baskets.remove("alice", basket, iter([*delivered, "mast:JWST/product/other.fits"]))
    assert changed.count == 2
    assert stall.items(basket).keys() == {"c.fits"}
    stall.api.baskets.check_ticked("alice", basket)
    stall.api.baskets.tick("alice", basket, (), ticked=False)
    with pytest.raises(EmptySelection):
        stall.api.baskets.check_ticked("alice", basket)


def test_ticked_rows_are_what_a_bundle_begins_with(stall: Shop) -> None:
    """The rows go through a listing as those of named files do, with MAST's columns."""
    basket = stall.basket({"observations": [M57]})
    with Listing() as listing:
        listing.add(stall.api.baskets.ticked("alice", basket), lambda row: bool(row.get("mrp", True)))
        (row,) = listing.rows()
    asked = next(p for p in (product(1, I2D),) if p["productFilename"] == row["productFilename"])
    assert {name: row[name] for name in ("dataURI", "productType", "calib_level", "size", "mrp")} == {
        **{name: asked[name] for name in ("dataURI", "productType", "calib_level", "size")}, "mrp": 1,
    }  # fmt: skip


def test_a_guide_star_is_ticked_only_by_its_name() -> None:
    """Older builds of MAST recommended gs-track files."""
    row = {"dataURI": "mast:JWST/product/a_gs-track_1_cal.fits", "productSubGroupDescription": "GS-TRACK", "mrp": True}
    assert [item(row, named=named)["ticked"] for named in (False, True)] == [False, True]
    assert item(row | {"productSubGroupDescription": "I2D", "dataURI": URI}, named=False)["ticked"]


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a_i2d.fits", "fits"), ("A_CAT.ECSV", "ecsv"), ("a.fits.gz", "fits.gz"), ("noext", ""), ("a.gz", "gz")],
)
def test_an_item_says_what_its_name_ends_in(name: str, extension: str) -> None:
    assert item({"dataURI": f"mast:JWST/product/{name}"}, named=True)["extension"] == extension


def test_a_file_of_a_basket_can_be_chosen_by_what_its_name_tells(stall: Shop) -> None:
    uri = "mast:JWST/product/jw02733001001_02101_00001_nrca1_uncal.fits"
    basket = stall.basket()
    stall.put(basket, {"uris": [uri]})
    with Listing() as listing:
        listing.add(stall.api.baskets.ticked("alice", basket), lambda row: bool(row.get("mrp", True)))
        listing.read_names()
        (row,) = listing.rows()
    assert {name: row[name] for name in ("detector", "visit", "suffix")} == {
        "detector": "nrca1", "visit": "02733001001", "suffix": "uncal",
    }  # fmt: skip
    assert not COLUMNS.keys() & DECIDED
