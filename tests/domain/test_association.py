"""Associations are read as they are written, and nothing in them becomes a path unseen."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import association
from topmast_service.errors import UnreadableAssociation

REAL = Path(__file__).parents[3] / "shared/data/associations/REAL_jw02609-o007_20240212t021359_spec3_00001_asn.json"
SCIENCE, SKY = "jw01523003001_03102_00001_mirifulong_rate.fits", "jw01523004001_02101_00001_mirifulong_rate.fits"


def told(*members: dict[str, Any], kind: str = "spec2", **more: Any) -> str:
    document = {"asn_type": kind, "products": [{"name": "jw01523-o003_{source_id}_miri", "members": list(members)}]}
    return json.dumps(document | more)


def test_a_real_one() -> None:
    if not REAL.exists():
        pytest.skip("the recorded archive metadata (../shared/data) are not here")
    found = association.read(REAL.read_bytes())
    assert (found.type, found.stage, found.candidate, found.program) == ("spec3", 3, "o007", "2609")
    assert (found.pool, found.version) == ("jw02609_20240212t021359_pool.csv", "20240212t021359")
    assert found.rule == "candidate_Asn_Lv3SpectralSource"
    assert found.products[0].name == "jw02609-o007_{source_id}_nirspec_f100lp-g140h"
    assert Counter(m.exptype for m in found.members()) == {"target_acquisition": 12, "science": 4}
    first = found.members()[0]
    assert first == association.Member(
        "jw02609007001_03101_00002_nrs1_cal.fits", "science", None, (("o007", "observation"),)
    )


def test_little_need_be_said() -> None:
    found = association.read(told({"expname": SCIENCE, "exptype": "SCIENCE"}).encode())
    assert found.members() == (association.Member(SCIENCE, "science"),)
    assert (found.rule, found.candidate, found.program, found.pool) == ("", "", "", "")


def test_a_file_is_a_member_once_and_science_before_all_else() -> None:
    sky = {"expname": SKY, "exptype": "background"}
    products = [{"name": "a", "members": [sky, sky]}, {"name": "b", "members": [sky | {"exptype": "science"}]}]
    found = association.read(json.dumps({"asn_type": "tso-spec2", "products": products}))
    assert [(m.expname, m.exptype) for m in found.members()] == [(SKY, "science")]


@pytest.mark.parametrize(
    ("kind", "stage"), [("image2", 2), ("tso-spec2", 2), ("nrslamp-spec2", 2), ("coron3", 3), ("wfs-image3", 3)]
)
def test_the_type_says_the_stage(kind: str, stage: int) -> None:
    assert association.read(told(kind=kind)).stage == stage


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\xff",
        "<html>",
        "[]",
        "{}",
        "[" * 100_000,
        told(kind="spec4"),
        json.dumps({"asn_type": "spec2", "products": {}}),
        json.dumps({"asn_type": "spec2", "products": [[]]}),
        json.dumps({"asn_type": "spec2", "products": [{"members": ["x.fits"]}]}),
        told({"exptype": "science"}),
        told({"expname": "../../etc/passwd", "exptype": "science"}),
        told({"expname": "/etc/passwd", "exptype": "science"}),
        told({"expname": ".hidden", "exptype": "science"}),
        told({"expname": "a\nb.fits", "exptype": "science"}),
        told({"expname": "a.fits\n", "exptype": "science"}),
        told({"expname": "x" * 256, "exptype": "science"}),
        told({"expname": ["x.fits"], "exptype": "science"}),
        told({"expname": SKY, "exptype": "science", "asn_candidate": "__import__('os')"}),
        told({"expname": SKY, "exptype": "science"}, asn_pool="../jw01523_pool.csv"),
    ],
)
def test_anything_else_is_one_error(content: bytes | str) -> None:
    with pytest.raises(UnreadableAssociation):
        association.read(content)


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = told(*[{"expname": SKY, "exptype": "background"}] * 5)
    monkeypatch.setattr(association, "MOST_MEMBERS", 4)
    with pytest.raises(UnreadableAssociation, match="4 members"):
        association.read(content)
    monkeypatch.setattr(association, "LARGEST", 100)
    with pytest.raises(UnreadableAssociation, match="100 bytes"):
        association.read(content)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)))
def test_no_json_breaks_it(products: Any) -> None:
    with suppress(UnreadableAssociation):
        association.read(json.dumps({"asn_type": "image2", "products": products}))


def test_candidates_are_read_and_never_run() -> None:
    assert association.candidates("[('o001', 'OBSERVATION')]") == (("o001", "observation"),)
    assert association.candidates("[('o001', 'OBSERVATION'), ('c1001', 'BACKGROUND')]") == (
        ("o001", "observation"),
        ("c1001", "background"),
    )
    assert association.candidates("NULL") == association.candidates(None) == association.candidates("[]") == ()


def test_generations() -> None:
    old = ["jw01523-o003_20240101t000000_spec2_00007_asn.json", "jw01523-o003_20240101t000000_spec3_00001_asn.json"]
    new = ["jw01523-o003_20250911t184340_spec2_00001_asn.json", "jw01523-o003_20250911t184340_spec2_00002_asn.json"]
    others = ["jw01523-c1001_20240101t000000_spec3_00001_asn.json", "jw00123-o003_20240101t000000_spec2_001_asn.json"]
    rest = [SCIENCE, "jw01523_20250911t184340_pool.csv", "../jw01523-o003_20260101t000000_spec2_00001_asn.json", ""]
    assert association.newest([*old, *new, *others, *rest]) == {*new, old[1], *others}
    assert association.generation(new[1]) == association.Generation("1523", "o003", "spec2", 2, "20250911t184340")
    assert association.generation(rest[1]) is association.generation(rest[2]) is None
