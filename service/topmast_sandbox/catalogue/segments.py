"""What a file's bytes are made of: literal text, noise that costs nothing to seek in, and zeros.

No file of the sandbox exists on disk. Each is a sequence of segments of known length, so that HEAD needs
no rendering and a Range anywhere in 20 GB costs the bytes asked for and no more.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

CHUNK = 256 * 1024
_TILE = 64 * 1024
_STRIDE = 4 * 4099  # four bytes times a prime: tiles stay float-aligned, and none repeats its neighbour


class Segment(Protocol):
    """A run of bytes with a known length."""

    @property
    def length(self) -> int:
        """Bytes in the run."""

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Chunks of at most `CHUNK` bytes covering [start, stop), which lies inside the run."""


@dataclass(frozen=True)
class Text:
    """Bytes held as they are: headers, JSON, small images."""

    data: bytes

    @property
    def length(self) -> int:
        """Bytes in the run."""
        return len(self.data)

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Slices of the bytes."""
        for at in range(start, stop, CHUNK):
            yield self.data[at : min(at + CHUNK, stop)]


@dataclass(frozen=True)
class Zeros:
    """Zeros: data-quality planes and FITS padding."""

    length: int

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Zeros, in chunks."""
        for at in range(start, stop, CHUNK):
            yield bytes(min(CHUNK, stop - at))


@dataclass
class Noise:
    """Deterministic noise, as big-endian floats between 0.5 and 2 (no NaN or infinity, 4 or 8 bytes wide).

    One 64 KiB tile is drawn from the key; block *i* of the run is that tile rolled by a distance that
    depends on *i*. So bytes taken from the wrong offset never equal the right ones.
    """

    key: str
    length: int
    _doubled: memoryview | None = field(default=None, repr=False)

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Noise, in chunks of a tile or less."""
        doubled = self._tiles()
        while start < stop:
            block, within = divmod(start, _TILE)
            take = min(_TILE - within, stop - start)
            at = block * _STRIDE % _TILE + within
            yield bytes(doubled[at : at + take])
            start += take

    def _tiles(self) -> memoryview:
        if self._doubled is None:
            tile = bytearray(random.Random(self.key).randbytes(_TILE))  # noqa: S311  (noise, not a secret)
            tile[0::4] = b"\x3f" * (_TILE // 4)
            self._doubled = memoryview(bytes(tile) * 2)
        return self._doubled


def read(segments: Iterable[Segment], start: int, stop: int) -> Iterator[bytes]:
    """The bytes [start, stop) of a sequence of segments."""
    for segment in segments:
        if start < segment.length and stop > 0:
            yield from segment.read(max(start, 0), min(stop, segment.length))
        start -= segment.length
        stop -= segment.length
