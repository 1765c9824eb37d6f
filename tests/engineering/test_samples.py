"""Samples: those of one request for the whole interval, however it was asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import pytest

from tests.engineering.conftest import Faults, Rows, from_mast, rows_of, search
from tests.workflows.conftest import Site
from topmast_service.domain import job
from topmast_service.workflows.search import samples

THREE_HOURS = {"min": "2022-07-01T00:00:00Z", "max": "2022-07-01T03:00:00Z"}


Value = tuple[str, float, Any]


def as_mast_wrote(rows: Rows) -> list[Value]:
    return [(r["theTime"].replace(" ", "T") + "Z", float(r["MJD"]), _number_or_text(r)) for r in rows]


def _number_or_text(row: dict[str, Any]) -> Any:
    return row["euvalue"] if row["sqldataType"] == "varchar" else float(row["euvalue"])


def as_given(rows: Rows) -> list[Value]:
    return [(_time(r), r["MJD"], r["eutext"] if r["euvalue"] is None else r["euvalue"]) for r in rows]


def _time(row: dict[str, Any]) -> str:
    return datetime.fromisoformat(row["theTime"]).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_samples_come_as_mast_has_them_with_the_brackets_marked(entitled: Site) -> None:
    done = search(entitled, mnemonic="IMIR_HK_ICE_SEC_VOLT1", time=THREE_HOURS)
    rows = rows_of(entitled, done)
    uri = "mast:jwstedb/IMIR_HK_ICE_SEC_VOLT1-20220701T000000-20220701T030000.csv"
    assert as_given(rows) == as_mast_wrote(from_mast(entitled, uri))
    assert [r["bracket"] for r in rows] == ["before", *[None] * (len(rows) - 2), "after"]
    assert rows[0]["theTime"] < "2022-07-01T00:00:00" <= rows[1]["theTime"]
    assert rows[-2]["theTime"] <= "2022-07-01T03:00:00Z" < rows[-1]["theTime"]
    (told,) = done.result["series"]
    assert told["uris"] == [uri]
    assert (told["samples"], told["before"], told["after"]) == (len(rows) - 2, 1, 1)
    assert next(c for c in done.result["columns"] if c["name"] == "euvalue")["unit"] == "V"


def test_text_values_are_texts_and_several_mnemonics_follow_one_another(entitled: Site) -> None:
    minute = {"min": "2022-07-01T00:00:00Z", "max": "2022-07-01T00:01:00Z"}
    done = search(entitled, mnemonic=["SA_Z*"], subsystem="ACS", time=minute)
    rows = rows_of(entitled, done)
    names = [name for name, _ in groupby(rows, key=lambda r: r["mnemonic"])]
    assert names == ["SA_ZFGOUTFOV", *(f"SA_ZATTEST{n}" for n in range(1, 5)), "SA_ZADUCMDX", "SA_ZADUCMDY"]
    texts = {(r["euvalue"], r["eutext"]) for r in rows if r["mnemonic"] == "SA_ZFGOUTFOV"}
    assert texts <= {(None, "NO"), (None, "YES")}
    assert all(isinstance(r["euvalue"], float) and r["eutext"] is None for r in rows if r["sqldataType"] == "real")
    assert [s["samples"] + s["before"] + s["after"] for s in done.result["series"]] == [
        sum(r["mnemonic"] == name for r in rows) for name in names
    ]


@pytest.mark.parametrize("mnemonic", ["IMIR_HK_FW_POS_RATIO", "INIS_CMD_ACC_CNT"])
def test_pieces_join_without_doubles_or_gaps(entitled: Site, mnemonic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"min": "2022-07-01T00:00:00Z", "max": "2022-07-03T12:00:00Z"}
    monkeypatch.setattr(
        samples, "FIRST", timedelta(minutes=16)
    )  # boundaries fall onto samples: both mnemonics have one
    monkeypatch.setattr(samples, "GROWTH", 2)
    done = search(entitled, mnemonic=mnemonic, time=whole)
    (told,) = done.result["series"]
    assert len(told["uris"]) > 5
    in_one = from_mast(entitled, f"mast:jwstedb/{mnemonic}-20220701T000000-20220703T120000.csv")
    assert as_given(rows_of(entitled, done)) == as_mast_wrote(in_one)


def test_the_length_of_a_piece_follows_from_how_many_samples_came() -> None:
    hour = timedelta(hours=1)
    assert samples._next_length(hour, 0) == 8 * hour
    assert samples._next_length(hour, samples.GOAL) == hour
    assert samples._next_length(hour, 4 * samples.GOAL) == hour / 4
    assert samples._next_length(samples.LONGEST, 1) == samples.LONGEST
    assert samples._next_length(hour, 10**9) == samples.SHORTEST


@pytest.mark.parametrize(
    ("time", "within"),
    [
        ("2022-07-01", 24 * 60),
        ("2022-07-01T00:00:00Z", 1),
        ("2022-07-01T00:00:30Z", 0),
        ({"min": "2022-07-01T00:00:00.000001Z", "max": "2022-07-01T00:00:59.999999Z"}, 0),
        ({"min": "2022-07-01", "max": "2022-07-02"}, 2 * 24 * 60),
    ],
)
def test_the_ends_of_the_interval_are_exact(entitled: Site, time: Any, within: int) -> None:
    done = search(entitled, mnemonic="INRC_ICE_DC_VOL_P5_DIG", time=time)
    marks = [r["bracket"] for r in rows_of(entitled, done)]
    assert marks == ["before", *[None] * within, "after"]
    said = [note for note in done.result["notes"] if "no sample within" in note]
    assert len(said) == (within == 0)


def test_counting_reads_them_and_keeps_no_rows(entitled: Site) -> None:
    criteria = {"mnemonic": "INRC_ICE_DC_VOL_P5_DIG", "time": "2022-07-01"}
    done = entitled.search(collection="engineering", criteria=criteria, count_only=True)
    assert done.result["count"] == 24 * 60 + 2


def test_what_is_more_than_one_search_gives_is_cut_and_said(entitled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "MOST", 100)
    done = search(entitled, mnemonic="INRC_ICE_DC_VOL_P5_DIG", time="2022-07-01")
    assert (done.result["count"], done.result["truncated"]) == (100, True)
    assert "100 samples" in done.result["truncated_because"]


def test_more_mnemonics_than_one_search_gives_are_refused(entitled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topmast_service.workflows.search.engineering.MOST", 10)
    done = search(entitled, mnemonic="*", time="2022-07-01")
    assert (done.phase, done.error and done.error["code"]) == (job.ERROR, "invalid")
    assert "14 mnemonics" in (done.error or {})["detail"]


def test_an_unknown_mnemonic_ends_the_search_and_says_the_nearest(entitled: Site) -> None:
    done = search(entitled, mnemonic="SA_ZATTEST9", time="2022-07-01")
    assert (done.phase, done.error and done.error["code"]) == (job.ERROR, "unknown_mnemonic")
    assert "nearest: SA_ZATTEST" in (done.error or {})["detail"]


def test_a_mnemonic_that_is_listed_but_has_no_file_is_unknown_too(entitled: Site, faults: Faults) -> None:
    faults(fault="status", status=404)
    done = search(entitled, mnemonic="SA_ZATTEST1", time=THREE_HOURS)
    assert (done.phase, done.error and done.error["code"]) == (job.ERROR, "unknown_mnemonic")


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "html"},
        {"fault": "empty"},
        {"fault": "reset", "at": 4000},
        {"fault": "cut", "at": 4000},
        {"fault": "status", "status": 500},
        {"fault": "no_length", "framing": "close"},
    ],
)
def test_an_answer_that_is_none_is_asked_for_again(
    entitled: Site, faults: Faults, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "PAUSES", (0.0, 0.0))
    faults(first=2, **fault)
    done = search(entitled, mnemonic="IMIR_HK_ICE_SEC_VOLT1", time=THREE_HOURS)
    assert (done.phase, done.result["count"]) == (job.COMPLETED, 171)


@pytest.mark.parametrize(
    ("fault", "ends"),
    [
        ({"fault": "html"}, (job.ERROR, "transfer_failed")),
        ({"fault": "cut", "at": 4000}, (job.ERROR, "transfer_failed")),
        ({"fault": "redirect", "to": "same"}, (job.ERROR, "transfer_failed")),
        ({"fault": "status", "status": 503}, (job.SUSPENDED, "upstream_down")),
    ],
)
def test_an_answer_that_stays_none_is_no_answer(
    entitled: Site, faults: Faults, fault: dict[str, Any], ends: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "PAUSES", (0.0, 0.0))
    faults(**fault)
    done = search(entitled, mnemonic="IMIR_HK_ICE_SEC_VOLT1", time=THREE_HOURS)
    assert (done.phase, done.phase_reason) == ends
    assert not list(entitled.settings.tables.glob(f"{done.id}.sqlite"))
