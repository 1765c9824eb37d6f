"""Target names as proposers spell them: VV 191, VV-191 and VV191 are one target.

Only spelling is compared: blanks, hyphens and underscores where they separate letters from letters or from digits,
capitals, and zeros before a number. What may mean something is kept: between two digits there is a separator or none
(``J0102-4915``, ``POSITION 1 2``), though it does not matter which, since APT turns blanks into hyphens
(``BD-13 4920``, ``BD-13-4920``); so are dots, plus signs, brackets and all words (``VV-191-OFFSET`` is another
pointing). Other names of the same object are not known here: that is a resolver's work.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212_", "-"))
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[-\s]+(?=[0-9])")
_SEPARATORS = re.compile(r"(?<![0-9])[-\s]+(?=\w)|(?<=\w)[-\s]+(?![-0-9\s])")
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
    joined = _SEPARATORS.sub("", _BETWEEN_DIGITS.sub("-", plain.translate(_DASHES))).strip()
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
