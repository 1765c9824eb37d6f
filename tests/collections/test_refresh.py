"""Columns refreshed from MAST: new ones can be asked for, none vanishes, and no answer changes nothing."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.collections.conftest import NOON, Place
from tests.collections.odd_mast import Answer, odd_mast
from topmast_service import container
from topmast_service.archive.columns import Descriptions
from topmast_service.cli import cli
from topmast_service.domain import forms, job
from topmast_service.domain.columns import OBSERVATION
from topmast_service.domain.forms import FORMS
from topmast_service.errors import UnknownColumn
from topmast_service.store.columns import FILE, ColumnBook
from topmast_service.store.messages import QUERY
from topmast_service.worker.celery_app import make_worker_app

CONFIGURATION, DICTIONARY = "columnsconfig", "viz/info/keywords"


def test_a_column_that_mast_added_can_be_asked_for(older: Place) -> None:
    with pytest.raises(UnknownColumn):
        older.search(criteria={"dataproduct_type": "spectrum"})
    done = older.refresh()
    assert done.failed == {}
    assert "observations: new columns: dataproduct_type (string)" in done.changes
    found = older.search(criteria={"dataproduct_type": "spectrum"})
    assert (found.phase, found.result["count"]) == (job.COMPLETED, 1)


def test_it_is_among_the_cells_of_rows_as_well(older: Place) -> None:
    older.refresh()
    found = older.search(criteria={"obs_id": "a"})
    assert "dataproduct_type" in [column["name"] for column in found.result["columns"]]


def test_a_keyword_that_mast_added_is_asked_of_the_instruments_that_have_it(older: Place) -> None:
    with pytest.raises(UnknownColumn):
        older.search(collection="instrument_keywords", criteria={"band": "LONG"})
    older.refresh()
    found = older.search(collection="instrument_keywords", criteria={"band": "LONG"})
    assert (found.phase, found.result["api"]) == (job.COMPLETED, "Mast.Jwst.Filtered.Miri")


def test_the_same_news_is_told_once(place: Place) -> None:
    with odd_mast({"Mast.Caom.Cone": {"obs_id": {"type": "double"}}}, []) as url:
        first = place.refresh(url=url).changes
        again = place.refresh(NOON + timedelta(days=2), url=url).changes
    assert "observations: of another type by MAST: obs_id (float, stays string)" in first
    assert [line for line in again if "another type" in line] == []


def test_a_recorded_configuration_agrees_with_what_is_shipped(place: Place) -> None:
    recorded = Path(__file__).parents[3] / "shared/data/reference_metadata/astroquery_columnsconfig.json"
    if not recorded.exists():
        pytest.skip("the recorded column configuration of MAST is not here")
    with odd_mast({"Mast.Caom.Cone": json.loads(recorded.read_bytes())}, []) as url:
        place.refresh(url=url)
    told = place.api.columns.edition().known["observations"].told
    assert told.keys() <= OBSERVATION.keys()
    assert {n for n, one in told.items() if one.many} == {n for n, column in OBSERVATION.items() if column.many}
    numbers = [n for n, column in OBSERVATION.items() if column.type == "float" and n in told]
    assert {n: told[n].unit for n in numbers} == {n: OBSERVATION[n].unit for n in numbers}


def test_suggestions_know_refreshed_columns(older: Place) -> None:
    def suggested() -> list[str]:
        answer = older.client().post("/v1/searches", json={"criteria": {"dataproduct_typ": "image"}})
        assert (answer.status_code, answer.json["code"]) == (422, "unknown_column")
        return list(answer.json["errors"][0]["suggestions"])

    assert "dataproduct_type" not in suggested()
    older.refresh()
    assert suggested()[0] == "dataproduct_type"


def test_units_and_descriptions_are_filled_and_ours_stay(older: Place) -> None:
    older.refresh()
    columns = older.columns()
    assert (columns["t_min"]["unit"], columns["t_min"]["description"]) == ("d", "Start of observation, MJD")
    assert columns["t_max"]["description"] == OBSERVATION["t_max"].description


def test_a_worker_refreshes_when_upkeep_calls_and_not_again(place: Place) -> None:
    upkeep = container.for_upkeep(place.settings)
    called: list[str] = []
    reminder = type(upkeep.columns)(upkeep.columns.book, upkeep.jobs, lambda: called.append("called"))
    reminder.round()
    reminder.round()
    assert called == ["called"]  # within the hour only one, though nothing has come of it yet
    make_worker_app(place.settings, QUERY).tasks["topmast.columns"]()
    assert place.get("/v1/collections/observations")["columns_from"] == "mast"
    place.an_hour_later()
    reminder.round()
    assert called == ["called"]


def test_upkeep_sends_the_message(place: Place) -> None:
    place.upkeep()
    place.upkeep()
    sent = [json.loads(one) for one in place.api.stores.redis.lrange(f"topmast-celery:{QUERY}", 0, -1)]
    assert [one["headers"]["task"] for one in sent].count("topmast.columns") == 1


def test_only_what_is_due_is_asked_again(place: Place) -> None:
    place.sandbox.post("faults", rules=[{"service": DICTIONARY, "fault": "status", "status": 503}])
    assert list(place.refresh().failed) == ["dictionary"]
    place.sandbox.post("faults", rules=[])
    place.sandbox.post("requests/reset")
    assert place.refresh(NOON + timedelta(hours=1)).failed == {}
    assert place.sandbox.requests()["services"] == {DICTIONARY: 1}
    assert {s["as_of"] for s in place.get("/v1/collections/observations")["sources"]} == {"2026-07-01T12:00:00.000Z"}


def test_a_portal_that_is_away_is_asked_once_and_takes_nothing_away(place: Place) -> None:
    place.refresh()
    before = place.columns("instrument_keywords")
    place.sandbox.post("faults", rules=[{"service": CONFIGURATION, "fault": "refused"}])
    place.sandbox.post("requests/reset")
    done = place.refresh(NOON + timedelta(days=2))
    assert list(done.failed) == ["Portal"]
    assert place.sandbox.requests()["services"] == {CONFIGURATION: 1, DICTIONARY: 1}
    assert place.columns("instrument_keywords") == before


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 500},
        {"fault": "html"},
        {"fault": "empty"},
        {"fault": "cut", "at": 200},
        {"fault": "reset", "at": 200},
        {"fault": "redirect", "to": "other"},
    ],
)
def test_answers_that_are_none_leave_the_shipped_columns(place: Place, fault: dict[str, Any]) -> None:
    place.sandbox.post("faults", rules=[{"service": service, **fault} for service in (CONFIGURATION, DICTIONARY)])
    done = place.refresh()
    assert "dictionary" in done.failed
    assert done.changes == []
    assert place.api.columns.edition().as_of("observations") is None
    assert not (place.settings.data / FILE).exists()


ODD: dict[str, Answer] = {
    "unknown to MAST": {},
    "a list": [{"name": "obs_id"}],
    "text": "columns",
    "columns without a word": {"brand_new": {}, "obs_id": {}},
    "columns that are none": {"brand_new": None, "obs_id": 3, "t_min": ["float"], "": {}, "a b": {}, "_selected_": {}},
    "types nobody knows": {"t_min": {"type": "unsignedByte"}, "obs_id": {"type": "blob"}, "brand_new": {"type": 7}},
    "types turned round": {"t_min": {"type": "char"}, "obs_id": {"vot.datatype": "double"}, "mtFlag": {"type": "int"}},
    "removed": {"obs_id": {"remove": True}, "t_min": {"remove": True}},
    "units that are none": {"t_min": {"unit": "ICRS Shape"}, "srcDen": {"unit": {"a": 1}}, "brand_new": {"unit": "\0"}},
    "names of ours": {"access": {"vot.datatype": "char"}, "instrument": {"vot.datatype": "int"}, "distance": {}},
    "not JSON": (200, b"<html>maintenance</html>"),
    "a deep nest": (200, b"[" * 100_000),
    "nothing": (200, b""),
}  # fmt: skip


@pytest.mark.parametrize("oddity", ODD)
def test_nothing_odd_takes_a_column_away_or_changes_its_type(place: Place, oddity: str) -> None:
    answer = ODD[oddity]
    services = ["Mast.Caom.Cone", "Mast.Jwst.Filtered.Nircam", "Mast.Jwst.Filtered.Wss"]
    with odd_mast(dict.fromkeys(services, answer), answer) as url:
        place.refresh(url=url)
    for name, shipped in FORMS.items():
        told = place.api.columns.form(name).columns
        kept = {n: (told[n].type, told[n].unit, told[n].ucd) for n in shipped.columns}
        assert kept == {n: (column.type, column.unit, column.ucd) for n, column in shipped.columns.items()}
        new = [column for n, column in told.items() if n not in shipped.columns]
        assert {column.name for column in new} <= {"brand_new", *OBSERVATION}
        assert not any(column.unit or column.name in {"access", "distance"} for column in new)
    assert {"tsovisit", "t_min"} <= place.api.columns.edition().keywords.keys()


def test_what_mast_told_once_stays_when_it_does_not_tell_it_again(place: Place) -> None:
    with odd_mast({"Mast.Caom.Cone": {"brand_new": {"vot.datatype": "double", "unit": "degrees"}}}, []) as url:
        place.refresh(url=url)
    with odd_mast({"Mast.Caom.Cone": {}}, []) as url:
        place.refresh(NOON + timedelta(days=2), url=url)
    told = place.columns()["brand_new"]
    assert (told["type"], told["unit"], told["operators"][2]) == ("float", "deg", "range")
    assert place.get("/v1/collections/observations")["columns_as_of"] == "2026-07-01T12:00:00.000Z"


def test_new_keywords_belong_to_the_instruments_that_have_them(place: Place) -> None:
    text = {"vot.datatype": "char"}
    config = {"newdate": text, "newdate_mjd": {"vot.datatype": "double"}, "newflag": text}
    flag = [{"fits_keyword": "NEWFLAG", "type": "boolean", "title": "Is it new?", "destination": ["Miri.newflag"]}]
    names = {"Miri": config, "Fgs": config, "Wss": {"tsovisit": text}}
    with odd_mast({f"Mast.Jwst.Filtered.{name}": told for name, told in names.items()}, flag) as url:
        place.refresh(url=url)
    columns = place.columns("instrument_keywords")
    assert (columns["newdate"]["type"], columns["newdate"]["services"]) == ("date", ["miri", "fgs"])
    assert (columns["newflag"]["type"], columns["newflag"]["description"]) == ("flag", "Is it new?")
    assert columns["detector"]["services"] == list(forms.INSTRUMENTS)
    assert place.columns("wavefront")["tsovisit"]["type"] == "flag"  # as in the services that were known to have it


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"schema": 2, "sources": {}}', b'{"schema": 1, "sources": {"nircam": []}}', b"\xff\xfe"]
)
def test_a_damaged_file_means_the_shipped_columns(place: Place, damage: bytes) -> None:
    (place.settings.data / FILE).write_bytes(damage)
    assert place.api.columns.edition().as_of("observations") is None
    assert place.refresh().failed == {}
    assert place.api.columns.edition().as_of("observations") == NOON


def test_a_writer_that_fails_leaves_what_there_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.refresh()
    before = (place.settings.data / FILE).read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("topmast_service.store.columns.json.dump", full)
    done = place.refresh(NOON + timedelta(days=2))
    assert done.failed == {FILE: "it could not be written (No space left on device)."}
    assert (place.settings.data / FILE).read_bytes() == before
    assert [path.name for path in place.settings.data.glob(f".{FILE}*")] == []


def test_what_a_killed_writer_left_is_removed_in_time(place: Place) -> None:
    old, young = (place.settings.data / f".{FILE}.{name}" for name in ("old", "young"))
    for path in (old, young):
        path.write_text("{")
    os.utime(old, (0, 0))
    place.refresh()
    assert (old.exists(), young.exists()) == (False, True)
    young.unlink()


@pytest.mark.parametrize(
    "fault",
    [{"fault": "hang", "seconds": 60}, {"fault": "drip", "bytes_per_second": 100}, {"fault": "stall", "at": 99}],
)
def test_a_mast_that_keeps_us_waiting_is_left(place: Place, fault: dict[str, Any]) -> None:
    place.sandbox.post("faults", rules=[{"service": service, **fault} for service in (CONFIGURATION, DICTIONARY)])
    columns = container.for_columns(place.settings)
    done = replace(columns, open_descriptions=lambda: Descriptions(place.settings.mast_url, 0.2)).run()
    assert list(done.failed) == ["Portal", "dictionary"]


def test_another_process_sees_a_refresh_at_once(place: Place) -> None:
    other = ColumnBook(place.settings.data)
    assert other.edition().as_of("observations") is None
    place.refresh()
    assert other.edition().as_of("observations") == NOON
    assert other.form("observations") is other.form("observations")


def test_the_command_refreshes_and_tells(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPMAST_DATA", str(place.settings.data))
    monkeypatch.setenv("TOPMAST_MAST_URL", place.settings.mast_url)
    shown = CliRunner().invoke(cli, ["columns"])
    assert (shown.exit_code, shown.output.split()[:3]) == (0, ["observations", "33", "shipped"])
    told = json.loads(CliRunner().invoke(cli, ["columns", "--refresh", "--json"]).output)
    assert told["refreshed"]["failed"] == {}
    assert all(source["as_of"] for source in told["sources"])
    place.sandbox.post("faults", rules=[{"service": DICTIONARY, "fault": "status", "status": 404}])
    failed = CliRunner().invoke(cli, ["columns", "--refresh"])
    assert failed.exit_code == 1
    assert "dictionary was not refreshed" in failed.stderr
    assert CliRunner().invoke(cli, ["columns", "--data", str(place.settings.data / "none")]).exit_code == 2
