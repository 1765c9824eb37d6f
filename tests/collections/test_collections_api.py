"""GET /v1/collections: what can be searched, by what, and how old that knowledge is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.collections.conftest import NOON, Place
from topmast_service.domain import search
from topmast_service.domain.columns import Column
from topmast_service.domain.forms import FORMS, OPERATORS, Form, operators
from topmast_service.domain.metadata import SHIPPED
from topmast_service.errors import TopmastError

TRUTHS: dict[str, Any] = {"value": True, "wildcard": "t*", "list": [True, False]}
VALUES: dict[str, dict[str, Any]] = {
    "string": {"value": "1", "wildcard": "1*", "list": ["1", "2"]},
    "int": {"value": 1, "wildcard": "1*", "list": [1, 2]},
    "float": {"value": 1.5, "wildcard": "1*", "list": [1.5, 2]},
    "boolean": TRUTHS,
    "flag": TRUTHS,
    "date": {"value": "2022-07-01", "wildcard": "2022*", "list": ["2022-07-01", "2022-07-02"]},
}
DOI = {"value": "10.17909/abcd-ef12", "wildcard": "10.17909/*", "list": ["10.17909/abcd-ef12", "10.17909/1"]}
RANGES: dict[str, Any] = {"date": {"min": "2022-07-01", "max": "2022-07-02"}}
ENOUGH: dict[str, dict[str, Any]] = {
    "observations": {"target_name": "a", "instrument_name": "b"},
    "programs": {"program": "1"},
    "instrument_keywords": {"detector": "a", "title": "b"},
    "wavefront": {"ap_type": "a", "apername": "b"},
    "engineering": {"mnemonic": "A", "subsystem": "b"},
    "dois": {"doi": DOI["value"]},
}
"""Criteria each of which finds something, whatever else is asked."""


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


@pytest.mark.parametrize("collection", FORMS)
def test_operators_are_what_a_search_takes(collection: str) -> None:
    form = FORMS[collection]
    for column in form.columns.values():
        taken = {shape for shape, value in _ways(form, column).items() if _takes(form, column, value)}
        assert taken == set(operators(form, column)), column.name


def _ways(form: Form, column: Column) -> dict[str, Any]:
    values = DOI if column.name == "doi" else VALUES[column.type]
    if names := form.choices.get(column.name):
        values = {"value": names[0], "wildcard": f"{names[0]}*", "list": list(names)}
    ways = {**values, "range": RANGES.get(column.type, {"min": 1}), "not": {"not": values["value"]}, "null": None}
    assert ways.keys() == set(OPERATORS)
    return ways


def _takes(form: Form, column: Column, value: Any) -> bool:
    criteria = ENOUGH[form.name] | {column.name: value}
    try:
        search.read({"collection": form.name, "criteria": criteria})
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
