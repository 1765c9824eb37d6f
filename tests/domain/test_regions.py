"""Footprints: what the archive writes into s_region, and what nobody should be misled by."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain.regions import MAX_POINTS, MAX_SHAPES, Footprint, Shape, footprint

REAL = Path(__file__).parents[3] / "shared" / "data"
SQUARE = ((10.0, 1.0), (11.0, 1.0), (11.0, 2.0), (10.0, 2.0))
SLITLETS = " ".join(f"POLYGON ICRS  {i} 1 {i}.1 1 {i}.1 1.1 {i} 1.1" for i in range(300))


@pytest.mark.parametrize(
    "text",
    [
        "POLYGON 10 1 11 1 11 2 10 2",
        "POLYGON ICRS 10 1 11 1 11 2 10 2 10 1",
        "polygon icrs  10.0   1.0\t11.0 1.0\n11.0 2.0 10.0 2.0 ",
        "Polygon ICRS TOPOCENTER SPHERICAL2 10 1 11 1 11 2 10 2",
        "POLYGON J2000 370 1 -349 1 11 2 1e1 2",
        "UNION ICRS (POLYGON 10 1 11 1 11 2 10 2)",
    ],
)
def test_a_polygon_in_any_writing(text: str) -> None:
    assert footprint(text) == Footprint((Shape("polygon", SQUARE),))


def test_a_circle() -> None:
    assert footprint("CIRCLE ICRS -76.6 33.03 0.05") == Footprint((Shape("circle", ((283.4, 33.03),), 0.05),))


def test_several_shapes_one_behind_the_other() -> None:
    found = footprint("POLYGON ICRS 10 1 11 1 11 2 10 2 CIRCLE 5 5 1 POLYGON 0 0 1 0 0.5 1")
    assert found is not None
    assert [s.type for s in found.shapes] == ["polygon", "circle", "polygon"]
    assert not found.capped


def test_right_ascensions_come_round() -> None:
    found = footprint("POLYGON 359.9 0 360.1 0 0.1 0.2 -0.1 0.2 -1e-20 0.3")
    assert found is not None
    assert [round(ra, 6) for ra, _ in found.shapes[0].points] == [359.9, 0.1, 0.1, 359.9, 0.0]


@pytest.mark.parametrize(
    "text",
    [
        None, "", "   ", 3.0, "N/A", "NULL", "POLYGON", "POLYGON ICRS", "CIRCLE 1 2", "CIRCLE 1 2 0", "CIRCLE 1 2 -1",
        "CIRCLE 1 2 3 4", "POLYGON 1 2 3 4", "POLYGON 1 2 3 4 5", "POLYGON 1 1 1 1 1 1 1 1", "POLYGON 1 91 2 0 3 0",
        "POLYGON 1 nan 2 0 3 0", "POLYGON 1 2 inf 3 4 5", "POLYGON GALACTIC 1 2 3 4 5 6", "10 1 11 1 11 2",
        "POLYGON 1 2 3 4 5 6 CIRCLE 1 2",
        "INTERSECTION ICRS (CIRCLE 1 2 3 CIRCLE 1 2 4)", "POLYGON 1 2 3 4 5 6 7 8 ICRS",
        "POLYGON 999 2 3 4 5 6", "BOX ICRS 1 2 3 4", "POLYGON 283.1 33.0 283.2 33.1 283.", "<html>",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_no_footprint(text: object) -> None:
    assert footprint(text) is None


def test_a_list_of_slitlets_is_thinned_and_says_so() -> None:
    found = footprint(SLITLETS)
    assert found is not None
    assert found.capped
    assert len(found.shapes) == MAX_SHAPES
    # From end to end: a list cut off would look like a smaller observation.
    assert (found.shapes[0].points[0][0], found.shapes[-1].points[0][0]) == (0.0, 299.0)
    whole = footprint(SLITLETS, 1000, 10_000)
    assert whole is not None
    assert (len(whole.shapes), whole.capped) == (300, False)


def test_an_outline_of_very_many_points_is_thinned() -> None:
    found = footprint("POLYGON " + " ".join(f"{i / 10} {i % 7}" for i in range(3000)))
    assert found is not None
    assert found.capped
    assert len(found.shapes[0].points) == MAX_POINTS


WORDS = ("POLYGON", "CIRCLE", "ICRS", "UNION", "(", ")", "1", "-2", "400", "91", "x")


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_gives_a_sound_footprint_or_none(text: str) -> None:
    found = footprint(text)
    if found is not None:
        for shape in found.shapes:
            assert all(0 <= ra < 360 and -90 <= dec <= 90 for ra, dec in shape.points)
            assert shape.radius > 0 if shape.type == "circle" else len(shape.points) >= 3


@pytest.mark.parametrize("table", ["caom_observation_rows.csv", "si_keywords_sample_all_columns.csv"])
def test_every_footprint_of_real_rows_can_be_read(table: str) -> None:
    if not (REAL / table).exists():
        pytest.skip("../shared/data is not beside this checkout")
    with (REAL / table).open() as file:
        texts = [row["s_region"] for row in csv.DictReader(file) if row["s_region"]]
    assert len(texts) > 90
    assert [text for text in texts if footprint(text) is None] == []
