"""Cached versions grow old; MAST is asked whether they are still current ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from topmast_service.errors import MissingOnServer, UpstreamDown

from .conftest import NOON, Bring
from .scripted import URI, Script, fits_bytes, long_ago, raw, refuse

TOMORROW = NOON + timedelta(days=1, seconds=1)


def methods(mast: Script) -> list[str]:
    """What was asked after the first GET."""
    return [asked.method for asked in mast.asked[1:]]


def test_an_equal_validator_confirms(bring: Bring, mast: Script) -> None:
    first = bring()
    bring.now = TOMORROW
    again = bring()
    assert (again.source, again.version.sha256) == ("cached", first.version.sha256)
    assert (again.version.fetched_at, again.version.checked_at) == (NOON, TOMORROW)
    assert methods(mast) == ["HEAD"]
    assert bring().source == "cached"
    assert methods(mast) == ["HEAD"]
    assert bring.leftovers() == []


def test_another_validator_fetches_and_keeps_the_old_version(bring: Bring, mast: Script) -> None:
    old = bring().version
    mast.body, mast.etag, bring.now = fits_bytes(2), '"v2"', TOMORROW
    new = bring()
    assert (new.source, bring.bytes_of(new)) == ("fetched", mast.body)
    assert [version.sha256 for version in bring.cache.versions(URI)] == [old.sha256, new.version.sha256]
    assert bring.cache.path(old).exists()


def test_another_validator_on_the_same_bytes_is_learnt(bring: Bring, mast: Script) -> None:
    bring()
    mast.etag, bring.now = '"v2"', TOMORROW
    assert bring().source == "fetched"
    assert [version.validator for version in bring.cache.versions(URI)] == ['"v2"']


@pytest.mark.parametrize("ranges", [True, False])
def test_without_validators_length_and_header_confirm(
    bring: Bring, mast: Script, no_validators: Callable[[], None], ranges: bool
) -> None:
    no_validators()
    mast.ranges = ranges
    bring()
    bring.now = TOMORROW
    assert bring().source == "cached"
    assert [asked.range for asked in mast.asked[1:]] == [None, "bytes=0-65535"]


@pytest.mark.parametrize(
    "changed", [fits_bytes(1, date="2026-02-02T00:00:00"), fits_bytes(1, side=310)], ids=["date", "length"]
)
def test_without_validators_another_header_or_length_fetches(
    bring: Bring, mast: Script, no_validators: Callable[[], None], changed: bytes
) -> None:
    no_validators()
    bring()
    mast.body, bring.now = changed, TOMORROW
    fetched = bring()
    assert (fetched.source, bring.bytes_of(fetched)) == ("fetched", changed)


def test_without_validators_what_is_not_fits_is_fetched_again(
    bring: Bring, mast: Script, no_validators: Callable[[], None]
) -> None:
    no_validators()
    mast.body = b'{"a": 1}'
    bring("mast:JWST/product/a_asn.json")
    mast.body, bring.now = b'{"a": 2}', TOMORROW
    assert bring.bytes_of(bring("mast:JWST/product/a_asn.json")) == mast.body


def test_a_date_that_went_with_the_etag_is_not_taken_for_it(bring: Bring, mast: Script) -> None:
    bring()
    mast.etag, mast.last_modified, bring.now = None, long_ago(), TOMORROW
    assert bring().source == "fetched"


def test_a_server_without_head_is_asked_for_the_file(bring: Bring, mast: Script) -> None:
    bring()
    mast.heads, bring.now = False, TOMORROW
    assert bring().source == "fetched"


def test_mast_down_serves_nothing_silently(bring: Bring, mast: Script) -> None:
    bring()
    bring.now = TOMORROW
    mast.etag = '"v2"'
    mast.answers.extend([refuse(503)] * 3)
    with pytest.raises(UpstreamDown):
        bring()
    assert bring.cache.newest(URI) is not None


def test_a_withdrawn_file_is_said_and_its_copy_stays(bring: Bring, mast: Script) -> None:
    bring()
    bring.now, mast.etag = TOMORROW, '"v2"'
    mast.answers.append(refuse(404))
    with pytest.raises(MissingOnServer):
        bring()
    assert bring.cache.newest(URI) is not None


def test_a_clock_set_back_makes_nothing_fresh_for_ever(bring: Bring, mast: Script) -> None:
    bring()
    bring.now = NOON - timedelta(days=400)
    assert bring().source == "cached"
    assert methods(mast) == ["HEAD"]


def test_a_maintenance_page_never_replaces_a_good_version(bring: Bring, mast: Script, body: bytes) -> None:
    bring()
    bring.now, mast.etag = TOMORROW, '"v2"'
    mast.answers.extend([raw(b"<html>", length=6, Content_Type="text/html")] * 2)
    assert bring.bytes_of(bring()) == body
