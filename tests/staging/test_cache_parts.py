"""The cache's own promises, on a real directory."""

from __future__ import annotations

import errno
import hashlib
import os
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topmast_service.staging.cache import Cache
from topmast_service.staging.content import Unsound
from topmast_service.staging.part import PartBusy
from topmast_service.staging.shelf import Shelf
from topmast_service.staging.version import Origin, Version

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
URI = "mast:HLSP/a.dat"


def keep(cache: Cache, content: bytes, uri: str = URI) -> Version:
    """Put bytes into the cache."""
    with cache.open_part(uri, wait=5) as part:
        part.restart(Origin(total=len(content)))
        part.append(content)
        return part.commit(NOON)


@given(
    content=st.binary(min_size=1, max_size=5000).filter(lambda content: not content.lstrip().startswith(b"<")),  # HTML
    cuts=st.lists(st.integers(0, 5000), max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_however_it_is_cut_the_hashes_are_those_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, cuts: list[int]
) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    origin = Origin(total=len(content), validator='"v"', etag='"v"')
    for end in sorted(min(cut, len(content)) for cut in cuts):
        with cache.open_part(URI, wait=0) as part:
            if not part.size:
                part.restart(origin)
            part.append(content[part.size : end])
    with cache.open_part(URI, wait=0) as part:
        if not part.size:
            part.restart(origin)
        assert part.origin == origin
        part.append(content[part.size :])
        version = part.commit(NOON)
    assert (version.sha256, version.crc32) == (hashlib.sha256(content).hexdigest(), zlib.crc32(content))
    assert cache.path(version).read_bytes() == content
    assert cache.newest(URI) == version


def test_the_wrong_length_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for content in (b"short", b"far too long"):
        with cache.open_part(URI, wait=0) as part:
            part.restart(Origin(total=7))
            part.append(content)
            with pytest.raises(Unsound, match="instead of 7"):
                part.commit(NOON)
    assert cache.newest(URI) is None
    assert list(tmp_path.glob("parts/*")) == []


def test_an_untouched_lock_leaves_no_trace(tmp_path: Path) -> None:
    with Cache(tmp_path).open_part(URI, wait=0):
        pass
    assert list(tmp_path.glob("*/*")) == []


def test_one_lock_per_uri(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with cache.open_part(URI, wait=0):
        with pytest.raises(PartBusy), cache.open_part(URI, wait=0.1):
            pass
        with cache.open_part("mast:HLSP/b.dat", wait=0):
            pass


def test_a_lock_on_what_became_a_blob_is_no_lock(tmp_path: Path) -> None:
    """Whoever opened the .part before the rename must not end up writing into the blob."""
    cache = Cache(tmp_path)
    with cache.open_part(URI, wait=0) as part:
        part.restart(Origin(total=3))
        part.append(b"abc")
        early = os.open(Shelf(tmp_path).part(URI), os.O_RDWR)
        version = part.commit(NOON)
    with cache.open_part(URI, wait=0) as part:
        part.restart(Origin(total=5))
        part.append(b"later")
        assert cache.path(version).read_bytes() == b"abc"
    assert os.fstat(early).st_ino == cache.path(version).stat().st_ino
    os.close(early)


def test_versions_are_remembered_newest_last(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first, second = keep(cache, b"first"), keep(cache, b"second")
    assert cache.versions(URI) == [first, second]
    assert cache.newest(URI) == second
    assert keep(cache, b"first").sha256 == first.sha256
    assert [version.sha256 for version in cache.versions(URI)] == [second.sha256, first.sha256]


def test_touch_moves_only_the_check(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    version = keep(cache, b"bytes")
    later = NOON + timedelta(days=2)
    with cache.open_part(URI, wait=0):
        touched = cache.touch(URI, version, later)
    assert (touched.checked_at, touched.fetched_at) == (later, NOON)
    assert cache.newest(URI) == touched


def test_a_version_survives_its_record(tmp_path: Path) -> None:
    version = keep(Cache(tmp_path), b"bytes")
    assert Version.from_record(version.as_record() | {"later": "releases add this"}) == version


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: os.truncate(path, 2)])
def test_bytes_that_are_gone_or_cut_are_a_miss(tmp_path: Path, spoil: object) -> None:
    cache = Cache(tmp_path)
    version = keep(cache, b"bytes")
    spoil(cache.path(version))  # type: ignore[operator]  # a parametrized callable
    assert cache.newest(URI) is None
    assert keep(cache, b"bytes") == version
    assert cache.path(version).read_bytes() == b"bytes"


def test_a_damaged_blob_is_replaced_by_the_same_bytes_fetched_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    version = keep(cache, b"bytes")
    cache.path(version).chmod(0o644)
    cache.path(version).write_bytes(b"rotte")
    keep(cache, b"bytes", "mast:HLSP/b.dat")
    assert cache.path(version).read_bytes() == b"bytes"


def test_a_link_pins(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    version = keep(cache, b"bytes")
    here = tmp_path / "box" / "deep" / "a.dat"
    assert cache.link(version, here)
    assert here.stat().st_ino == cache.path(version).stat().st_ino
    cache.path(version).unlink()
    assert here.read_bytes() == b"bytes"
    assert not cache.link(version, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_link_overwrites_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    version = keep(cache, b"bytes")
    (tmp_path / "there").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        cache.link(version, tmp_path / "there")


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EMLINK, errno.EPERM])
def test_where_there_are_no_links_a_checked_copy_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A second filesystem, or 65,000 links, cannot be had in a test directory: only the refusal is played."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    cache = Cache(tmp_path / "cache")
    version = keep(cache, b"bytes")
    monkeypatch.setattr(os, "link", refuse)
    assert cache.link(version, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"bytes"
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o444
    cache.path(version).chmod(0o644)
    cache.path(version).write_bytes(b"rotte")
    assert not cache.link(version, tmp_path / "bad")
    assert not (tmp_path / "bad").exists()
    assert cache.newest(URI) is None
