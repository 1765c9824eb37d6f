"""Progress is honest: monotonic, and a range instead of a promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import progress

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COUNTS = st.fixed_dictionaries(
    {}, optional={name: st.integers(0, 10**6) for name in ("OK", "FAILED", "cached", "bytes", "moving")}
)


@given(st.lists(COUNTS, min_size=1, max_size=10))
def test_what_is_done_never_shrinks_and_never_passes_the_whole(told: list[dict[str, int]]) -> None:
    known, now = progress.begin(100, 5000, {}), NOW
    for counts in told:
        then, now = now, now + timedelta(seconds=1)
        newer = progress.after(known, counts, then, now)
        assert newer["files_done"] >= known["files_done"]
        assert known["bytes_done"] <= newer["bytes_done"] <= newer["bytes_total"]
        known = newer


def test_the_end_is_told_as_a_range_around_both_speeds() -> None:
    first = progress.after(progress.begin(10, 1000, {}), {"OK": 1, "bytes": 100}, NOW, NOW + timedelta(seconds=1))
    assert first["rate"] == 100
    slower = progress.after(first, {"OK": 2, "bytes": 150}, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2))
    assert slower["rate"] == 85
    earliest, latest = (datetime.fromisoformat(slower["eta"][end]) for end in ("earliest", "latest"))
    assert NOW < earliest < latest


def test_nothing_is_promised_before_anything_moved() -> None:
    still = progress.after(progress.begin(10, 1000, {}), {}, NOW, NOW + timedelta(seconds=5))
    assert still["eta"] is None


def test_a_catalogue_that_said_too_little_is_corrected() -> None:
    assert progress.after(progress.begin(1, 10, {}), {"bytes": 30}, None, None)["bytes_total"] == 30
