"""Preview pictures: a small real image, padded inside its own format to the length that is listed."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from topmast_sandbox.catalogue.caom import hashed
from topmast_sandbox.catalogue.segments import Noise, Segment, Text, Zeros

FULL = 700_000  # bytes of a full-frame preview
_SMALLEST = 4_096
_SIDE = 48
_COMMENT = 65_000  # bytes in one JPEG comment segment
_IEND = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def size(uri: str, generation: int, scale: float) -> int:
    """Length in bytes of a preview."""
    full = FULL + hashed(f"{uri}{generation}", FULL)
    return max(_SMALLEST, round(full * scale)) + hashed(f"{uri}|{generation}", 200)


def segments(filename: str, key: str, length: int) -> Iterator[Segment]:
    """A picture of exactly `length` bytes; below the size of the smallest picture, noise."""
    is_png = filename.endswith(".png")
    picture = _picture(key, "PNG" if is_png else "JPEG")
    spare = length - len(picture)
    if spare == 0:
        yield Text(picture)
    elif spare < (12 if is_png else 4):
        yield Noise(key, length)  # MAST has such previews too: placeholders of 382 bytes
    elif is_png:
        yield Text(picture[: -len(_IEND)] + _chunk(spare - 12) + _IEND)
    else:
        yield from _commented(picture, spare)


def _picture(key: str, form: str) -> bytes:
    from PIL import Image

    level = hashed(key, 128)
    image = Image.new("L", (_SIDE, _SIDE))
    image.putdata([(level + x * y) % 256 for y in range(_SIDE) for x in range(_SIDE)])
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def _chunk(length: int) -> bytes:
    """A PNG chunk that decoders skip (private, ancillary)."""
    body = b"paDd" + bytes(length)
    return struct.pack(">I", length) + body + struct.pack(">I", zlib.crc32(body))


def _commented(picture: bytes, spare: int) -> Iterator[Segment]:
    """JPEG comments after the start marker, `spare` bytes in all (at least 4, never leaving 1 to 3)."""
    yield Text(picture[:2])
    while spare:
        take = spare if spare <= _COMMENT else _COMMENT if spare - _COMMENT >= 4 else _COMMENT - 4
        yield Text(b"\xff\xfe" + struct.pack(">H", take - 2))
        yield Zeros(take - 4)
        spare -= take
    yield Text(picture[2:])
