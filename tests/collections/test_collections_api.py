"""GET /v1/collections: what can be searched, by what, and how old that knowledge is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.collections.conftest import NOON, Place
from topmast_service.domain import criteria
from topmast_service.domain.columns import Column
from topmast_service.domain.forms import FORMS, OPERATORS, operators
from topmast_service.domain.metadata import SHIPPED
from topmast_service.errors import TopmastError

VALUES: dict[str, dict[str, Any]] = {
    "string": {"value": "a", "wildcard": "a*", "list": ["a", "b"]},
    "int": {"value": 1, "wildcard": "1*", "list": [1, 2]},
    "float": {"value": 1.5, "wildcard": "1*", "list": [1.5, 2]},
    "boolean": {"value": True, "wildcard": "t*", "list": [True, False]},
    "flag": {"value": True, "wildcard": "t*", "list": [True, False]},
    "date": {"value": "2022-07-01", "wildcard": "2022*", "list": ["2022-07-01", "2022-07-02"]},
}
RANGES: dict[str, Any] = {"date": {"min": "2022-07-01"}}


def test_every_collection_and_the_dictionary_are_listed(place: Place) -> None:
    items = place.get("/v1/collections")["items"]
    assert [item["name"] for item in items] == [*FORMS, "keywords"]
    assert all(place.get(item["links"]["self"])["title"] == item["title"] for item in items)
    assert items[-1]["links"] == {"self": "/v1/collections/keywords", "keywords": "/v1/keywords"}


def test_a_form_tells_what_a_search_may_ask(place: Place) -> None:
    form = place.get("/v1/collections/instrument_keywords")
    columns = {column["name"]: column for column in form["columns"]}
    assert (form["target"], form["expands"], form["key"]) == (False, ["observations"], "dataURI")
    assert columns["instrument"]["values"] == form["choices"]["instrument"]
    assert columns["band"]["services"] == ["miri"]
    assert columns["effexptm"]["unit"] == "s"
    assert columns["category"]["values"][0] == "CAL"
    assert place.columns("observations")["filters"]["many"]


def test_its_examples_are_searches(place: Place) -> None:
    for name in FORMS:
        for example in place.get(f"/v1/collections/{name}")["examples"]:
            assert place.client().post("/v1/searches", json=example).status_code == 202, example


@pytest.mark.parametrize("kind", VALUES)
def test_operators_are_what_a_criterion_may_be(kind: str) -> None:
    column = Column("c", kind)
    ways = {**VALUES[kind], "range": RANGES.get(kind, {"min": 1}), "not": {"not": VALUES[kind]["value"]}, "null": None}
    assert set(ways) == set(OPERATORS)
    taken = {shape for shape, value in ways.items() if _reads(column, value)}
    assert taken == set(operators(FORMS["observations"], column))


def _reads(column: Column, value: Any) -> bool:
    try:
        criteria.parse({"c": value}, {"c": column})
    except TopmastError:
        return False
    return True


def test_columns_tell_their_age(place: Place) -> None:
    def told(collection: str) -> tuple[str, str]:
        form = place.get(f"/v1/collections/{collection}")
        return form["columns_from"], form["columns_as_of"]

    shipped = ("shipped", SHIPPED.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    assert {told(name) for name in FORMS} == {shipped}
    place.refresh()
    assert (
        told("observations") == told("instrument_keywords") == told("wavefront") == ("mast", "2026-07-01T12:00:00.000Z")
    )
    assert told("programs") == shipped  # its columns are ours


def test_one_instrument_that_was_never_heard_makes_the_whole_shipped(place: Place) -> None:
    # The Portal's third answer, after those about observations and NIRCam, and all that follow.
    place.sandbox.post(
        "faults", rules=[{"service": "columnsconfig", "fault": "status", "status": 500, "counted": "all", "after": 2}]
    )
    assert len(place.refresh().failed) == 6
    form = place.get("/v1/collections/instrument_keywords")
    assert form["columns_from"] == "shipped"
    assert [source["columns_from"] for source in form["sources"]] == ["mast", *["shipped"] * 5]


def test_an_unchanged_form_is_not_sent_again(place: Place) -> None:
    def ask(path: str, tag: str) -> int:
        return place.client().get(path, headers={"If-None-Match": tag}).status_code

    for path in ("/v1/collections", "/v1/collections/wavefront"):
        tag = place.client().get(path).headers["ETag"]
        assert not tag.startswith("W/")
        assert (ask(path, tag), ask(path, '"another"')) == (304, 200)
        place.refresh(NOON + timedelta(days=2 * len(path)))
        assert ask(path, tag) == 200
        assert place.client().get(path, headers={"If-Match": tag}).json["code"] == "precondition_failed"


def test_an_unknown_collection_has_a_code_and_the_nearest_names(place: Place) -> None:
    problem = place.get("/v1/collections/instrument_keyword", 404)
    assert (problem["code"], problem["errors"][0]["suggestions"][0]) == ("unknown_collection", "instrument_keywords")


def test_forms_need_a_key(place: Place) -> None:
    client = place.app.test_client()
    assert {client.get(f"/v1/{path}").status_code for path in ("collections", "keywords", "keywords/visit")} == {401}
