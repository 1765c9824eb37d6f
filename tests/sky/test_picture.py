"""GET /v1/searches/{id}/sky as a picture: asked for, drawn, kept, removed."""

from __future__ import annotations

import base64
import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import matplotlib.image
import pytest
import redis
from flask.testing import FlaskClient

from tests.api.site import Client, Site
from tests.sky.rows import MIXED, row
from topmast_service.api import sky as route
from topmast_service.api.app import create_app
from topmast_service.api.waiting import Waiters
from topmast_service.container import Api
from topmast_service.store.messages import QUERY, Messages
from topmast_service.worker.celery_app import make_worker_app
from topmast_service.workflows.control import rows_table, stale_table
from topmast_service.workflows.sky import Skies, Wanted

PNG = {"Accept": "image/png"}


def url(search_id: str) -> str:
    return f"/v1/searches/{search_id}/sky"


def pictures(site: Site) -> list[str]:
    return sorted(p.name for p in site.settings.tables.glob("*.png"))


def with_drawing(site: Site, send: Callable[[str, Sequence[str], bool], None]) -> FlaskClient:
    """A client of an API whose calls for pictures go to `send`."""
    api: Api = replace(site.api, skies=replace(site.api.skies, send=send))
    app = create_app(api)
    app.test_client_class = Client
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {site.keys['ann']}"
    return client


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a picture."""
    monkeypatch.setattr(route, "DRAWN_WITHIN", 0.2)


def test_a_picture_by_accept_and_by_format(site: Site, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topmast_service.pictures.sky.DOTS_PER_INCH", 150)
    search = site.search(rows=MIXED)
    answer = client.get(url(search.id), headers=PNG)
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    height, width, _ = matplotlib.image.imread(io.BytesIO(answer.data)).shape
    assert (width, 1000 < height < 1500) == (1200, True)
    again = client.get(url(search.id), query_string={"format": "png"})
    assert again.data == answer.data
    assert client.get(url(search.id), headers={**PNG, "If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert len(pictures(site)) == 1


def test_another_where_is_another_picture(site: Site, client: FlaskClient) -> None:
    search = site.search(rows=MIXED)
    one, two = (
        client.get(url(search.id), query_string={"format": "png", "where": where}).data
        for where in ("obs_id:eq:mosaic", "obs_id:eq:planned")
    )
    assert one != two
    assert len(pictures(site)) == 2


@pytest.mark.parametrize("query", [{"limit": 5}, {"cursor": "abc"}, {"where": "nonsense"}, {"where": "s_ra:gt:east"}])
def test_what_a_picture_does_not_take_is_told_before_it_is_drawn(
    site: Site, client: FlaskClient, query: dict[str, object]
) -> None:
    answer = client.get(url(site.search().id), query_string={"format": "png", **query})
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    assert pictures(site) == []


@pytest.mark.usefixtures("brief")
def test_a_worker_that_died_is_asked_again_by_the_next(site: Site) -> None:
    search, asked = site.search(), []

    def send(search_id: str, where: Sequence[str], stale: bool) -> None:
        asked.append((search_id, list(where), stale))
        if len(asked) == 2:
            site.api.skies.draw(Wanted(search_id, tuple(where)))

    client = with_drawing(site, send)
    first = client.get(url(search.id), headers=PNG, query_string={"where": "calib_level:ge:2"})
    assert (first.status_code, first.json["code"]) == (409, "not_ready")
    assert int(first.headers["Retry-After"]) > 0
    assert client.get(url(search.id), headers=PNG, query_string={"where": "calib_level:ge:2"}).status_code == 200
    assert asked == [(search.id, ["calib_level:ge:2"], False)] * 2
    assert client.get(url(search.id), headers=PNG, query_string={"where": "calib_level:ge:2"}).status_code == 200
    assert len(asked) == 2


def test_who_finds_all_places_taken_is_answered_at_once(site: Site) -> None:
    waiters = Waiters(site.api.control, threads=4)  # a quarter of them: one place
    looks: list[str] = []

    def first() -> bool:
        """Ready at the second look, which is made from the place; another comes meanwhile."""
        if looks:
            assert not waiters.until(lambda: bool(looks.append("second")), 600)
        looks.append("first")
        return len(looks) > 1

    assert waiters.until(first, 600)
    assert looks == ["first", "second", "first"]


def test_a_picture_that_somebody_draws_is_not_drawn_twice(site: Site) -> None:
    search, skies = site.search(), site.api.skies
    wanted = Wanted(search.id)
    aside = skies.path(wanted).with_name(f".{wanted.name}.writing")
    with aside.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        skies.draw(wanted)
        assert not skies.ready(wanted)
        other.write(b"half a picture of one who dies")
    skies.draw(wanted)
    assert skies.path(wanted).read_bytes().startswith(b"\x89PNG")
    assert not aside.exists()


def test_a_picture_of_yesterday_is_drawn_anew(site: Site, client: FlaskClient) -> None:
    search = site.search(rows=MIXED)
    client.get(url(search.id), headers=PNG)
    picture = site.api.skies.path(Wanted(search.id))
    picture.write_bytes(b"old")
    os.utime(picture, (1, 1))
    assert client.get(url(search.id), headers=PNG).data.startswith(b"\x89PNG")


def test_while_mast_is_away_the_picture_is_that_of_the_earlier_answer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = []
    monkeypatch.setattr("topmast_service.workflows.sky._draw", lambda scene, file: handed.append(scene))
    earlier, later = site.search(rows=[row("earlier")]), site.search("EXECUTING")
    site.change(later.id, result={"stale": earlier.result})
    shutil.copy(rows_table(site.settings.tables, earlier.id), stale_table(site.settings.tables, later.id))
    assert site.client().get(url(later.id)).json["stale"] is True
    site.client().get(url(later.id), headers=PNG)
    assert handed[0].notes[:2] == ["1 row.", "MAST is away: this is an earlier answer."]
    assert pictures(site) == [Wanted(later.id, (), stale=True).name]
    assert Wanted(later.id).name != Wanted(later.id, (), stale=True).name


def test_access_can_be_asked_for(site: Site, client: FlaskClient) -> None:
    search = site.search(rows=MIXED)
    found = client.get(url(search.id), query_string={"where": "access:in:planned,exclusive"}).json
    assert [item["obs_id"] for item in found["items"]] == ["exclusive", "planned"]
    assert client.get(url(search.id), query_string={"where": "access:eq:planned", "format": "png"}).status_code == 200


def test_what_cannot_be_drawn_is_told_and_not_tried_for_ever(
    site: Site, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    search, tried = site.search(), []

    def fail(scene: object, file: IO[bytes]) -> None:
        tried.append(file.write(b"half"))
        raise RuntimeError("no font")

    monkeypatch.setattr("topmast_service.workflows.sky._draw", fail)
    for _ in range(3):
        answer = client.get(url(search.id), headers=PNG)
        assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert len(tried) == 1
    os.utime(site.api.skies.path(Wanted(search.id)), (1, 1))
    monkeypatch.undo()
    assert client.get(url(search.id), headers=PNG).data.startswith(b"\x89PNG")


def test_pictures_go_with_their_search(site: Site, client: FlaskClient) -> None:
    search, other = site.search(rows=MIXED), site.search(rows=MIXED)
    for one in (search, other):
        assert client.get(url(one.id), headers=PNG).status_code == 200
    client.delete(f"/v1/jobs/{search.id}")
    assert pictures(site) == [Wanted(other.id).name]


def test_a_search_removed_while_it_is_drawn_leaves_nothing(site: Site) -> None:
    search = site.search(rows=MIXED)

    class Removing(Skies):
        def ready(self, wanted: Wanted) -> bool:
            site.client().delete(f"/v1/jobs/{wanted.search_id}")
            return False

    Removing(site.api.stores.jobs, site.settings.tables, lambda *_: None).draw(Wanted(search.id))
    assert [p.name for p in site.settings.tables.iterdir() if search.id in p.name] == []


def test_the_call_that_goes_to_a_worker_has_it_drawn(site: Site) -> None:
    search = site.search(rows=MIXED)
    Messages(site.settings.redis_url, 1).draw(search.id, ["calib_level:ge:2"], False)
    with redis.Redis.from_url(site.settings.redis_url) as client:
        [message] = map(json.loads, client.lrange("topmast-celery:query", 0, -1))
    arguments, _, _ = json.loads(base64.b64decode(message["body"]))
    assert arguments == [search.id, ["calib_level:ge:2"], False]
    app = make_worker_app(site.settings, QUERY)
    app.tasks[message["headers"]["task"]].apply(arguments, throw=True)
    assert pictures(site) == [Wanted(search.id, ("calib_level:ge:2",)).name]


def test_many_rows_are_an_even_choice(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = scene_of(site, [row(f"r{i}", 283.4 + i * 1e-3) for i in range(1000)], monkeypatch, most=100)
    assert sum(mark.rows for mark in drawn.marks) == 100
    assert "One of every 10 of 1,000 rows is drawn." in drawn.notes
    ras = [mark.position[0] for mark in drawn.marks]
    assert (min(ras), max(ras) > 284.3) == (283.4, True)


def test_what_is_not_drawn_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = scene_of(site, MIXED, monkeypatch)
    assert drawn.notes[:4] == [
        "9 rows.",
        "Left out: 1 of moving targets.",
        "Without a place on the sky: 2.",
        "Footprint cannot be read, so at best a ring: 1.",
    ]
    assert "MAST was asked on 2026-07-01" in drawn.notes[4]
    assert drawn.title == "m57 r=1m"
    assert (drawn.cone.name, drawn.cone.radius) == ("m57", 1 / 60)
    # All that look alike are one mark: the depth of a picture is that of the sky.
    assert sorted((m.access, m.rows) for m in drawn.marks) == [
        ("exclusive", 1), ("planned", 1), ("public", 1), ("public", 1), ("public", 1), ("public", 1),
    ]  # fmt: skip


def scene_of(site: Site, rows: list, monkeypatch: pytest.MonkeyPatch, most: int = 20_000):
    """What is handed to the drawing."""
    handed = []
    monkeypatch.setattr("topmast_service.workflows.sky_scene.MOST_DRAWN", most)
    monkeypatch.setattr("topmast_service.workflows.sky._draw", lambda scene, file: handed.append(scene))
    site.api.skies.draw(Wanted(site.search(rows=rows).id))
    return handed[0]


def test_only_a_worker_that_draws_loads_matplotlib(tmp_path: Path) -> None:
    code = """
import sys
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.api.waiting import Waiters
from topmast_service.config import Settings
create_app(container.for_api(Settings()))
assert not {m.split(".")[0] for m in sys.modules} & {"matplotlib", "astropy"}
container.for_query(Settings())
assert "matplotlib" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=tmp_path)
