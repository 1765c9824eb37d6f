"""Signed links: whatever is changed in one, it opens nothing."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain.links import FILES, TAR, ZIP, Link, inside, masked, sign, verify
from topmast_service.errors import BadLink

KEY, OTHER = b"k" * 64, b"o" * 64
UNTIL = datetime(2026, 7, 8, 12, tzinfo=UTC)
LINK = Link("b_0123456789abcdef", FILES, "JWST/jw01558", UNTIL)

names = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1)
paths = st.lists(names, max_size=4).map("/".join)


@given(paths, paths, st.sampled_from([FILES, ZIP, TAR]))
def test_a_link_opens_what_it_is_for_and_everything_below(path: str, below: str, target: str) -> None:
    link = replace(LINK, path=path, target=target)
    assert verify(sign(link, KEY), f"{path}/{below}", [OTHER, KEY]) == link


@given(paths, paths)
def test_and_nothing_beside_it(path: str, elsewhere: str) -> None:
    if not f"{inside(elsewhere)}/".startswith(f"{path}/") and path:
        with pytest.raises(BadLink):
            verify(sign(replace(LINK, path=path), KEY), elsewhere, [KEY])


def test_every_changed_bit_is_noticed() -> None:
    signature = sign(LINK, KEY)
    raw = base64.urlsafe_b64decode(signature + "==")
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadLink):
            verify(base64.urlsafe_b64encode(changed).decode().rstrip("="), LINK.path, [KEY])
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same = [c for c in last if c != signature[-1]]
    for text in [signature[:-1] + c for c in same] + [signature[:-1], signature + "A", signature + "=", "", "μ" * 70]:
        with pytest.raises(BadLink):
            verify(text, LINK.path, [KEY])


def test_keys_can_be_changed() -> None:
    old = sign(LINK, OTHER)
    assert verify(old, LINK.path, [KEY, OTHER]) == LINK
    for keys in ([KEY], []):
        with pytest.raises(BadLink):
            verify(old, LINK.path, keys)


def test_other_links_have_other_signatures() -> None:
    others = [
        replace(LINK, bundle="b_0123456789abcdee"),
        replace(LINK, until=UNTIL + timedelta(seconds=1)),
        replace(LINK, target=ZIP),
        replace(LINK, path="JWST"),
        replace(LINK, path=""),
    ]
    assert len({sign(link, KEY) for link in [LINK, *others]}) == 6


def test_a_log_tells_which_link_it_was_and_not_how_to_open_it() -> None:
    signature = sign(LINK, KEY)
    line = masked(f'"GET /d/{signature}/JWST/jw01558 HTTP/1.1" /d/{signature}')
    assert signature[:26] in line
    assert signature[26:] not in line
    assert line.endswith(f"/d/{signature[:26]}…")
    assert "/JWST/jw01558 HTTP/1.1" in line
