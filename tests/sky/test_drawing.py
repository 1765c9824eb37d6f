"""The sky plot itself: where everything lands, and that it can be seen."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from tests.sky.rows import SLITLETS, square
from topmast_service.domain import access
from topmast_service.domain.regions import footprint
from topmast_service.pictures import field, sky
from topmast_service.pictures.looks import LOOKS
from topmast_service.pictures.scene import Cone, Mark, Scene

REAL = Path(__file__).parents[3] / "shared" / "data" / "si_keywords_sample_all_columns.csv"


def mark(region: str, of: str = access.PUBLIC, rows: int = 1) -> Mark:
    found = footprint(region, 1000, 10_000)
    assert found is not None
    return Mark(of, found.shapes, None, rows)


def drawn(*marks: Mark, cone: Cone | None = None, title: str = "a test", notes: tuple[str, ...] = ()) -> np.ndarray:
    """The picture's pixels, height × width × RGB in 0 … 1; no warning on the way, as pytest is strict."""
    into = io.BytesIO()
    sky.draw(Scene(title, marks, cone, notes), into)
    into.seek(0)
    return matplotlib.image.imread(into)[:, :, :3]


def amount(picture: np.ndarray, color: str) -> int:
    """Pixels near a colour."""
    return int((np.abs(picture - to_rgb(color)).max(axis=2) < 0.15).sum())


def shown(*regions: str, target: tuple[float, float, float] | None = None) -> field.Field:
    edges = [field.outline(shape) for region in regions for shape in mark(region).shapes]
    return field.choose(np.vstack(edges), target)


@pytest.mark.parametrize("at", [(0.0, 0.0), (359.999, 2.0), (180.0, -89.99), (12.3, 90.0), (283.4, 33.0)])
def test_a_square_is_seen_whole_anywhere_on_the_sky(at: tuple[float, float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sky, "DOTS_PER_INCH", 150)
    around = field.circle(*at, 0.03, 4)
    region = "POLYGON " + " ".join(f"{ra} {dec}" for ra, dec in field.degrees(around))
    found = shown(region)
    pixels = found.pixels(around)
    assert pixels.min() > 0
    assert pixels.max() < field.PIXELS
    assert np.ptp(pixels, axis=0).min() > field.PIXELS / 2
    below_the_legend = drawn(mark(region))[120:]
    assert amount(below_the_legend, LOOKS[access.PUBLIC].color) > 250


def test_north_is_up_and_east_is_left() -> None:
    found = shown(square(150, 2))
    (x, y), (_, north), (east, _) = found.pixels(field.vectors([(150, 2), (150, 2.01), (150.01, 2)]))
    assert north > y
    assert east < x


def test_pixels_are_astropys() -> None:
    found = shown(square(150, 2))
    at = np.array([[150.01, 1.995]])
    assert found.pixels(field.vectors(at)) == pytest.approx(found.wcs.wcs_world2pix(at, 0))
    assert found.wcs.pixel_to_world(499.5, 499.5).separation(found.wcs.pixel_to_world(500.5, 499.5)).deg == (
        pytest.approx(2 * found.half / field.PIXELS)
    )


def test_far_apart_is_the_whole_sky() -> None:
    found = shown(square(10, 60), square(190, -60))
    assert found.whole_sky
    # Mollweide: the ellipse touches the frame.
    assert found.pixels(field.vectors((found.center[0], 90.0)))[0] == pytest.approx([499.5, 499.5], abs=1)
    picture = drawn(mark(square(10, 60)), mark(square(190, -60), access.EXCLUSIVE))
    assert amount(picture, LOOKS[access.EXCLUSIVE].color) > 5


def test_what_crosses_the_edge_of_the_map_is_not_smeared_over_it() -> None:
    around = [mark(square(ra, 0, 1)) for ra in range(0, 360, 30)]
    whole = sum(amount(drawn(*around, mark(square(ra, 0, 3))), LOOKS[access.PUBLIC].color) for ra in (15,))
    edge = shown(*(square(ra, 0, 1) for ra in range(0, 360, 30))).center[0] + 180
    torn = amount(drawn(*around, mark(square(edge % 360, 0, 3))), LOOKS[access.PUBLIC].color)
    assert torn < 1.5 * whole


def test_a_giant_among_them_does_not_hide_the_target() -> None:
    small, giant = square(283.4, 33.0), square(283.4, 33.0, 12)
    assert shown(small, giant, target=(283.4, 33.0, 1 / 60)).half < 0.2
    assert shown(small, giant).half > 10


def test_a_cone_is_seen_whole_around_its_target() -> None:
    found = shown(square(283.4, 33.0), target=(283.4, 33.0, 0.1))
    pixels = found.pixels(field.circle(283.4, 33.0, 0.1))
    assert (pixels.min() > 0, pixels.max() < field.PIXELS) == (True, True)


@pytest.mark.parametrize("name", list(LOOKS))
def test_each_access_has_its_colour(name: str) -> None:
    picture = drawn(mark(square(10, 10), name))
    assert amount(picture, LOOKS[name].color) > 80
    # (Grey, the colour of the unknown, is that of smoothed text as well.)
    others = {name_: look for name_, look in LOOKS.items() if name_ not in {name, access.UNKNOWN}}
    assert all(amount(picture, look.color) < 50 for look in others.values())


def test_a_position_without_a_footprint_is_a_ring() -> None:
    picture = drawn(mark(square(10, 10)), Mark(access.EXCLUSIVE, (), (10.01, 10.0)))
    assert amount(picture, LOOKS[access.EXCLUSIVE].color) > 5


def test_every_slitlet_is_drawn() -> None:
    assert amount(drawn(mark(SLITLETS)), LOOKS[access.PUBLIC].color) > 80


def test_nothing_is_an_empty_sky() -> None:
    picture = drawn(notes=("No row has a place on the sky.",))
    assert picture.shape[1] == 600


def test_any_title_can_be_written() -> None:
    cone = Cone("$\\frac{1}", 10.0, 10.0, 0.01)
    drawn(mark(square(10, 10)), cone=cone, title="$x^$ \\alpha 星 \x00\n " * 40, notes=("$" * 300,))


def test_thousands_of_footprints_do_not_become_a_blot() -> None:
    draw = random.Random(1)  # noqa: S311 - the same sky each time
    marks = [mark(square(draw.gauss(150, 0.5), draw.gauss(2, 0.5)), draw.choice(list(LOOKS))) for _ in range(4_000)]
    picture = drawn(*marks)
    colours = [amount(picture, look.color) > 0 for look in LOOKS.values()]
    middle = picture[250:350, 250:350].reshape(-1, 3)
    assert any(colours)
    assert middle.std(axis=0).max() > 0.02


def test_real_footprints_are_drawn() -> None:
    if not REAL.exists():
        pytest.skip("../shared/data is not beside this checkout")
    with REAL.open() as file:
        marks = [mark(row["s_region"]) for row in csv.DictReader(file) if row["s_region"]]
    assert amount(drawn(*marks), LOOKS[access.PUBLIC].color) > 80
