"""What a file's bytes are made of: literal text, noise that costs nothing to seek in, and zeros.

No file of the sandbox exists on disk. Each is a sequence of segments of known length, so that HEAD needs
no rendering and a Range anywhere in 20 GB costs the bytes asked for and no more.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Protocol

CHUNK = 256 * 1024
_POOL = 1024 * 1024
_FLOAT = 4


class Segment(Protocol):
    """A run of bytes with a known length."""

    @property
    def length(self) -> int:
        """Bytes in the run."""

    def read(self, start: int, stop: int) -> Iterator[memoryview]:
        """Views of at most `CHUNK` bytes covering [start, stop), which lies inside the run."""


@dataclass(frozen=True)
class Text:
    """Bytes held as they are: headers, JSON, small images."""

    data: bytes

    @property
    def length(self) -> int:
        """Bytes in the run."""
        return len(self.data)

    def read(self, start: int, stop: int) -> Iterator[memoryview]:
        """Slices of the bytes."""
        view = memoryview(self.data)
        for at in range(start, stop, CHUNK):
            yield view[at : min(at + CHUNK, stop)]


@dataclass(frozen=True)
class Zeros:
    """Zeros: data-quality planes and FITS padding."""

    length: int

    def read(self, start: int, stop: int) -> Iterator[memoryview]:
        """Zeros, in chunks."""
        for at in range(start, stop, CHUNK):
            yield _ZEROS[: min(CHUNK, stop - at)]


@dataclass(frozen=True)
class Noise:
    """Deterministic noise, as big-endian floats between 0.5 and 2 (no NaN or infinity, 4 or 8 bytes wide).

    Block *i* of the run is a window of one pool that all noise shares, at an offset that the key and *i* decide. So
    nothing is made when it is read, and bytes taken from the wrong offset, or from another file, never equal the
    right ones.
    """

    key: str
    length: int

    def read(self, start: int, stop: int) -> Iterator[memoryview]:
        """Noise, a window or less at a time."""
        pool = _pool()
        first, stride = self._windows()
        while start < stop:
            block, within = divmod(start, CHUNK)
            take = min(CHUNK - within, stop - start)
            at = (first + block * stride) % _POOL + within
            yield pool[at : at + take]
            start += take

    def _windows(self) -> tuple[int, int]:
        """Offset of the first window and the way to the next; an odd number of floats, so that none comes twice."""
        digest = blake2b(self.key.encode(), digest_size=8).digest()
        first, step = (int.from_bytes(part, "big") for part in (digest[:4], digest[4:]))
        return first * _FLOAT % _POOL, (2 * step + 1) * _FLOAT % _POOL


def read(segments: Iterable[Segment], start: int, stop: int) -> Iterator[bytes]:
    """The bytes [start, stop) of a sequence of segments, in chunks of `CHUNK` bytes, the last one shorter."""
    gathered: list[memoryview] = []
    size = 0
    for view in _views(segments, start, stop):
        room = CHUNK - size
        gathered.append(view[:room])
        size += len(view)
        if size >= CHUNK:
            yield b"".join(gathered)
            gathered, size = [view[room:]], size - CHUNK
    if size:
        yield b"".join(gathered)


def _views(segments: Iterable[Segment], start: int, stop: int) -> Iterator[memoryview]:
    for segment in segments:
        if start < segment.length and stop > 0:
            yield from segment.read(max(start, 0), min(stop, segment.length))
        start -= segment.length
        stop -= segment.length


@cache
def _pool() -> memoryview:
    """The noise, its beginning repeated behind its end for windows that reach beyond it."""
    pool = bytearray(random.Random(_POOL).randbytes(_POOL))  # noqa: S311  (noise, not a secret)
    pool[0::_FLOAT] = b"\x3f" * (_POOL // _FLOAT)
    return memoryview(bytes(pool + pool[:CHUNK]))


_ZEROS = memoryview(bytes(CHUNK))
