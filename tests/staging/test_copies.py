"""Copies of one's own: from the very blocks where the filesystem can, else byte by byte; whole or not there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from topmast_service.errors import DiskFull
from topmast_service.staging import cache as caches
from topmast_service.staging import pouring
from topmast_service.staging.cache import Cache

from .test_cache_parts import keep

BODY = b"bytes of a product" * 1000


def sharing(target: int, _request: int, source: int) -> None:
    """A filesystem that shares blocks, as far as anybody can see."""
    os.sendfile(target, source, 0, len(BODY))


def refusing(*_: Any) -> None:
    raise OSError(errno.EOPNOTSUPP, "no blocks are shared here")


@pytest.mark.parametrize("ioctl", [sharing, refusing])
def test_a_copy_is_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ioctl: Any) -> None:
    monkeypatch.setattr(pouring.fcntl, "ioctl", ioctl)
    cache, copy = Cache(tmp_path / "cache"), tmp_path / "box" / "a.dat"
    version = keep(cache, BODY)
    assert cache.copy(version, copy)
    assert (copy.read_bytes(), stat.S_IMODE(copy.stat().st_mode)) == (BODY, 0o644)
    copy.write_bytes(b"mine")
    assert cache.path(version).read_bytes() == BODY
    with pytest.raises(FileExistsError):
        cache.copy(version, copy)
    assert copy.read_bytes() == b"mine"


def test_shared_blocks_need_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache", keep_free=1 << 60)
    version = keep(Cache(tmp_path / "cache"), BODY)
    monkeypatch.setattr(pouring.fcntl, "ioctl", refusing)
    with pytest.raises(DiskFull):
        cache.copy(version, tmp_path / "a.dat")
    assert not (tmp_path / "a.dat").exists()
    monkeypatch.setattr(pouring.fcntl, "ioctl", sharing)
    assert cache.copy(version, tmp_path / "a.dat")


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "no space")

    cache = Cache(tmp_path / "cache")
    version = keep(cache, BODY)
    monkeypatch.setattr(caches, "cloned", lambda *_: False)
    monkeypatch.setattr(pouring.shutil, "copyfileobj", full)
    with pytest.raises(DiskFull):
        cache.copy(version, tmp_path / "a.dat")
    assert not (tmp_path / "a.dat").exists()


def test_bad_bytes_are_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    version = keep(cache, BODY)
    blob = cache.path(version)
    blob.chmod(0o644)
    blob.write_bytes(BODY[:-1] + b"?")
    assert not cache.copy(version, tmp_path / "a.dat")
    assert not cache.copy(version, tmp_path / "a.dat"), "and gone, so that good ones are fetched"
    assert not (tmp_path / "a.dat").exists()
    assert not blob.exists()
