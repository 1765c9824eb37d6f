"""Whatever the samples and the interval: in pieces the rows are those of one request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engineering.changing import BEGIN, Changing, serving
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.archive.transfer import Downloads
from topmast_service.domain import search
from topmast_service.domain.token import Token
from topmast_service.workflows.search import samples
from topmast_service.workflows.search.asking import Asking

MINUTES = st.integers(-10, 70).map(lambda minutes: 60.0 * minutes)  # where pieces end
SECONDS = MINUTES | st.floats(-600, 4200).map(lambda seconds: round(seconds, 6))
ENDS = st.tuples(*[MINUTES | st.floats(0, 3600)] * 2).map(sorted)


@pytest.fixture(scope="module")
def changing() -> Iterator[Changing]:
    with serving() as server:
        yield server


@pytest.fixture
def ask(changing: Changing, site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Asking]:
    """A search of the one mnemonic, in pieces of a minute to a quarter of an hour."""
    for name, minutes in (("FIRST", 5), ("SHORTEST", 1), ("LONGEST", 15)):
        monkeypatch.setattr(samples, name, timedelta(minutes=minutes))
    monkeypatch.setattr(samples, "GOAL", 5)
    site.api.stores.tokens.put("alice", Token("t" * 32), "Alice", [])
    ours = container.for_query(site.settings).searches.upstream
    upstream = replace(ours, open_downloads=lambda: Downloads(changing.url, connections=1))

    def make(low: str, high: str) -> Asking:
        request = {"collection": "engineering", "criteria": {"mnemonic": "X", "time": {"min": low, "max": high}}}
        portal: Any = None
        return Asking("alice", search.read(request), request, portal, upstream, Path(site.settings.data), BEGIN, _none)

    return make


def _none() -> Any:
    return None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(times=st.lists(SECONDS, max_size=60), ends=ENDS)
def test_pieces_join_to_what_one_request_gives(
    changing: Changing, ask: Callable[[str, str], Asking], times: list[float], ends: list[float]
) -> None:
    changing.times = sorted(times)
    low, high = (BEGIN + timedelta(seconds=end) for end in ends)
    asking = ask(low.isoformat().replace("+00:00", "Z"), high.isoformat().replace("+00:00", "Z"))
    rows = list(samples.Samples(asking, [{"tlmMnemonic": "X"}], ["X"]).rows())
    expected = changing.answer(low, high)
    assert [row["euvalue"] for row in rows] == [value for _, value in expected]
    marks = ["before" if t < _shown(low) else "after" if t > _shown(high) else None for t, _ in expected]
    assert [row["bracket"] for row in rows] == marks
    (told,) = asking.facts["series"]
    assert (told["before"], told["samples"], told["after"]) == tuple(marks.count(m) for m in ("before", None, "after"))


def _shown(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%d %H:%M:%S.%f"))
