"""GET /v1/searches/{id}/sky as JSON."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site
from tests.sky.rows import MIXED, row
from topmast_service.api import sky as route
from topmast_service.domain.regions import MAX_POINTS, separation


def page(client: FlaskClient, search_id: str, **query: object) -> dict:
    answer = client.get(f"/v1/searches/{search_id}/sky", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_every_row_is_there_with_or_without_coordinates(site: Site, client: FlaskClient) -> None:
    found = page(client, site.search(rows=MIXED).id)
    assert [item["obs_id"] for item in found["items"]] == [r["obs_id"] for r in MIXED]
    by_name = {item["obs_id"]: item for item in found["items"]}
    assert found["total"] == 9
    assert found["without_coordinates"] == 2
    assert by_name["nowhere"] == {
        "_row": 6, "obs_id": "nowhere", "access": "public", "position": None, "moving": False, "shapes": None,
        "capped": False, "unreadable": False,
    }  # fmt: skip
    assert (by_name["torn"]["shapes"], by_name["torn"]["unreadable"]) == (None, True)
    assert (by_name["place only"]["shapes"], by_name["place only"]["position"]) == (None, {"ra": 283.4, "dec": 33.0})
    assert [n for n, i in by_name.items() if i["moving"]] == ["titan"]
    assert [i["access"] for i in found["items"][2:4]] == ["exclusive", "planned"]


def test_a_polygon_in_degrees(site: Site, client: FlaskClient) -> None:
    [item] = page(client, site.search(rows=[row("one", 359.999, 0.0)]).id)["items"]
    [shape] = item["shapes"]
    assert (shape["type"], shape["radius"], len(shape["points"])) == ("polygon", None, 4)
    assert all(0 <= ra < 360 for ra, _ in shape["points"])
    assert {round(dec, 6) for _, dec in shape["points"]} == {-0.02, 0.02}


def test_a_circle(site: Site, client: FlaskClient) -> None:
    [item] = page(client, site.search(rows=[row("one", s_region="CIRCLE 10 -5 0.25")]).id)["items"]
    assert item["shapes"] == [{"type": "circle", "points": [[10.0, -5.0]], "radius": 0.25}]


def test_slitlets_are_thinned_and_say_so(site: Site, client: FlaskClient) -> None:
    items = page(client, site.search(rows=MIXED).id, where="obs_id:eq:slitlets")["items"]
    assert [item["capped"] for item in items] == [True]
    assert sum(len(s["points"]) for s in items[0]["shapes"]) <= MAX_POINTS


def test_a_page_is_bounded_and_goes_on_where_it_ended(
    site: Site, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "MOST_CORNERS", 5000)
    search = site.search(rows=[row(f"r{i}", s_region=MIXED[1]["s_region"]) for i in range(50)])
    names, cursor, pages = [], "", 0
    while True:
        answer = client.get(f"/v1/searches/{search.id}/sky", query_string={"limit": 1000, "cursor": cursor})
        assert len(answer.data) < 400_000
        names += [item["obs_id"] for item in answer.json["items"]]
        pages += 1
        if answer.json["next"] is None:
            break
        cursor = answer.json["next"]
        assert f"cursor={cursor}" in answer.headers["Link"]
    assert names == [f"r{i}" for i in range(50)]
    assert pages == -(-50 * MAX_POINTS // 5000)


def test_limit_and_cursor(site: Site, client: FlaskClient) -> None:
    search = site.search(rows=MIXED)
    first = page(client, search.id, limit=4)
    second = page(client, search.id, limit=5, cursor=first["next"])
    assert [i["_row"] for i in first["items"] + second["items"]] == list(range(1, 10))
    assert second["next"] is None


def test_the_field_is_about_the_target_and_holds_everything(site: Site, client: FlaskClient) -> None:
    found = page(client, site.search(rows=[row("near"), row("far", 283.9, 33.2)]).id)
    assert found["target"] == {"ra": 283.4, "dec": 33.0, "radius": 1 / 60}
    assert found["center"] == {"ra": 283.4, "dec": 33.0}
    corners = [p for item in found["items"] for shape in item["shapes"] for p in shape["points"]]
    assert max(separation((283.4, 33.0), tuple(p)) for p in corners) == pytest.approx(found["extent_deg"] / 2)


def test_without_a_target_the_middle_is_that_of_the_page(site: Site, client: FlaskClient) -> None:
    search = site.search(rows=[row("a", 359.9, 0.0), row("b", 0.1, 0.0)])
    site.change(search.id, result=search.result | {"resolved": None})
    found = page(client, search.id)
    assert found["target"] is None
    assert separation((found["center"]["ra"], found["center"]["dec"]), (0.0, 0.0)) < 1e-6
    assert 0.2 < found["extent_deg"] < 0.3


def test_nothing_has_no_field(site: Site, client: FlaskClient) -> None:
    search = site.search(rows=[row("nowhere", None, None)])
    site.change(search.id, result=search.result | {"resolved": None})
    found = page(client, search.id)
    assert (found["center"], found["extent_deg"], found["without_coordinates"]) == (None, None, 1)


def test_etag_saves_the_second_answer(site: Site, client: FlaskClient) -> None:
    search = site.search(rows=MIXED)
    url = f"/v1/searches/{search.id}/sky"
    etag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(url, headers={"If-Match": '"another"'}).json["code"] == "precondition_failed"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"where": "nonsense"}, 422, "invalid"),
        ({"where": "s_raa:gt:1"}, 422, "unknown_column"),
        ({"sort": "obs_id"}, 422, "invalid"),
        ({"cursor": "abc"}, 400, "cursor_mismatch"),
        ({"format": "gif"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_asked(site: Site, client: FlaskClient, query: dict, status: int, code: str) -> None:
    answer = client.get(f"/v1/searches/{site.search(rows=MIXED).id}/sky", query_string=query)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_what_is_not_there(site: Site, client: FlaskClient) -> None:
    def asked(search_id: str) -> tuple[int, str]:
        answer = client.get(f"/v1/searches/{search_id}/sky")
        return answer.status_code, answer.json["code"]

    assert asked("s_0123456789abcdef") == (404, "unknown_job")
    assert asked(site.search(owner="bob").id) == (404, "unknown_job")
    assert asked(site.search("EXECUTING").id) == (409, "not_ready")
    assert asked(site.search("ERROR").id) == (409, "no_result")
    gone = site.search()
    (site.settings.tables / f"{gone.id}.sqlite").unlink()
    assert asked(gone.id) == (410, "expired")


def test_nobody_reads_it_as_text(site: Site, client: FlaskClient) -> None:
    answer = client.get(f"/v1/searches/{site.search().id}/sky", headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.json["code"]) == (406, "not_acceptable")


def test_numbers_are_json(site: Site, client: FlaskClient) -> None:
    answer = client.get(f"/v1/searches/{site.search(rows=MIXED).id}/sky")
    assert answer.mimetype == "application/json"
    json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
