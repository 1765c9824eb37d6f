"""Names that come from a server, made into places that are safe to write to."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from ._errors import TopmastError

MAX_NAME = 255 - 32  # bytes; room for what a part file adds to the name
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class UnsafePath(TopmastError):
    """A path that would lead out of the download directory, or that no sane server sends."""

    hint = "The file was not written. Tell whoever runs the service."


def safe_target(root: Path, path: str) -> Path:
    """Where `path` of the box goes below `root`.

    Raises
    ------
    UnsafePath
        It is absolute, climbs, has control characters or separators of another system, or a link on the way
        leads out of `root`.
    """
    parts = path.split("/")
    problem = next((problem for part in parts if (problem := _wrong(part))), None)
    if problem:
        raise UnsafePath(f"the path {path!r} was refused: {problem}")
    target = root.joinpath(*parts)
    _stay_inside(root, target, path)
    return target


def _wrong(part: str) -> str | None:
    """What is wrong with one segment."""
    if part in ("", ".", ".."):
        return "it is absolute, empty or climbs"
    if "\\" in part or ":" in part:
        return "it has separators of another system"
    # Control characters can rewrite a terminal, format characters (right-to-left override) disguise a name.
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in part):
        return "it has control characters"
    if len(part.encode("utf-8")) > MAX_NAME:
        return "a name is too long"
    if part != part.strip() or part.endswith(".") or RESERVED.fullmatch(part):
        return "some systems read such a name as another one"
    return None


def _stay_inside(root: Path, target: Path, path: str) -> None:
    # Links inside the directory may be the user's own arrangement; only those that leave it are refused.
    base = os.path.realpath(root)
    parent = os.path.realpath(target.parent)
    if os.path.commonpath([base, parent]) != base:
        raise UnsafePath(f"the path {path!r} was refused: a link on the way leads out of {root}")
    if target.is_dir() and not target.is_symlink():
        raise UnsafePath(f"the path {path!r} was refused: a directory has that name")
