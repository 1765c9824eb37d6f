"""Where a search looked, and what it says of it."""

from __future__ import annotations

import pytest

from tests.searching.conftest import Asked
from topmast_service.domain import job


def test_the_resolver_and_the_default_radius_are_told(site: Asked) -> None:
    done = site.search(target="M 57")
    at = done.result["resolved"]
    assert (at["resolver"], at["radius_given"], at["radius"]) == ("SIMBAD", False, 0.05)
    assert (at["ra"], at["dec"]) == (283.396, 33.029)
    assert any("3 arcmin" in note for note in done.result["notes"])


def test_a_radius_that_was_given_needs_no_note(site: Asked) -> None:
    done = site.search(target="M 57 r=1m")
    assert done.result["notes"] == []
    assert done.result["resolved"]["radius_given"] is True


@pytest.mark.parametrize(
    "target", ["l=63.1701 b=13.9781 r=1m", "gal 63.1701 13.9781 r=60s", "18:53:35.04 +33:01:44.4 r=1m"]
)
def test_other_coordinates_find_the_same_rows(site: Asked, target: str) -> None:
    assert site.found(site.search(target=target)) == {1, 2, 3, 4, 5}


def test_galactic_coordinates_are_told_as_they_were_given(site: Asked) -> None:
    at = site.search(target="gal 63.1701 13.9781 r=1m").result["resolved"]
    assert (at["l"], at["b"], at["resolver"]) == (63.1701, 13.9781, None)
    assert at["ra"] == pytest.approx(283.396, abs=0.01)


def test_what_moves_and_has_no_position_says_how_it_is_found(site: Asked) -> None:
    ended = site.search(target="Jupiter")
    assert (ended.phase, ended.error and ended.error["code"]) == (job.ERROR, "target_not_resolved")
    hint = (ended.error or {})["hint"]
    assert '"criteria": {"target_name": ["JUPITER", "JUPITER-*", "*-JUPITER"], "mtFlag": true}' in hint
    criteria = {"target_name": ["JUPITER", "JUPITER-*", "*-JUPITER"], "mtFlag": True}
    assert site.found(site.search(criteria=criteria)) == {8}


def test_a_resolver_that_drips_is_given_up(site: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    from functools import partial

    from topmast_service.archive.resolve import resolve
    from topmast_service.workflows.search import observations

    monkeypatch.setattr(observations, "resolve", partial(resolve, timeout=0.4))
    site.sandbox.post("faults", rules=[{"service": "resolver", "fault": "drip", "at": 10, "bytes_per_second": 20}])
    waiting = site.search(target="M 57")
    assert (waiting.phase, waiting.phase_reason) == (job.SUSPENDED, "upstream_down")
