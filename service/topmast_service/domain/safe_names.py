"""File names that no filesystem minds and that lead nowhere.

Names come from the archive and from users' lists. A piece of a path has no separators, no control or non-ASCII
characters, no leading dot or dash, and at most 255 bytes.
"""

from __future__ import annotations

import hashlib
import re

_ODD = re.compile(r"[^A-Za-z0-9._+-]|^\.|^-")
_LONGEST = 255  # bytes in one name, on every filesystem in use
_SUFFIX = 16  # characters behind the last dot that still are an extension


def safe_path(*pieces: str) -> str:
    """The pieces as one path, each made harmless; see `safe`."""
    return "/".join(map(safe, pieces))


def safe(name: str) -> str:
    """A name as one harmless piece of a path.

    What had to be changed carries a piece of its hash, so that two names never become one.

    Examples
    --------
    >>> safe("jw01558-o001_t001_miri_f1000w_i2d.fits")
    'jw01558-o001_t001_miri_f1000w_i2d.fits'
    >>> safe("../../etc/passwd")
    '_._.~3754d6cb._etc_passwd'
    """
    clean = _ODD.sub("_", name) or "_"
    if clean == name and len(clean) <= _LONGEST:
        return clean
    return _marked(clean, name)


def apart(path: str, uri: str, number: int = 0) -> str:
    """The same folder, and a name that only this dataURI has; `number` tells its first such name from later ones."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + _marked(name, f"{uri}#{number}" if number else uri)


def _marked(name: str, of: str) -> str:
    """The name with a piece of the hash `of` something before its extension, cut where it gets too long."""
    mark = f"~{hashlib.sha256(of.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > _SUFFIX:
        stem, dot, suffix = name, "", ""
    return stem[: _LONGEST - len(mark) - len(dot) - len(suffix)] + mark + dot + suffix
