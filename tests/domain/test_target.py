"""The Portal's search box."""

from __future__ import annotations

from math import radians

import erfa
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import galactic, solar_system, target
from topmast_service.errors import BadTarget


@pytest.mark.parametrize(
    ("text", "name", "radius"),
    [
        ("m57 r=1m", "m57", 1 / 60),
        ("NGC 6720 r=30s", "NGC 6720", 30 / 3600),
        ("VV 191, r=0.1d", "VV 191", 0.1),
        ("M 57", "M 57", target.DEFAULT_RADIUS),
        ("  Io  ", "Io", target.DEFAULT_RADIUS),
        ("m57 R = 2 arcmin", "m57", 1 / 30),
        ('m57 radius=30"', "m57", 30 / 3600),
        ("TIC 261136679", "TIC 261136679", target.DEFAULT_RADIUS),
        ("G029.96-00.02 r=1m", "G029.96-00.02", 1 / 60),
        ("2MASS J05352184-0546085", "2MASS J05352184-0546085", target.DEFAULT_RADIUS),
        ("47 Tuc", "47 Tuc", target.DEFAULT_RADIUS),
        ("gal nebula", "gal nebula", target.DEFAULT_RADIUS),
    ],
)
def test_names(text: str, name: str, radius: float) -> None:
    read = target.parse(text)
    assert (read.name, read.radius) == (name, pytest.approx(radius))
    assert read.radius_given == ("=" in text)


@pytest.mark.parametrize(
    ("text", "ra", "dec"),
    [
        ("283.396 33.029", 283.396, 33.029),
        ("283.396, -33.029 r=0.02d", 283.396, -33.029),
        ("18:53:35.1 +33:01:45 r=0.02d", 283.39625, 33.029167),
        ("18h53m35.1s -33d01m45s", 283.39625, -33.029167),
        ("18 53 35.1 +33 01 45", 283.39625, 33.029167),
        ("18h53m35.1s-33d01m45s", 283.39625, -33.029167),
        ("18:53:35.1+33:01:45", 283.39625, 33.029167),
        ("J2000 283.396 33.029", 283.396, 33.029),
        ("283.396° +33.029°", 283.396, 33.029),
        ("00:00:00 -00:30:00", 0.0, -0.5),
        ("gal 0 0", 266.404996, -28.936172),
        ("galactic 63.17 13.98 r=1m", 283.396, 33.029),
        ("63.17 +13.98 GAL", 283.396, 33.029),
        ("l=63.17 b=13.98", 283.396, 33.029),
    ],
)
def test_coordinates(text: str, ra: float, dec: float) -> None:
    read = target.parse(text)
    assert read.name is None
    near = 1e-5 if read.galactic in {None, (0.0, 0.0)} else 0.01  # M 57's l and b are given with two decimals
    assert (read.ra, read.dec) == (pytest.approx(ra, abs=near), pytest.approx(dec, abs=near))


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
        "m57 r=1m r=2m",
        "m57 r=1m 30s",
        "18:61:00 +33:00:00",
        "18:53:35.1 +33:01:60",
        "2733",
        "18 53.5 +33 01",
        "gal 400 10",
        "gal 18:53:35 +33:01:45",
        "b1950 283.396 33.029",
        "icrs 283.396",
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


@given(st.floats(0, 359.99), st.floats(-90, 90))
def test_galactic_is_what_the_iaus_own_routine_makes_of_it(longitude: float, latitude: float) -> None:
    ra, dec = galactic.to_icrs(longitude, latitude)
    theirs = erfa.g2icrs(radians(longitude), radians(latitude))
    assert erfa.seps(radians(ra), radians(dec), *theirs) < 1e-12


def test_galactic_agrees_with_astropy() -> None:
    ours = SkyCoord(*galactic.to_icrs(63.17, 13.98), unit="deg")
    assert ours.separation(SkyCoord(63.17, 13.98, unit="deg", frame="galactic").icrs).arcsec < 0.1


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Jupiter", "JUPITER-*"),
        ("io", "IO"),
        ("C/2017 K2", "*2017*K2*"),
        ("C/2017 K2 (PANSTARRS)", "*2017*K2*"),
        ("29P", "29P*"),
        ("29P/Schwassmann-Wachmann 1", "29P*"),
        ("2003 UB313", "*2003*UB313*"),
        ("(16) Psyche", "*PSYCHE*"),
        ("1 Ceres", "*CERES*"),
        ("6481 Tenzing", "*TENZING*"),
        ("6481-tenzing", "*TENZING*"),
    ],
)
def test_what_moves_is_searched_by_the_proposers_name(name: str, pattern: str) -> None:
    found = solar_system.criteria(name)
    assert found is not None
    assert found["mtFlag"] is True
    assert pattern in found["target_name"]


@pytest.mark.parametrize(
    "name",
    ["M 57", "47 Tuc", "51 Pegasi", "NGC 6720", "Iota Hor", "TIC 261136679", "2MASS J05352184-0546085", "V838 Mon"],
)
def test_what_does_not_move(name: str) -> None:
    assert solar_system.criteria(name) is None
