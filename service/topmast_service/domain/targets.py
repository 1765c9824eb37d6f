"""Target names as proposers spell them: VV 191, VV-191 and VV191 are one target.

Only spelling is compared: blanks, hyphens and underscores where they separate letters from letters or from digits,
capitals, and zeros before a number. What may mean something is kept: between two digits a hyphen may be the sign of a
declination (``J0102-4915``, ``BD+60-1753``), a blank the end of a number (``POSITION 1 2``); so are dots, plus signs,
brackets and all words (``VV-191-OFFSET`` is another pointing). Other names of the same object are not known here:
that is a resolver's work.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212_", "-"))
_BLANKS = re.compile(r"[ _]+")
_SEPARATORS = re.compile(r"(?<![0-9])[- ]+(?=\w)|(?<=\w)[- ]+(?![-0-9 ])")
_ZEROS = re.compile(r"(?<=[^\W\d_])0+(?=[0-9])")


@dataclass(frozen=True)
class Group:
    """Names that are one target.

    Attributes
    ----------
    name
        The variant with the most rows.
    variants
        The other spellings, the more frequent first.
    rows
        How many rows have any of the names.
    """

    name: str
    variants: tuple[str, ...]
    rows: int

    def __str__(self) -> str:
        """``VV 191 (VV-191, VV191)``."""
        return f"{self.name} ({', '.join(self.variants)})" if self.variants else self.name


def key(name: str) -> str:
    """What all spellings of one name have in common.

    >>> key("VV 191") == key("vv-191") == key("VV191")
    True
    """
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    plain = _BLANKS.sub(" ", plain.replace("_", " ")).translate(_DASHES)
    joined = _SEPARATORS.sub("", plain).strip()
    return _ZEROS.sub("", joined) or plain


def groups(rows: Mapping[str, int]) -> list[Group]:
    """The targets among these names, the one with the most rows first.

    Parameters
    ----------
    rows
        How many rows each spelling has.
    """
    together: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(rows, key=lambda n: (-rows[n], n)):
        together[key(name)].append(name)
    found = [
        Group(first, tuple(others), rows[first] + sum(rows[o] for o in others)) for first, *others in together.values()
    ]
    return sorted(found, key=lambda g: (-g.rows, g.name))
