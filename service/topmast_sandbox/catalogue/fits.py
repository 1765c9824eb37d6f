"""FITS files: how long they are, and their headers. The format is FITS 4.0 (IAU FWG, 2018)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from topmast_sandbox.catalogue.segments import Noise, Segment, Text, Zeros

BLOCK = 2880
CARD = 80
PRIMARY_BLOCKS = 12  # 432 cards: every instrument's keywords fit, so that a length needs no rendering
_TEXT = 68  # characters that one card holds
_SMALLEST = 8  # pixels: a shrunk detector stays an image
_COLUMNS = (("WAVELENGTH", "um"), ("FLUX", "Jy"), ("FLUX_ERROR", "Jy"), ("SURF_BRIGHT", "MJy/sr"), ("NPIXELS", ""))

Value = str | int | float | bool | None


class Hdu(NamedTuple):
    """An extension: its name, BITPIX, axes (NAXIS1 first) and whether it is a table of doubles."""

    name: str
    bitpix: int
    axes: tuple[int, ...]
    table: bool = False

    @property
    def bytes(self) -> int:
        """Data bytes, before padding."""
        return abs(self.bitpix) // 8 * math.prod(self.axes)


class Shape(NamedTuple):
    """Pixels, groups and integrations of one exposure, unscaled."""

    x: int
    y: int
    groups: int = 1
    ints: int = 1


@lru_cache(maxsize=4096)
def layout(shape_kind: str, names: tuple[str, ...], shape: Shape, scale: float, grown: int) -> tuple[Hdu, ...]:
    """Extensions of a file. `scale` shrinks the pixel area; `grown` adds rows, as a reprocessing may."""
    linear = math.sqrt(scale)
    x = max(_SMALLEST, round(shape.x * linear))
    y = max(_SMALLEST, round(shape.y * linear)) + grown
    axes = {
        "frame": (x, y),
        "ints": (x, y, shape.ints),
        "ramp": (x, y, shape.groups, shape.ints),
        "cube": (max(_SMALLEST, x // 20), max(_SMALLEST, y // 20), max(_SMALLEST, round(3600 * linear))),
    }
    if shape_kind == "table":
        return tuple(Hdu(n, 8, (len(_COLUMNS) * 8, max(_SMALLEST, y) * 4), table=True) for n in names)
    if shape_kind == "ramp":
        return tuple(Hdu(n, 16, axes["ramp"]) for n in names)
    return tuple(Hdu(n, 32 if n == "DQ" else -32, axes[shape_kind]) for n in names)


def padded(count: int) -> int:
    """Bytes rounded up to whole FITS blocks."""
    return -(-count // BLOCK) * BLOCK


def size(hdus: Iterable[Hdu]) -> int:
    """Length in bytes of a file with these extensions."""
    return PRIMARY_BLOCKS * BLOCK + sum(BLOCK + padded(hdu.bytes) for hdu in hdus)


def segments(
    primary: Sequence[tuple[str, Value, str]], hdus: Sequence[Hdu], wcs: Sequence[tuple[str, Value, str]], key: str
) -> list[Segment]:
    """The bytes of a file: primary cards, then each extension's header, data and padding."""
    cards = [("SIMPLE", True, "FITS 4.0"), ("BITPIX", 8, ""), ("NAXIS", 0, ""), ("EXTEND", True, ""), *primary]
    made: list[Segment] = [Text(header(cards, PRIMARY_BLOCKS))]
    for hdu in hdus:
        made.append(Text(header(_extension(hdu, wcs), 1)))
        made.append(Zeros(hdu.bytes) if hdu.name == "DQ" else Noise(f"{key}|{hdu.name}", hdu.bytes))
        made.append(Zeros(padded(hdu.bytes) - hdu.bytes))
    return made


def header(cards: Iterable[tuple[str, Value, str]], blocks: int) -> bytes:
    """Cards as `blocks` FITS blocks: real cards, blank ones, END last (a header ends with the block that has END).

    Raises
    ------
    ValueError
        More cards than the blocks hold.
    """
    text = "".join(card(*c) for c in cards)
    room = blocks * BLOCK - CARD
    if len(text) > room:
        raise ValueError(f"{len(text) // CARD} cards do not fit into {blocks} FITS blocks")
    return (text.ljust(room) + "END".ljust(CARD)).encode("ascii")


@lru_cache(maxsize=16384, typed=True)  # most cards of most files are the same; typed, for True and 1 are equal
def card(keyword: str, value: Value, comment: str) -> str:
    """One 80-character card; strings are shortened to what one card holds."""
    said = f" / {comment}" if comment else ""
    return f"{keyword:<8}= {_value(value)}{said}"[:CARD].ljust(CARD)


def _value(value: Value) -> str:
    if value is None:
        return " " * 20
    if isinstance(value, bool):
        return f"{'T' if value else 'F':>20}"
    if isinstance(value, int):
        return f"{value:>20}"
    if isinstance(value, float):
        return f"{value:>20.13G}"
    text = value.encode("ascii", "replace").decode()[:_TEXT].replace("'", "`")
    return f"'{text:<8}'".ljust(20)


def _extension(hdu: Hdu, wcs: Sequence[tuple[str, Value, str]]) -> list[tuple[str, Value, str]]:
    kind = "BINTABLE" if hdu.table else "IMAGE"
    cards: list[tuple[str, Value, str]] = [
        ("XTENSION", kind, ""),
        ("BITPIX", hdu.bitpix, ""),
        ("NAXIS", len(hdu.axes), ""),
    ]
    cards += [(f"NAXIS{n}", length, "") for n, length in enumerate(hdu.axes, start=1)]
    cards += [("PCOUNT", 0, ""), ("GCOUNT", 1, "")]
    if hdu.table:
        cards.append(("TFIELDS", len(_COLUMNS), ""))
        for n, (name, unit) in enumerate(_COLUMNS, start=1):
            cards += [(f"TTYPE{n}", name, ""), (f"TFORM{n}", "D", ""), (f"TUNIT{n}", unit, "")]
    elif hdu.bitpix == 16:
        cards += [("BSCALE", 1, ""), ("BZERO", 32768, "unsigned")]
    cards += [("EXTNAME", hdu.name, ""), ("EXTVER", 1, "")]
    return cards + (list(wcs) if hdu.name == "SCI" else [])
