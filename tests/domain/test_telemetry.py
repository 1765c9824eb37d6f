"""Engineering data as MAST names and writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import telemetry
from topmast_service.domain.product import stem

START = datetime(2022, 7, 1, 12, 30, 15, tzinfo=UTC)


def test_a_name_covers_its_interval_to_the_second() -> None:
    end = START + timedelta(minutes=1, microseconds=1)
    assert telemetry.uri("sa_zattest1", START, end) == ("mast:jwstedb/SA_ZATTEST1-20220701T123015-20220701T123116.csv")
    half = START + timedelta(milliseconds=500)
    assert telemetry.uri("X_Y", half, half).endswith("-20220701T123015-20220701T123016.csv")
    assert telemetry.uri("X_Y", START, START).endswith("-20220701T123015-20220701T123015.csv")


def test_a_name_tells_its_mnemonic() -> None:
    uri = telemetry.uri("IMIR_HK_FW_POS_RATIO", START, START)
    assert telemetry.mnemonic_of(uri) == stem(uri) == "IMIR_HK_FW_POS_RATIO"
    assert telemetry.mnemonic_of("mast:JWST/product/jw01_i2d.fits") is None
    assert stem("mast:JWST/product/jw01_i2d.fits") == "jw01"


@pytest.mark.parametrize(
    ("line", "value", "number"),
    [
        ("2022-02-02 22:24:57.797000,59612.9340022801,-0.7914493680,real", "-0.7914493680", -0.791449368),
        ("2022-02-02 22:24:57,59612.9,OPEN, PARTLY,varchar", "OPEN, PARTLY", None),
        ("2022-02-02 22:24:57,59612.9,,varchar", "", None),
        ("2022-02-02 22:24:57,59612.9,12,int", "12", 12.0),
        ("2022-02-02 22:24:57,59612.9,12,varchar", "12", None),
        ("2022-02-02 22:24:57,59612.9,NaN,float", "NaN", None),
        ("2022-02-02 22:24:57,59612.9,1e999,float", "1e999", None),
        ("2022-02-02 22:24:57,59612.9,ERR,float", "ERR", None),
    ],
)
def test_a_line_is_a_sample(line: str, value: str, number: float | None) -> None:
    found = telemetry.sample(line)
    assert (found.value, telemetry.number(found)) == (value, number)
    assert found.time.tzinfo is UTC


@given(cut=st.integers(0, len("2022-02-02 22:24:57.797000,59612.9340022801,-0.79,") - 1))
def test_a_line_that_lacks_a_member_is_none(cut: int) -> None:
    with pytest.raises(telemetry.NotASample):
        telemetry.sample("2022-02-02 22:24:57.797000,59612.9340022801,-0.79,real"[:cut])


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("2022-07-01", "2022-07-01T00:00:00", "2022-07-01T23:59:59.999999"),
        ("2022-07-01T12:30:15.000001Z", "2022-07-01T12:30:15.000001", "2022-07-01T12:30:15.000001"),
        ({"min": "2022-07-01", "max": "2022-07-02"}, "2022-07-01T00:00:00", "2022-07-02T23:59:59.999999"),
        ({"min": "2022-07-01T06:00:00Z", "max": "2022-07-02"}, "2022-07-01T06:00:00", "2022-07-02T23:59:59.999999"),
    ],
)
def test_an_interval_is_exact(asked: str | dict[str, str], begin: str, end: str) -> None:
    found = telemetry.interval(asked)
    assert found == tuple(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (begin, end))
