"""How full a filesystem is, and how full it may become."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from topmast_service.errors import DiskFull

_FLOOR, _FLOOR_SHARE = 1_000_000_000, 50
_HIGH_SHARE, _LOW_SHARE = 0.8, 0.875
_ASK, _ENOUGH = 1.25, 1.5  # times the floor: eviction begins before transfers have to wait, and ends well above


@dataclass(frozen=True)
class Disk:
    """A filesystem: all its bytes, and those that we may still write (without those reserved for root)."""

    size: int
    free: int


@dataclass(frozen=True)
class Limits:
    """How much room may be taken, in bytes.

    `high` and `low` are the cache's watermarks: once above the one, the longest unused go until it is below the other.
    `keep_free` is what the operator wants kept on the disk: below it transfers wait.
    """

    high: int
    low: int
    keep_free: int

    @classmethod
    def of(cls, disk: Disk, *, high: int = 0, low: int = 0, keep_free: int = -1) -> Limits:
        """The limits as set; 0 (-1 for `keep_free`) stands for a share of the disk."""
        top = high or int(disk.size * _HIGH_SHARE)
        return cls(top, min(low or int(top * _LOW_SHARE), top), floor_of(disk, keep_free))

    def excess(self, cached: int, disk: Disk, emptying: bool) -> int:
        """Bytes that should go; `emptying` says that a low watermark is still being made for."""
        too_much = cached - self.low if emptying or cached > self.high else 0
        too_little_free = disk.free < self.keep_free * (_ENOUGH if emptying else _ASK)
        short = int(self.keep_free * _ENOUGH) - disk.free if too_little_free else 0
        return max(0, too_much, short)


def floor_of(disk: Disk, keep_free: int) -> int:
    """Free bytes to keep: as set, or (-1) a fiftieth of the disk and at most 1 GB, so that Redis can go on writing."""
    return keep_free if keep_free >= 0 else min(_FLOOR, disk.size // _FLOOR_SHARE)


def disk_of(path: Path) -> Disk:
    """The filesystem that `path` is on, or will be."""
    while not path.exists() and path != path.parent:
        path = path.parent
    found = os.statvfs(path)
    return Disk(found.f_frsize * found.f_blocks, found.f_frsize * found.f_bavail)


def require_room(path: Path, size: int, keep_free: int) -> None:
    """Make sure that `size` bytes more leave what is to be kept free.

    Raises
    ------
    DiskFull
        They would not.
    """
    disk = disk_of(path)
    floor = floor_of(disk, keep_free)
    if disk.free - size < floor:
        raise DiskFull(f"{disk.free / 1e9:.1f} GB are free where the data are kept, and {floor / 1e9:.1f} GB stay so.")
