"""Where a copy may be put: below one of the operator's roots, as far as the words of the request tell.

Whether a link leads out of the root can only be seen where the folder is: `staging/shared.py` follows none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from topmast_service.errors import CopiesNotAllowed, Invalid

_LONGEST = 255  # bytes in one name, on every filesystem in use


@dataclass(frozen=True)
class Place:
    """A folder below a root: `inside` are the names on the way, at least one."""

    root: str
    inside: tuple[str, ...]

    @property
    def path(self) -> str:
        """The whole path."""
        return "/".join((self.root.rstrip("/"), *self.inside))


def roots_of(text: str) -> tuple[str, ...]:
    """The roots of the setting ``/path:/other``.

    Raises
    ------
    Invalid
        One is no absolute path.
    """
    found = tuple(piece.strip() for piece in text.split(":") if piece.strip())
    if wrong := [piece for piece in found if not piece.startswith("/") or ".." in piece.split("/")]:
        raise Invalid(f"TOPMAST_COPY_ROOTS: {wrong[0]!r} is no absolute path.", hint="/shared/jwst:/scratch/jwst")
    return found


def place(directory: str, roots: Sequence[str]) -> Place:
    """What `directory` means: relative to the first root, or absolute and below one of them.

    Raises
    ------
    CopiesNotAllowed
        It is elsewhere, is a root itself, or has names that no folder can have; or there are no roots.
    """
    if not roots:
        raise CopiesNotAllowed(
            "This topmast makes no copies.", hint="Download the bundle, or ask whoever runs it for TOPMAST_COPY_ROOTS."
        )
    names = _names(directory)
    if not directory.startswith("/"):
        return _below(roots[0], names)
    for root in roots:
        within = _names(root)
        if names[: len(within)] == within:
            return _below(root, names[len(within) :])
    raise CopiesNotAllowed(f"{directory!r} is not below {' or '.join(roots)}.")


def _below(root: str, names: tuple[str, ...]) -> Place:
    if not names:
        raise CopiesNotAllowed(f"Copies are put into folders below {root}, not there.")
    return Place(root, names)


def _names(directory: str) -> tuple[str, ...]:
    names = tuple(name for name in directory.split("/") if name not in {"", "."})
    if any(name == ".." or not name.isprintable() or len(name.encode()) > _LONGEST for name in names):
        raise CopiesNotAllowed("`directory` has a name that no folder of copies can have.")
    return names
