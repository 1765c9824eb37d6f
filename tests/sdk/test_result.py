"""A search's result in other forms: files, facets, footprints, the sky plot, its products, its citation."""

from __future__ import annotations

import datetime as dt

import pytest

import topmast
from tests.sdk.documents import job, search
from tests.sdk.scripted import Answer, Reset, Seen, in_turn, problem

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300


def found(client: topmast.Client, **members: object) -> topmast.Search:
    return topmast.Search.from_json({**search(), **members}, client._session)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("rows.csv", "csv"), ("rows.ecsv", "ecsv"), ("rows.vot", "votable"), ("rows.xml", "votable"),
        ("rows.Parquet", "parquet"), ("rows.html", "html"),
    ],
)  # fmt: skip
def test_rows_as_a_file_in_the_format_of_its_name(serve, tmp_path, name, form) -> None:
    service, client, _ = serve(in_turn(Answer(body=PNG)))
    path = found(client).save(tmp_path / "deep" / name, where={"calib_level": 3}, columns="obs_id", sort="-t_min")
    assert path.read_bytes() == PNG
    assert service.seen[0].path == "/v1/searches/s_1/rows"
    assert service.seen[0].query == [
        ("where", "calib_level:eq:3"),
        ("sort", "-t_min"),
        ("columns", "obs_id"),
        ("format", form),
    ]
    assert [p.name for p in path.parent.iterdir()] == [name]


@pytest.mark.parametrize("name", ["rows", "rows.fits", "rows.xlsx"])
def test_a_name_that_says_no_format_is_not_sent(serve, tmp_path, name) -> None:
    service, client, _ = serve(in_turn(Answer(500)))
    with pytest.raises(topmast.UsageError, match=r"\.ecsv"):
        found(client).save(tmp_path / name)
    assert service.seen == []


@pytest.mark.parametrize("fault", [Reset(), Answer(body=PNG, cut=1000), problem(503, "busy")])
def test_a_file_that_breaks_off_is_begun_again_and_never_half_there(serve, tmp_path, fault) -> None:
    _, client, _ = serve(in_turn(fault, Answer(body=PNG)))
    path = tmp_path / "rows.csv"
    path.write_text("of before")
    assert found(client).save(path).read_bytes() == PNG
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".csv"] == ["rows.csv"]


def test_what_was_there_stays_when_nothing_comes(serve, tmp_path) -> None:
    _, client, _ = serve(in_turn(Answer(body=PNG, cut=1000)))
    path = tmp_path / "rows.csv"
    path.write_text("of before")
    with pytest.raises(topmast.ConnectionLost):
        found(client).save(path)
    assert path.read_text() == "of before"


def test_a_refusal_is_an_error_not_a_file(serve, tmp_path) -> None:
    _, client, _ = serve(in_turn(problem(410, "expired", detail="The rows are gone.")))
    with pytest.raises(topmast.Expired):
        found(client).save(tmp_path / "rows.csv")
    assert not (tmp_path / "rows.csv").exists()


def test_facets(serve) -> None:
    service, client, _ = serve(in_turn(Answer(body={"total": 299, "matching": 49, "columns": []})))
    assert found(client).facets(["filters", "t_min"], where="calib_level:eq:3", bins=5)["matching"] == 49
    assert service.seen[0].query == [("where", "calib_level:eq:3"), ("columns", "filters,t_min"), ("bins", "5")]


def test_a_picture_that_is_being_drawn_is_waited_for(serve, tmp_path) -> None:
    drawing = problem(409, "not_ready", headers={"Retry-After": "2"})
    service, client, clock = serve(in_turn(*[drawing] * 12, Answer(body=PNG)))
    path = found(client).sky(tmp_path / "m57.png", where={"access": "public"})
    assert path.read_bytes() == PNG
    assert len(service.seen) == 13
    assert service.seen[0].query == [("where", "access:eq:public"), ("format", "png")]
    assert min(clock.sleeps) >= 2


def test_a_picture_is_not_waited_for_for_ever(serve, tmp_path) -> None:
    _, client, clock = serve(in_turn(problem(409, "not_ready", headers={"Retry-After": "2"})))
    with pytest.raises(topmast.NotReady):
        found(client).sky(tmp_path / "m57.png", timeout=30)
    assert 20 < sum(clock.sleeps) <= 30
    assert not (tmp_path / "m57.png").exists()


def test_footprints_come_page_by_page(serve) -> None:
    def script(seen: Seen) -> Answer:
        later = seen.value("cursor") is not None
        return Answer(body={"items": [{"_row": 2 if later else 1}], "next": None if later else "a"})

    service, client, _ = serve(script)
    assert [item["_row"] for item in found(client).footprints(page_size=1)] == [1, 2]
    assert service.paths() == ["/v1/searches/s_1/sky"] * 2


def test_products_that_were_begun_are_waited_for(serve) -> None:
    def script(seen: Seen) -> Answer:
        if seen.path.endswith("/products"):
            return Answer(202, search("s_2", "QUEUED"), {"Location": "/v1/jobs/s_2"})
        return Answer(body=search("s_2", "COMPLETED", count=7))

    service, client, _ = serve(script)
    products = found(client).products(where={"calib_level": 3})
    assert (products.id, products.phase, products.count) == ("s_2", "COMPLETED", 7)
    assert service.seen[0].query == [("where", "calib_level:eq:3")]


def test_products_that_are_there_are_found(serve) -> None:
    def script(seen: Seen) -> Answer:
        if seen.path.endswith("/products"):
            return Answer(303, search("s_2"), {"Location": "/v1/searches/s_2"})
        return Answer(body=search("s_2"))

    service, client, _ = serve(script)
    assert found(client).products().id == "s_2"
    assert service.paths()[:2] == ["/v1/searches/s_1/products", "/v1/searches/s_2"]


@pytest.mark.parametrize("form", ["text", "bibtex", "ids"])
def test_citation(serve, form) -> None:
    service, client, _ = serve(in_turn(Answer(body="@misc{…}".encode())))
    assert found(client).citation(form) == "@misc{…}"
    assert (service.paths(), service.seen[0].value("format")) == (["/v1/jobs/s_1/citation"], form)


def test_the_options_of_a_search(serve) -> None:
    service, client, _ = serve(in_turn(Answer(202, job("s_1", "PENDING"))))
    client.searches.submit(
        collection="instrument_keywords", expand="observations", count_only=True, max_age=dt.timedelta(hours=1),
        instrument="nircam", program=1345,
    )  # fmt: skip
    assert service.seen[0].json == {
        "collection": "instrument_keywords",
        "criteria": {"instrument": "nircam", "program": 1345},
        "expand": "observations",
        "count_only": True,
        "max_age": 3600,
    }
    with pytest.raises(topmast.UsageError, match="max_age"):
        client.searches.submit("m57", max_age=-1)


def test_what_a_search_says_of_its_limits() -> None:
    part = {"counted_only": True, "truncated": True, "truncated_because": "500,000 rows"}
    said = topmast.Search.from_json({**search(), "search": part})
    assert (said.counted_only, said.truncated_because) == (True, "500,000 rows")
