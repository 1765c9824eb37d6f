"""Cut connections, and files that change between two tries: never a wrong byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from topmast_service.archive.transfer import Downloads
from topmast_service.errors import TransferFailed
from topmast_service.staging.cache import Cache
from topmast_service.staging.shelf import Shelf

from .conftest import Bring
from .scripted import URI, Answer, Handler, Script, cut, fits_bytes, headers, healthy, long_ago, raw, refuse, serving

WINDOW = 64 << 10


def become(body: bytes, etag: str | None = None) -> Callable[[Script], None]:
    """Reprocess: new bytes under the old name."""

    def change(script: Script) -> None:
        script.body, script.etag = body, etag

    return change


def test_a_cut_file_goes_on_where_it_was_cut(bring: Bring, mast: Script, body: bytes) -> None:
    mast.answers.append(cut(200_000))
    fetched = bring()
    assert bring.bytes_of(fetched) == body
    assert fetched.version.verified == "strong"
    second = mast.gets()[1]
    assert (second.range, second.if_range) == (f"bytes={200_000 - WINDOW}-", '"v1"')
    assert sum(bring.grown) == len(body)


def test_a_settled_date_is_a_validator_too(bring: Bring, mast: Script, body: bytes) -> None:
    mast.etag, mast.last_modified = None, long_ago()
    mast.answers.append(cut(200_000))
    assert bring().version.verified == "strong"
    assert mast.gets()[1].if_range == mast.last_modified


def test_without_validators_the_head_and_the_overlap_are_compared(
    bring: Bring, mast: Script, body: bytes, no_validators: Callable[[], None]
) -> None:
    no_validators()
    mast.answers.append(cut(200_000))
    fetched = bring()
    assert bring.bytes_of(fetched) == body
    assert fetched.version.verified == "weak"
    assert [asked.range for asked in mast.gets()] == [None, "bytes=0-65535", f"bytes={200_000 - WINDOW}-"]
    assert all(asked.if_range is None for asked in mast.gets())


def test_pieces_glued_twice_without_validators_are_still_weak(
    bring: Bring, mast: Script, body: bytes, no_validators: Callable[[], None]
) -> None:
    no_validators()
    mast.answers.extend([cut(150_000), healthy, cut(WINDOW + 50_000)])
    with pytest.raises(TransferFailed):
        bring(tries=2)
    fetched = bring()
    assert (bring.bytes_of(fetched), fetched.version.verified) == (body, "weak")


def test_a_validator_that_appears_is_reason_to_start_over(
    bring: Bring, mast: Script, no_validators: Callable[[], None]
) -> None:
    no_validators()
    mast.answers.append(cut(150_000))
    with pytest.raises(TransferFailed):
        bring(tries=1)
    mast.last_modified = long_ago()
    assert bring().version.verified == "strong"


def test_a_small_part_is_not_worth_resuming(bring: Bring, mast: Script, body: bytes) -> None:
    mast.answers.append(cut(WINDOW))
    assert bring.bytes_of(bring()) == body
    assert [asked.range for asked in mast.gets()] == [None, None]


LONGER, SHORTER, SAME = fits_bytes(2, side=330), fits_bytes(3, side=270), fits_bytes(4, date="2026-01-01T00:00:00")


@pytest.mark.parametrize("validators", ["etag", "none", "stale-etag"])
@pytest.mark.parametrize("changed", [LONGER, SHORTER, SAME], ids=["longer", "shorter", "same-size"])
@pytest.mark.parametrize("at", [1, 2880, 100_000, 250_000, 380_000])
def test_a_file_that_changes_between_tries(
    bring: Bring, mast: Script, changed: bytes, validators: str, at: int
) -> None:
    """``stale-etag``: a server that does not change its ETag with the bytes is believed only as far as they agree."""
    etags = {"etag": ('"v1"', '"v2"'), "none": (None, None), "stale-etag": ('"v1"', '"v1"')}
    mast.etag, later = etags[validators]
    mast.answers.append(cut(at, become(changed, later)))
    fetched = bring()
    assert bring.bytes_of(fetched) == changed
    assert sum(bring.grown) == len(changed)


def test_a_server_that_ignores_ranges(bring: Bring, mast: Script, body: bytes) -> None:
    mast.ranges = False
    mast.answers.append(cut(200_000))
    fetched = bring()
    assert (bring.bytes_of(fetched), fetched.version.verified) == (body, "strong")
    assert sum(bring.grown) == len(body)


def test_a_server_that_answers_every_range_with_503(bring: Bring, mast: Script, body: bytes) -> None:
    def sick(handler: Handler, script: Script) -> None:
        headers(handler, 503, 0)

    mast.answers.extend([cut(200_000), sick, sick])
    assert bring.bytes_of(bring(tries=4)) == body
    assert [asked.range is None for asked in mast.gets()] == [True, False, False, True]


WRONG: dict[str, Answer] = {
    "other-place": raw(b"x" * 100, 206, 100, Content_Range="bytes 0-99/364320", ETag='"v1"'),
    "other-total": raw(b"x" * 100, 206, None, Content_Range="bytes 134464-364319/364320000"),
    "no-content-range": raw(b"x" * 100, 206, 100),
    "multipart": raw(b"--x", 206, 3, Content_Type="multipart/byteranges; boundary=x"),
    "nonsense": raw(b"x" * 100, 206, 100, Content_Range="bytes one-two/three"),
    "unknown-total": raw(b"x" * 100, 206, 100, Content_Range="bytes 134464-364319/*"),
    "416": refuse(416),
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG.keys())
def test_a_206_that_is_not_what_was_asked(bring: Bring, mast: Script, body: bytes, answer: Answer) -> None:
    mast.answers.extend([cut(200_000), answer])
    fetched = bring()
    assert (bring.bytes_of(fetched), fetched.version.verified) == (body, "strong")


def test_a_206_for_another_etag_is_refused(bring: Bring, mast: Script) -> None:
    """A server that knows ranges but not If-Range, with a file equal in length and around the cut."""
    old, new = bytearray(mast.body), bytearray(mast.body)
    new[40_000] ^= 1

    def deaf(handler: Handler, script: Script) -> None:
        start = 200_000 - WINDOW
        script.etag = '"v2"'
        headers(handler, 206, len(new) - start, Content_Range=f"bytes {start}-{len(new) - 1}/{len(new)}")
        handler.wfile.write(new[start:])

    assert old[200_000 - WINDOW :] == new[200_000 - WINDOW :]
    mast.answers.extend([cut(200_000, become(bytes(new), '"v1"')), deaf])
    assert bring.bytes_of(bring()) == bytes(new)


def test_progress_is_not_counted_as_failure(bring: Bring, mast: Script) -> None:
    mast.body = fits_bytes(5, side=1500)
    mast.answers.extend([cut(1_500_000)] * 6)
    fetched = bring(tries=2)
    assert bring.bytes_of(fetched) == mast.body
    assert sum(bring.grown) == len(mast.body)


def test_a_break_at_the_same_place_is_given_up(bring: Bring, mast: Script) -> None:
    mast.ranges = False
    mast.answers.extend([cut(200_000)] * 9)
    with pytest.raises(TransferFailed, match="broke"):
        bring()
    assert len(mast.asked) == 3
    assert [name.rpartition(".")[2] for name in bring.leftovers()] == ["json", "part"]


def test_a_complete_part_only_needs_its_end_confirmed(bring: Bring, mast: Script, body: bytes) -> None:
    """Killed between the last byte and the rename."""
    mast.answers.append(cut(len(body) - 1))
    with pytest.raises(TransferFailed):
        bring(tries=1)
    with Shelf(bring.root).part(URI).open("ab") as part:
        part.write(body[-1:])
    fetched = bring()
    assert bring.bytes_of(fetched) == body
    assert mast.gets()[1].range == f"bytes={len(body) - WINDOW}-"


def leave_part(bring: Bring, mast: Script) -> Path:
    """A .part of 200,000 bytes with its sidecar."""
    mast.answers.append(cut(200_000))
    with pytest.raises(TransferFailed):
        bring(tries=1)
    return Shelf(bring.root).part(URI)


def test_a_damaged_part_is_not_built_upon(bring: Bring, mast: Script, body: bytes) -> None:
    part = leave_part(bring, mast)
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    assert bring.bytes_of(bring()) == body


def test_a_part_without_its_sidecar_counts_for_nothing(bring: Bring, mast: Script, body: bytes) -> None:
    leave_part(bring, mast).with_suffix(".json").unlink()
    assert bring.bytes_of(bring()) == body
    assert mast.gets()[1].range is None


@pytest.mark.parametrize(("synced", "expected"), [(0, None), (150_000, f"bytes={150_000 - WINDOW}-")])
def test_after_a_reboot_only_what_was_synced_counts(
    bring: Bring, mast: Script, body: bytes, synced: int, expected: str | None
) -> None:
    part = leave_part(bring, mast)
    sidecar = part.with_suffix(".json")
    record = json.loads(sidecar.read_text()) | {"boot": "another", "synced": synced}
    sidecar.write_text(json.dumps(record))
    with part.open("r+b") as file:  # what a power cut leaves of delayed allocation: the length, and zeros
        file.seek(150_000)
        file.write(bytes(50_000))
    assert bring.bytes_of(bring()) == body
    assert mast.gets()[1].range == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    versions=st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=3),
    cuts=st.lists(st.tuples(st.integers(0, 500_000), st.integers(0, 2)), max_size=5),
    etags=st.booleans(),
    ranges=st.booleans(),
    stretch=st.sampled_from([1, 37, 1000]),
)
def test_whatever_is_cut_and_changed_the_result_is_one_version(
    *,
    tmp_path_factory: pytest.TempPathFactory,
    versions: list[bytes],
    cuts: list[tuple[int, int]],
    etags: bool,
    ranges: bool,
    stretch: int,
) -> None:
    """Each cut may bring another version; with ETags the last one is delivered, without them never a mixture."""
    bodies = [bytes([number]) + version * stretch for number, version in enumerate(versions)]

    def serve(which: int) -> Callable[[Script], None]:
        number = which % len(bodies)
        return become(bodies[number], f'"v{number}"' if etags else None)

    root = tmp_path_factory.mktemp("cache")
    script = Script(ranges=ranges, media_type="application/octet-stream")
    serve(0)(script)
    script.answers.extend(cut(upto, serve(which)) for upto, which in cuts)
    with serving(script):
        downloads = Downloads(script.url)
        bring = Bring(Cache(root), downloads, root)
        fetched = bring("mast:HLSP/a.dat", tries=len(cuts) + 3, max_age=timedelta(0))
        downloads.close()
    assert bring.bytes_of(fetched) in bodies
    assert fetched.version.size == sum(bring.grown)
    if etags:
        assert fetched.version.verified == "strong"
