"""More rows than MAST gives: known before, paged through as far as it goes, and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.searching.conftest import Asked, opened
from tests.servers import start_sandbox
from tests.servers_redis import RedisProcess
from tests.workflows.conftest import observation, write_catalogue
from topmast_service.archive import portal
from topmast_service.domain import job

JWST = {"obs_collection": "JWST"}  # eight rows


@pytest.fixture
def six_rows(site: Asked, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """A MAST that gives six rows at most, in pages of three."""
    monkeypatch.setattr(portal, "MOST_ROWS", 6)
    monkeypatch.setattr(portal, "ROUND", 6)
    monkeypatch.setattr(portal.Portal.rows, "__defaults__", (3,))
    return site


def test_pages_are_put_together(site: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal.Portal.rows, "__defaults__", (3,))
    done = site.search(criteria=JWST)
    assert (done.result["count"], len(site.found(done)), done.result["truncated"]) == (8, 8, False)
    assert site.queries() == 3


def test_what_is_beyond_the_limit_is_told(six_rows: Asked) -> None:
    done = six_rows.search(criteria=JWST)
    assert (done.result["count"], done.result["truncated"]) == (6, True)
    assert done.result["truncated_because"] == ("Mast.Caom.Filtered gave 6 of 8 rows, as many as one query may have.")


def test_the_rows_say_that_they_are_not_all(six_rows: Asked) -> None:
    done = six_rows.search(criteria=JWST)
    client = six_rows.client()
    assert client.get(f"/v1/searches/{done.id}").json["search"]["truncated_because"].startswith("Mast.Caom.Filtered")
    assert client.get(f"/v1/searches/{done.id}/rows").json["truncated"] is True


def test_an_answer_that_was_cut_off_without_a_word_is_found_out(
    six_rows: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "ROUND", 3)
    six_rows.fault("capped", rows=3, hidden=True, nth=[1])
    done = six_rows.search(criteria=JWST)
    assert (done.result["count"], done.result["truncated"]) == (3, True)


def test_a_round_number_of_rows_may_be_all(six_rows: Asked) -> None:
    done = six_rows.search(criteria={"obs_collection": "JWST", "obsid": ["1", "2", "3", "4", "6", "7"]})
    assert (done.result["count"], done.result["truncated"]) == (6, False)


def test_a_query_that_mast_refuses_for_its_size_ends_with_what_to_do(six_rows: Asked) -> None:
    six_rows.sandbox.set(row_cap=6)
    try:
        ended = six_rows.search(criteria=JWST)
    finally:
        six_rows.sandbox.set(row_cap=500_000)
    assert (ended.phase, ended.error and ended.error["code"]) == (job.ERROR, "rejected_by_archive")
    assert "8 rows" in (ended.error or {})["detail"]
    assert "count_only" in (ended.error or {})["hint"]


def test_a_query_that_is_too_large_is_asked_in_parts(
    tmp_path: Path, redis_process: RedisProcess, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [observation(n, f"jw{n:05}-o001_t001_miri_f770w", t_min=59_000 + n * n, t_max="") for n in range(1, 21)]
    rows[7] |= {"t_min": ""}
    (tmp_path / "sandbox").mkdir()
    sandbox = start_sandbox(tmp_path / "sandbox", "--catalog", str(write_catalogue(tmp_path / "catalogue", rows)))
    try:
        sandbox.set(row_cap=6)
        monkeypatch.setattr(portal, "MOST_ROWS", 6)
        with opened(tmp_path / "data", redis_process, sandbox) as large:
            done = large.search(criteria=JWST)
            assert large.found(done) == set(range(1, 21)) - {8}
        assert done.result["truncated_because"].startswith("Mast.Caom.Filtered has 20 rows for this, and gave 19")
    finally:
        sandbox.stop()


def test_a_query_that_mast_resets_for_its_size_does_not_wait_for_ever(six_rows: Asked) -> None:
    six_rows.fault("reset", at=0, nth=[1])
    ended = six_rows.search(criteria=JWST)
    assert (ended.phase, ended.error and ended.error["code"]) == (job.ERROR, "rejected_by_archive")


def test_products_are_never_cut_off(six_rows: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that nobody would know to be short is no list."""
    monkeypatch.setattr(portal, "MOST_ROWS", 1)
    monkeypatch.setattr(portal.Portal.rows, "__defaults__", (1,))
    waiting = six_rows.resolve(six_rows.bundle({"observations": ["1"]}).id)
    assert (waiting.phase, waiting.phase_reason) == (job.SUSPENDED, "upstream_down")


@pytest.mark.parametrize(
    "body", [{"criteria": JWST}, {"target": "M 57 r=1m"}, {"criteria": {"target_name": ["NGC*", "VV*"]}}]
)
def test_counting_makes_no_rows(site: Asked, body: dict[str, Any]) -> None:
    counted, whole = site.search(**body, count_only=True), site.search(**body)
    assert counted.result["count"] == whole.result["count"] > 0
    assert (counted.result["counted_only"], counted.result["columns"]) == (True, [])
    assert (counted.result["api"], counted.result["resolved"]) == (whole.result["api"], whole.result["resolved"])
    rows = site.client().get(f"/v1/searches/{counted.id}/rows")
    assert (rows.status_code, rows.json["code"]) == (409, "no_result")
    assert "count_only" in rows.json["hint"]
