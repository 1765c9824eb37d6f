"""Rows, tables and what a notebook shows."""

from __future__ import annotations

import sys

import pytest

import topmast
from tests.sdk.documents import job, search
from tests.sdk.scripted import Answer, Seen, in_turn


def found(client: topmast.Client, **members: object) -> topmast.Search:
    return topmast.Search.from_json({**search(), **members}, client._session)


def paged(rows: list[dict[str, object]], limit: int):
    """A list as the service pages it."""

    def script(seen: Seen) -> Answer:
        start = int(seen.value("cursor") or 0)
        more = str(start + limit) if start + limit < len(rows) else None
        return Answer(body={"items": rows[start : start + limit], "next": more, "total": len(rows)})

    return script


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_rows_are_all_rows_whatever_the_pages(serve, count) -> None:
    rows = [{"_row": number} for number in range(count)]
    service, client, _ = serve(paged(rows, 2))
    assert list(found(client).rows()) == rows
    assert len(service.seen) == max(1, -(-count // 2))


def test_rows_since_an_earlier_search(serve) -> None:
    service, client, _ = serve(paged([{"_row": 1, "_change": "new"}], 2))
    new = found(client)
    assert [row["_change"] for row in new.rows(since="s_0")] == ["new"]
    assert list(new.rows(since=new))
    assert [dict(seen.query)["since"] for seen in service.seen] == ["s_0", new.id]


def test_pages_are_fetched_while_reading(serve) -> None:
    service, client, _ = serve(paged([{"_row": number} for number in range(9)], 2))
    rows = found(client).rows(where={"filters": ["F560W", "F770W"]}, sort="-t_min", columns=["obs_id"], page_size=2)
    assert service.seen == []
    next(rows)
    assert len(service.seen) == 1
    assert service.seen[0].query == [
        ("where", "filters:in:F560W,F770W"),
        ("sort", "-t_min"),
        ("columns", "obs_id"),
        ("limit", "2"),
    ]


def test_a_page_emptied_between_two_requests(serve) -> None:
    _, client, _ = serve(
        in_turn(Answer(body={"items": [{"_row": 1}], "next": "a"}), Answer(body={"items": [], "next": None}))
    )
    assert len(list(found(client).rows())) == 1


def test_a_cursor_that_comes_back_ends_it(serve) -> None:
    service, client, _ = serve(in_turn(Answer(body={"items": [{"_row": 1}], "next": "a"})))
    with pytest.raises(topmast.BadAnswer, match="came back"):
        list(found(client).rows())
    assert len(service.seen) == 2


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": {}}, {"items": [], "next": 7}])
def test_an_answer_that_is_no_page(serve, body) -> None:
    _, client, _ = serve(in_turn(Answer(body=body)))
    with pytest.raises(topmast.BadAnswer):
        list(found(client).rows())


def test_a_table_has_units_descriptions_types_and_masks(serve) -> None:
    rows = [
        {"_row": 1, "obs_id": "jw1", "t_exptime": 11.1, "calib_level": 3, "access": "public"},
        {"_row": 2, "obs_id": None, "t_exptime": None, "calib_level": -1, "access": "planned"},
    ]
    _, client, _ = serve(paged(rows, 10))
    table = found(client).to_table()
    assert table.colnames == ["obs_id", "t_exptime", "calib_level", "access"]
    assert str(table["t_exptime"].unit) == "s"
    assert table["t_exptime"].description == "Exposure time"
    assert table["t_exptime"].dtype.kind == "f"
    assert table["calib_level"].dtype.kind == "i"
    assert table["t_exptime"].mask.tolist() == [False, True]
    assert table["obs_id"].tolist() == ["jw1", None]
    assert table.meta["search"] == "s_1"


@pytest.mark.parametrize("rows", [[], [{"obs_id": None, "t_exptime": None, "calib_level": "three"}]])
def test_a_table_of_nothing_or_of_surprises(serve, rows) -> None:
    _, client, _ = serve(paged(rows, 10))
    table = found(client).to_table(columns="obs_id,t_exptime,calib_level")
    assert table.colnames == ["obs_id", "t_exptime", "calib_level"]
    assert len(table) == len(rows)


def test_without_astropy_the_extra_is_named(serve, monkeypatch) -> None:
    _, client, _ = serve(paged([], 10))
    monkeypatch.setitem(sys.modules, "astropy.table", None)
    with pytest.raises(topmast.ConfigError, match=r"topmast\[table\]"):
        found(client).to_table()


def test_a_notebook_shows_it_without_asking_and_escapes_everything(serve) -> None:
    service, client, _ = serve(in_turn(Answer(500)))
    evil = "<script>alert(1)</script>"
    document = {**search(), "label": evil, "phase_reason": evil, "id": evil}
    document["error"] = {"code": evil, "detail": evil, "hint": evil}
    document["search"] |= {
        "notes": [evil],
        "columns": [{"name": evil, "unit": evil, "description": evil}],
        "resolved": {"target": evil, "ra": evil},
        "count": evil,
    }
    shown = topmast.Search.from_json(document, client._session)._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert service.seen == []


@pytest.mark.parametrize("kind", [topmast.Search, topmast.Bundle, topmast.Job])
def test_snapshots_of_nothing_show_too(kind) -> None:
    snapshot = kind.from_json({"id": "x_1"})
    assert "x_1" in snapshot._repr_html_()
    assert "\n" not in repr(snapshot)
    with pytest.raises(topmast.UsageError, match="has no client"):
        snapshot.refresh()


def test_nothing_asked_and_the_mission_twice_are_not_sent(serve) -> None:
    service, client, _ = serve(in_turn(Answer(500)))
    with pytest.raises(topmast.UsageError, match="a target or a criterion"):
        client.search()
    with pytest.raises(topmast.UsageError, match="one of them"):
        client.search(mission="JWST", obs_collection="HST")
    assert service.seen == []


def test_submit_does_not_wait(serve) -> None:
    service, client, _ = serve(in_turn(Answer(202, job("s_1", "PENDING"))))
    submitted = client.searches.submit("m57 r=1m", label="mine", criteria={"filters": ["F560W"]}, t_min=(59000, None))
    assert (submitted.phase, submitted.count, submitted.done) == ("PENDING", None, False)
    assert service.seen[0].json == {
        "collection": "observations",
        "target": "m57 r=1m",
        "label": "mine",
        "criteria": {"filters": ["F560W"], "t_min": {"min": 59000}},
    }
    assert len(service.seen) == 1
