"""Who may have a file, by what the keyword services say of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from topmast_service.domain import access, dates

NOW = datetime(2026, 7, 1, tzinfo=UTC)
PAST, FUTURE = dates.to_mjd(datetime(2025, 7, 1, tzinfo=UTC)), dates.to_mjd(datetime(2027, 7, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"isRestricted": False, "publicReleaseDate_mjd": PAST}, access.PUBLIC),
        ({"isRestricted": False, "publicReleaseDate_mjd": FUTURE}, access.EXCLUSIVE),
        ({"isRestricted": False, "publicReleaseDate": "2025-07-01T00:00:00Z"}, access.PUBLIC),
        ({"isRestricted": False, "publicReleaseDate": "2027-07-01T00:00:00Z"}, access.EXCLUSIVE),
        ({"isRestricted": True, "publicReleaseDate_mjd": PAST}, access.RESTRICTED),
        ({"isRestricted": False, "publicReleaseDate_mjd": None}, access.UNKNOWN),
        ({"isRestricted": None}, access.UNKNOWN),
        ({"dataRights": None, "t_obs_release": PAST}, access.UNKNOWN),
        ({"dataRights": "PUBLIC", "t_obs_release": FUTURE}, access.EXCLUSIVE),
        ({"dataRights": "EXCLUSIVE_ACCESS", "t_obs_release": PAST}, access.PUBLIC),
        ({"calib_level": -1, "dataRights": "PUBLIC"}, access.PLANNED),
    ],
)
def test_access_of_a_row(row: dict[str, Any], expected: str) -> None:
    assert access.of_row(row, NOW) == expected
    assert set(row) <= set(access.DECIDING)


def test_the_release_is_told_by_whichever_column_has_it() -> None:
    when = datetime(2027, 7, 1, tzinfo=UTC)
    for row in ({"t_obs_release": FUTURE}, {"publicReleaseDate_mjd": FUTURE},
                {"publicReleaseDate": "2027-07-01T00:00:00Z"}):  # fmt: skip
        assert access.release(row) == when
    assert access.release({"publicReleaseDate": None}) is None
