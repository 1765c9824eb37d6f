"""What is looked up without a job, and the user's MAST token."""

from __future__ import annotations

import logging

import pytest

import topmast
from tests.sdk.scripted import KEY, Answer, in_turn, problem
from topmast._messages import Request

TOKEN = "0123456789abcdef0123456789abcdef"


def test_collections_and_the_form_of_one(serve) -> None:
    service, client, _ = serve(
        in_turn(Answer(body={"items": [{"name": "observations"}, 7]}), Answer(body={"name": "dois", "columns": []}))
    )
    assert client.collections() == [{"name": "observations"}]
    assert client.collection("dois")["columns"] == []
    assert service.paths() == ["/v1/collections", "/v1/collections/dois"]


def test_keywords_come_page_by_page(serve) -> None:
    pages = in_turn(
        Answer(body={"items": [{"name": "tsovisit"}], "next": "a"}),
        Answer(body={"items": [{"name": "visitype"}], "next": None}),
        Answer(body={"name": "tsovisit"}),
    )
    service, client, _ = serve(pages)
    assert [found["name"] for found in client.keywords("time series")] == ["tsovisit", "visitype"]
    assert [seen.value("q") for seen in service.seen] == ["time series"] * 2
    assert client.keyword("tsovisit") == {"name": "tsovisit"}


@pytest.mark.parametrize("name", ["jw1_cal.fits", "../../jobs", "a b/c?d#e.fits"])
def test_a_file_name_stays_one_part_of_the_address(serve, name) -> None:
    service, client, _ = serve(in_turn(Answer(body={"program": "1"})))
    assert client.filename(name) == {"program": "1"}
    assert service.paths()[0].count("/") == 3


def test_an_unknown_file_name_tells_what_was_understood(serve) -> None:
    understood = [{"pointer": "name", "detail": "Understood: program 2733; but not '-x'.", "suggestions": []}]
    _, client, _ = serve(in_turn(problem(404, "unknown_filename", detail="no", errors=understood)))
    with pytest.raises(topmast.NotFound) as refused:
        client.filename("jw02733-x.fits")
    assert refused.value.errors == understood


def test_a_token_goes_in_the_body_and_is_never_shown(serve, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    service, client, _ = serve(in_turn(problem(503, "busy", headers={"Retry-After": "1"}), Answer(204, b"")))
    client.set_mast_token(f" {TOKEN}\n")
    first, second = service.seen
    assert (second.method, second.path, second.json) == ("PUT", "/v1/me/mast-token", {"token": TOKEN})
    assert TOKEN not in caplog.text
    assert (first.query, second.query) == ([], [])
    assert second.headers["authorization"] == f"Bearer {KEY}"


def test_a_request_does_not_show_what_it_sends() -> None:
    assert TOKEN not in repr(Request("PUT", "/v1/me/mast-token", json={"token": TOKEN}))


def test_a_token_that_mast_refuses_is_not_in_the_error(serve) -> None:
    _, client, _ = serve(in_turn(problem(422, "token_refused", detail="MAST does not take it.")))
    with pytest.raises(topmast.Invalid) as refused:
        client.set_mast_token(TOKEN)
    assert TOKEN not in repr(refused.value) + str(refused.value)


@pytest.mark.parametrize("token", ["", "  ", None])
def test_no_token_is_not_sent(serve, token) -> None:
    service, client, _ = serve(in_turn(Answer(500)))
    with pytest.raises(topmast.UsageError):
        client.set_mast_token(token)
    assert service.seen == []


def test_what_is_known_of_the_token_and_forgetting_it(serve) -> None:
    service, client, _ = serve(in_turn(Answer(body={"stored": True}), Answer(204, b"")))
    assert client.mast_token() == {"stored": True}
    client.forget_mast_token()
    assert [(seen.method, seen.path) for seen in service.seen][1] == ("DELETE", "/v1/me/mast-token")
