"""The searches that the MAST Primer for JWST walks through, against the sandbox's own catalogue."""

from __future__ import annotations

from collections import Counter

from tests.searching.conftest import Asked
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table


def test_the_advanced_search_with_three_criteria(primer: Asked) -> None:
    criteria = {"obs_collection": "JWST", "instrument_name": "MIRI*", "target_name": "NGC6720*"}
    done = primer.search(criteria=criteria)
    rows = list(Table(rows_table(primer.settings.tables, done.id)).rows())
    assert done.result["count"] == len(rows) > 9
    assert {row["obs_collection"] for row in rows} == {"JWST"}
    assert {row["instrument_name"].partition("/")[0] for row in rows} == {"MIRI"}
    names = {row["target_name"] for row in rows}
    assert {"NGC6720", "NGC6720-MRS-POSITION-1"} <= names
    assert all(name.startswith("NGC6720") for name in names)
    assert "jw01558-o001_t001_miri_f1000w" in {row["obs_id"] for row in rows}


def test_m57_with_counts_by_mission_instrument_and_level(primer: Asked) -> None:
    done = primer.search(target="M 57 r=3m")
    rows = list(Table(rows_table(primer.settings.tables, done.id)).rows())
    missions = Counter(row["obs_collection"] for row in rows)
    assert {"JWST", "HST"} <= set(missions)
    assert missions.total() == done.result["count"]
    for mission in missions:
        one = primer.search(target="M 57 r=3m", criteria={"obs_collection": mission}, count_only=True)
        assert one.result["count"] == missions[mission]
    levels = Counter(row["calib_level"] for row in rows if row["obs_collection"] == "JWST")
    for level, number in levels.items():
        one = primer.search(
            target="M 57 r=3m", criteria={"obs_collection": "JWST", "calib_level": level}, count_only=True
        )
        assert one.result["count"] == number
    modes = Counter(row["instrument_name"] for row in rows if row["obs_collection"] == "JWST")
    assert {"MIRI/IMAGE", "MIRI/IFU"} <= set(modes)
    assert max(row["distance"] for row in rows) <= 180
