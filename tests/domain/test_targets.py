"""Spellings of target names: what is one target, and what is not."""

from __future__ import annotations

import csv
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain.targets import groups, key


@pytest.mark.parametrize(
    "spellings",
    [
        ["VV 191", "VV-191", "VV191", "vv_191", "VV  191 ", "VV\u2013191"],
        ["NGC6720-MRS-POSITION-1", "NGC 6720 MRS Position 1", "NGC_6720-MRS-POSITION_1"],
        ["NGC 628", "NGC0628", "NGC-0628"],
        ["EL-GORDO", "El Gordo", "ElGordo"],
        ["TRAPPIST-1B", "TRAPPIST-1 b"],
        ["1E0657-56", "1E 0657-56", "1E-0657-56"],
        ["BD+60-1753", "bd+60\u22121753", "BD+60 1753"],
        ["NGC-6530-61", "NGC 6530 61", "NGC_6530_61"],
    ],
)
def test_spellings_of_one_name(spellings: list[str]) -> None:
    assert len({key(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    "names",
    [
        ["VV 191", "VV 1910", "VV 191A", "VV-191-OFFSET"],
        ["J0102-4915", "J0102+4915", "J01024915"],
        ["BD+60-1753", "BD-60-1753", "BD+601753"],
        ["POSITION 12", "POSITION-1-2"],
        ["SGR-A", "SGR A*"],
        ["G063.1", "G0631"],
        ["NGC 100", "NGC 1"],
        ["-", "--", "*"],
    ],
)
def test_names_that_differ_in_more_than_spelling(names: list[str]) -> None:
    assert len({key(name) for name in names}) == len(names)


def test_the_most_frequent_spelling_names_the_group() -> None:
    found = groups({"VV-191": 4, "VV191": 1, "VV 191": 9, "MACS0416": 13, "VV-191-OFFSET": 2})
    assert [str(group) for group in found] == ["VV 191 (VV-191, VV191)", "MACS0416", "VV-191-OFFSET"]
    assert [group.rows for group in found] == [14, 13, 2]


def test_real_pairs_of_names_and_no_name_too_many() -> None:
    table = Path(__file__).parents[3] / "shared" / "data" / "si_keywords_sample_all_columns.csv"
    if not table.exists():
        pytest.skip("the recorded keyword rows are not here")
    with table.open() as file:
        pairs = {(row["program"], row["targprop"], row["targname"]) for row in csv.DictReader(file) if row["targprop"]}
    names = {(program, proposed) for program, proposed, _ in pairs}
    assert len({(program, key(proposed)) for program, proposed in names}) == len(names)
    same = [(p, n) for _, p, n in pairs if n and _bare(p) == _bare(n)]
    assert len(same) > 50
    assert [(p, n) for p, n in same if key(p) != key(n)] == []


def _bare(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


_WORDS = st.lists(st.from_regex(r"[a-z]{1,4}|[1-9][0-9]{0,3}", fullmatch=True), min_size=1, max_size=5)


@given(_WORDS, st.data())
def test_separators_count_only_between_numbers(words: list[str], data: st.DataObject) -> None:
    spelt = words[0]
    for before, word in pairwise(words):
        numbers = before.isdigit() and word.isdigit()
        spelt += ("-" if numbers else data.draw(st.sampled_from(["", " ", "-", "_"]))) + word
    plain = words[0]
    for before, word in pairwise(words):
        plain += ("-" if before.isdigit() and word.isdigit() else "") + word
    assert key(spelt) == key(plain.upper())


@given(st.dictionaries(st.text(max_size=12), st.integers(1, 9), max_size=8))
def test_every_name_is_in_one_group(rows: dict[str, int]) -> None:
    found = groups(rows)
    assert sorted(n for g in found for n in (g.name, *g.variants)) == sorted(rows)
    assert sum(g.rows for g in found) == sum(rows.values())
