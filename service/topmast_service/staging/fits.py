"""Just enough FITS to tell a whole file from a cut one, and to read a few keywords. No astropy.

The rules are those of the FITS standard 4.0: blocks of 2,880 bytes (§3.1), cards of 80 (§4.1), a header that ends
with END (§4.4.1.1), and a data length that follows from BITPIX, NAXISn, PCOUNT and GCOUNT (§4.4.1, §6.1.1). Opening
a file with astropy does not find a cut one: it reads lazily.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import BinaryIO

BLOCK = 2880
_CARD = 80
_MOST_BLOCKS = 10_000  # 29 MB of header: a hundred times the largest JWST one, and it must not fill the memory

Cards = dict[str, str]


class NotFits(Exception):
    """The file breaks a rule of the format; the message says which."""


def check(path: Path) -> Cards:
    """Walk all headers and make sure that the last data unit is whole.

    Parameters
    ----------
    path
        A file that claims to be FITS.

    Returns
    -------
    dict
        The primary header's values as text, by keyword.

    Raises
    ------
    NotFits
        Wrong start, no END, a length that is no multiple of 2,880 bytes, or data that end too early.
    """
    size = path.stat().st_size
    if size % BLOCK:
        raise NotFits(f"its length, {size} bytes, is no multiple of {BLOCK}")
    with path.open("rb") as file:
        primary = _header(file, b"SIMPLE  =")
        end = file.tell() + _data_length(primary)
        while end < size and _extension_at(file, end):
            end = _end_of_next(file)
    if end > size:
        raise NotFits(f"its headers announce {end} bytes, it has {size}")
    return primary


def primary(file: BinaryIO) -> Cards:
    """The primary header's values as text, by keyword, of a file or of its beginning.

    Raises
    ------
    NotFits
        It is no FITS, or the header does not end in what there is.
    """
    cards = _header(file, b"SIMPLE  =")
    return {keyword: text(cards, keyword) for keyword in cards}


def text(cards: Cards, keyword: str) -> str:
    """A keyword's value without quotes and padding; empty when it is absent."""
    raw = cards.get(keyword, "")
    if not raw.startswith("'"):
        return raw.split("/")[0].strip()
    # Two quotes in a row stand for one (§4.2.1): hide them while looking for the closing quote.
    return raw[1:].replace("''", "\0").split("'")[0].replace("\0", "'").rstrip()


def _end_of_next(file: BinaryIO) -> int:
    extension = _header(file, b"XTENSION=")
    return file.tell() + _data_length(extension)


def _extension_at(file: BinaryIO, offset: int) -> bool:
    # What follows the last unit and is no extension is "special records" (§3.5): odd, but allowed.
    file.seek(offset)
    found = file.read(9) == b"XTENSION="
    file.seek(offset)
    return found


def _header(file: BinaryIO, beginning: bytes) -> Cards:
    cards: Cards = {}
    for number in range(_MOST_BLOCKS):
        block = file.read(BLOCK)
        if number == 0 and not block.startswith(beginning):
            raise NotFits(f"it does not begin with {beginning.decode()}")
        if len(block) < BLOCK:
            break
        if _read_cards(block, cards):
            return cards
    raise NotFits("a header without END")


def _read_cards(block: bytes, cards: Cards) -> bool:
    """Add a block's cards; True when END was among them."""
    letters = block.decode("ascii", "replace")  # at once: a header has hundreds of cards, a bundle thousands of headers
    for start in range(0, BLOCK, _CARD):
        card = letters[start : start + _CARD]
        keyword = card[:8].rstrip()
        if keyword == "END" and not card[8:].strip():
            return True
        if card[8:10] == "= ":
            cards.setdefault(keyword, card[10:].strip())
    return False


def _data_length(cards: Cards) -> int:
    axes = [_number(cards, f"NAXIS{axis}") for axis in range(1, _number(cards, "NAXIS") + 1)]
    if not axes:
        return 0
    if axes[0] == 0 and text(cards, "GROUPS") == "T":  # random groups (§6): NAXIS1 is a marker, not a length
        axes = axes[1:]
    pixels = _number(cards, "GCOUNT", 1) * (_number(cards, "PCOUNT") + math.prod(axes))
    length = abs(_number(cards, "BITPIX")) // 8 * pixels
    return -(-length // BLOCK) * BLOCK


def _number(cards: Cards, keyword: str, default: int = 0) -> int:
    value = text(cards, keyword)
    try:
        number = int(value) if value else default
    except ValueError:
        raise NotFits(f"{keyword} is {value!r}") from None
    if number < 0 and keyword != "BITPIX":
        raise NotFits(f"{keyword} is {number}")
    return number
