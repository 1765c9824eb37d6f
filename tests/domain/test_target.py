"""The Portal's search box."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import target
from topmast_service.errors import BadTarget


@pytest.mark.parametrize(
    ("text", "name", "radius"),
    [
        ("m57 r=1m", "m57", 1 / 60),
        ("NGC 6720 r=30s", "NGC 6720", 30 / 3600),
        ("VV 191, r=0.1d", "VV 191", 0.1),
        ("M 57", "M 57", target.DEFAULT_RADIUS),
        ("  Io  ", "Io", target.DEFAULT_RADIUS),
    ],
)
def test_names(text: str, name: str, radius: float) -> None:
    read = target.parse(text)
    assert (read.name, read.radius) == (name, pytest.approx(radius))
    assert read.radius_given == ("r=" in text)


@pytest.mark.parametrize(
    ("text", "ra", "dec"),
    [
        ("283.396 33.029", 283.396, 33.029),
        ("283.396, -33.029 r=0.02d", 283.396, -33.029),
        ("18:53:35.1 +33:01:45 r=0.02d", 283.39625, 33.029167),
        ("18h53m35.1s -33d01m45s", 283.39625, -33.029167),
        ("18 53 35.1 +33 01 45", 283.39625, 33.029167),
        ("00:00:00 -00:30:00", 0.0, -0.5),
    ],
)
def test_coordinates(text: str, ra: float, dec: float) -> None:
    read = target.parse(text)
    assert read.name is None
    assert (read.ra, read.dec) == (pytest.approx(ra, abs=1e-5), pytest.approx(dec, abs=1e-5))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "m57 r=1",
        "m57 r=1x",
        "m57 r=m",
        "m57 r=-1m",
        "m57 r=0s",
        "m57 r=31d",
        "400 10",
        "10 91",
        "r=1m m57",
        "a\x00b",
        "x" * 101,
    ],
)
def test_what_cannot_be_read_says_what_to_try(text: str) -> None:
    with pytest.raises(BadTarget) as told:
        target.parse(text)
    assert told.value.hint


@given(st.floats(0, 359.99), st.floats(-90, 90))
def test_degrees_come_back(ra: float, dec: float) -> None:
    read = target.parse(f"{ra:.6f} {dec:.6f}")
    assert (read.ra, read.dec) == (pytest.approx(ra, abs=1e-6), pytest.approx(dec, abs=1e-6))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = target.parse(text)
    except BadTarget:
        return
    assert 0 < read.radius <= target.MAX_RADIUS
    assert (read.name is None) != (read.ra is None)
