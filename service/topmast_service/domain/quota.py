"""What one user may have at most, and how amounts of it are read and told."""

from __future__ import annotations

import re
from dataclasses import dataclass

from topmast_service.errors import Invalid, OverQuota

_UNITS: dict[str, float] = {"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15} | {
    f"{letter}IB": 1024 ** (power + 1) for power, letter in enumerate("KMGTP")
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


@dataclass(frozen=True)
class Quota:
    """Limits of one user; 0: any."""

    open_jobs: int = 0
    staged_bytes: int = 0
    requests_per_minute: int = 0


@dataclass(frozen=True)
class Used:
    """One limit, and how much of it is taken."""

    limit: int
    used: int

    def document(self) -> dict[str, int | None]:
        """``{"limit", "used"}``; a limit of null is none."""
        return {"limit": self.limit or None, "used": self.used}

    def fits(self, needed: int) -> bool:
        """Whether so much more is within the limit."""
        return not self.limit or self.used + needed <= self.limit


def check_jobs(jobs: Used) -> None:
    """Raise `OverQuota` unless one more job may be open."""
    if not jobs.fits(1):
        raise OverQuota(f"{jobs.used} of {jobs.limit} jobs are open; abort one or wait until one has ended.")


def check_bytes(staged: Used, needed: int) -> None:
    """Raise `OverQuota` unless so many bytes more may be staged."""
    if staged.fits(needed):
        return
    left = max(0, staged.limit - staged.used)
    asked = f"the bundle needs {told(needed)}" if needed > 1 else "nothing more can be staged"
    raise OverQuota(
        f"{told(staged.used)} of {told(staged.limit)} are staged or on their way; {asked}, {told(left)} would fit "
        f"({left} bytes).",
        hint="Delete a bundle that is no longer needed, or choose fewer files; `dry_run` tells what a choice needs.",
    )


def bytes_of(text: str) -> int:
    """A size as people write it, in bytes.

    Raises
    ------
    Invalid
        It cannot be read.

    Examples
    --------
    >>> bytes_of("2TB"), bytes_of("1.5 GiB"), bytes_of("0")
    (2000000000000, 1610612736, 0)
    """
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found[2].upper()) if found else None
    if found is None or unit is None:
        raise Invalid(f"{text!r} is no size.", hint="Write bytes, or a number with kB, MB, GB, TB, GiB or TiB.")
    return int(float(found[1]) * unit)


def told(size: int) -> str:
    """A size as people read it.

    Examples
    --------
    >>> told(999), told(2_000_000_000_000), told(999_999)
    ('999 B', '2.0 TB', '1.0 MB')
    """
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
