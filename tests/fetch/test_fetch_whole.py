"""A healthy server; then one that sends what is not the file."""

from __future__ import annotations

import hashlib
import threading
import zlib
from datetime import timedelta

import pytest

from topmast_service.archive.transfer import Downloads
from topmast_service.errors import DiskFull, MissingOnServer, NotAuthorized, TransferFailed, UpstreamDown, UpstreamError
from topmast_service.staging.shelf import Shelf
from topmast_service.workflows.fetch import Stopped

from .conftest import NOON, Bring
from .scripted import URI, Answer, Script, raw, refuse, stall


def test_a_file_comes_whole_with_its_hashes_and_versions(bring: Bring, body: bytes) -> None:
    fetched = bring()
    version = fetched.version
    assert fetched.source == "fetched"
    assert bring.bytes_of(fetched) == body
    assert (version.sha256, version.crc32) == (hashlib.sha256(body).hexdigest(), zlib.crc32(body))
    assert (version.size, version.verified, version.validator) == (len(body), "strong", '"v1"')
    assert (version.cal_ver, version.crds_ctx) == ("1.17.1", "jwst_1322.pmap")
    assert version.fetched_at == NOON
    assert sum(bring.grown) == len(body)
    assert bring.leftovers() == []


def test_the_blob_is_read_only(bring: Bring) -> None:
    assert bring.cache.path(bring().version).stat().st_mode & 0o777 == 0o444


def test_the_request_is_what_mast_expects(bring: Bring, mast: Script) -> None:
    bring("mast:JWST/product/a b+c.fits")
    asked = mast.asked[0]
    assert asked.uri == "mast:JWST/product/a b+c.fits"
    assert asked.range is None
    assert asked.headers["Accept-Encoding"] == "identity"


def test_the_second_time_nobody_is_asked(bring: Bring, mast: Script) -> None:
    bring()
    bring.grown.clear()
    assert bring().source == "cached"
    assert len(mast.asked) == 1
    assert bring.grown == []


@pytest.mark.parametrize(
    "answer",
    [
        raw(b"<html>maintenance</html>", length=24, Content_Type="text/html; charset=utf-8"),
        raw(b"<!DOCTYPE html><p>maintenance", length=29),
        raw(b"", length=0),
        raw(b"", length=None),
        raw(b"half", status=206, length=4, Content_Range="bytes 0-3/4"),
        raw(b"SIMPLE  = T", length=11),
        raw(b"x" * 2880, length=2880),
        raw(b"z" * 2880, length=2880, Content_Encoding="gzip"),
        refuse(302, Location="http://localhost:1/elsewhere"),
        refuse(204),
        refuse(400),
    ],
    ids=[
        "html",
        "hidden-html",
        "empty",
        "empty-unframed",
        "206",
        "short",
        "no-fits",
        "gzip",
        "elsewhere",
        "204",
        "400",
    ],
)
def test_what_is_not_the_file_is_refused(bring: Bring, mast: Script, answer: Answer) -> None:
    mast.answers.extend([answer] * 3)
    with pytest.raises(TransferFailed):
        bring()
    assert bring.cache.newest(URI) is None
    assert sum(bring.grown) == 0
    assert bring.leftovers() == []


@pytest.mark.parametrize(
    "answer",
    [raw(b"<html>later", length=11, Content_Type="text/html"), raw(b"", length=0), refuse(503), refuse(500)],
    ids=["html", "empty", "503", "500"],
)
def test_a_passing_fault_is_overcome(bring: Bring, mast: Script, body: bytes, answer: Answer) -> None:
    mast.answers.append(answer)
    assert bring.bytes_of(bring()) == body
    assert len(bring.pauses) == 1


def test_a_redirect_on_the_same_host_is_followed(bring: Bring, mast: Script, body: bytes) -> None:
    mast.answers.append(refuse(302, Location="/somewhere?uri=there"))
    assert bring.bytes_of(bring()) == body
    assert [asked.uri for asked in mast.asked] == [URI, "there"]


def test_a_length_that_is_too_small_is_found_out(bring: Bring, mast: Script, body: bytes) -> None:
    # A whole number of blocks, the headers intact: only walking the data units tells.
    mast.answers.extend([raw(body, length=len(body) - 2880)] * 3)
    with pytest.raises(TransferFailed, match="announce"):
        bring()


def test_a_length_that_is_too_large_is_a_break(bring: Bring, mast: Script, body: bytes) -> None:
    mast.answers.append(raw(body, length=len(body) + 2880))
    assert bring.bytes_of(bring()) == body


def test_a_body_without_a_length_is_weak_and_a_cut_one_refused(bring: Bring, mast: Script, body: bytes) -> None:
    mast.answers.extend([raw(body[:-2880]), raw(body)])
    fetched = bring()
    assert bring.bytes_of(fetched) == body
    assert fetched.version.verified == "weak"


def test_without_length_and_structure_the_catalogue_decides(bring: Bring, mast: Script) -> None:
    mast.answers.extend([raw(b"notes", Content_Type="text/plain")] * 4)
    with pytest.raises(TransferFailed, match="cut"):
        bring("mast:HLSP/a.txt", expected_size=9)
    assert bring("mast:HLSP/a.txt", expected_size=5).version.size == 5


def test_a_wrong_catalogue_size_is_only_a_hint(bring: Bring, body: bytes) -> None:
    assert bring(expected_size=17).version.size == len(body)


@pytest.mark.parametrize(
    ("status", "error"), [(401, NotAuthorized), (403, NotAuthorized), (404, MissingOnServer), (410, MissingOnServer)]
)
def test_final_answers_are_not_asked_again(bring: Bring, mast: Script, status: int, error: type[Exception]) -> None:
    mast.answers.append(refuse(status))
    with pytest.raises(error):
        bring()
    assert len(mast.asked) == 1


def test_tries_are_bounded_and_the_last_word_is_masts(bring: Bring, mast: Script) -> None:
    mast.answers.extend([refuse(503)] * 9)
    with pytest.raises(UpstreamDown, match="503"):
        bring(tries=4)
    assert len(mast.asked) == 4


@pytest.mark.parametrize(("status", "away"), [(500, False), (501, False), (429, True), (502, True), (504, True)])
def test_an_error_of_one_file_is_told_from_a_mast_that_is_away(
    bring: Bring, mast: Script, status: int, away: bool
) -> None:
    mast.answers.extend([refuse(status)] * 3)
    with pytest.raises(UpstreamDown) as caught:
        bring()
    assert isinstance(caught.value, UpstreamError) != away


def test_a_short_retry_after_is_kept_and_a_long_one_given_up(bring: Bring, mast: Script, body: bytes) -> None:
    mast.answers.extend([refuse(429, Retry_After="7")])
    assert bring.bytes_of(bring()) == body
    assert bring.pauses == [7]
    mast.answers.append(refuse(503, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"))
    with pytest.raises(UpstreamDown) as caught:
        bring("mast:JWST/product/other.fits")
    assert (caught.value.retry_after or 0) > 1000
    assert len(bring.pauses) == 1


def test_nobody_listens(bring: Bring) -> None:
    closed = Downloads("http://127.0.0.1:1", connect_timeout=1)
    with pytest.raises(UpstreamDown, match="cannot be reached"):
        bring(downloads=closed)
    assert len(bring.pauses) == 2


def test_silence_is_a_break(bring: Bring, mast: Script, body: bytes) -> None:
    over = threading.Event()
    mast.answers.append(stall(90_000, over))
    impatient = Downloads(mast.url, read_timeout=0.3)
    assert bring.bytes_of(bring(downloads=impatient)) == body
    assert mast.gets()[1].range == "bytes=24464-"
    over.set()
    impatient.close()


def test_stop_leaves_what_came(bring: Bring, mast: Script, body: bytes) -> None:
    with pytest.raises(Stopped):
        bring(stop=lambda: bool(bring.grown))
    kept = sum(bring.grown)
    assert 0 < kept <= len(body)
    bring.grown.clear()
    assert bring.bytes_of(bring()) == body
    assert bring.grown[0] >= kept
    assert (mast.gets()[1].range is None) == (kept <= 64 << 10)


def test_a_full_disk_is_said_and_leaves_nothing(bring: Bring) -> None:
    part = Shelf(bring.root).part(URI)
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")  # the kernel's own "no space left on device"
    with pytest.raises(DiskFull):
        bring()
    assert bring.leftovers() == []
    assert bring.cache.newest(URI) is None


def test_json_and_pictures(bring: Bring, mast: Script) -> None:
    asn = b'{"asn_type": "image3", "products": []}'
    mast.answers.extend([raw(asn[:-1], length=len(asn) - 1), raw(asn, length=len(asn))])
    assert bring("mast:JWST/product/a_asn.json").version.size == len(asn)
    mast.answers.extend([raw(b"\xff\xd8\xff\xe0 picture", length=12)])
    assert bring("mast:JWST/product/a.jpg").version.size == 12
    mast.answers.extend([raw(b"JFIF", length=4)] * 3)
    with pytest.raises(TransferFailed, match="JPEG"):
        bring("mast:JWST/product/b.jpg")


def test_equal_bytes_are_kept_once(bring: Bring) -> None:
    first, second = bring(), bring("mast:JWST/product/other_i2d.fits")
    assert bring.cache.path(first.version) == bring.cache.path(second.version)
    assert len(list(bring.root.glob("blobs/*/*"))) == 1
    assert bring.leftovers() == []


def test_a_blob_that_went_is_fetched_again(bring: Bring, body: bytes) -> None:
    bring.cache.path(bring().version).unlink()
    assert bring.cache.newest(URI) is None
    again = bring()
    assert (again.source, bring.bytes_of(again)) == ("fetched", body)


def test_an_unreadable_index_is_a_miss(bring: Bring) -> None:
    bring()
    for index in bring.root.glob("index/*/*.json"):
        index.write_bytes(b'{"versions": [{"sha256"')
    assert bring(max_age=timedelta(days=9)).source == "fetched"
