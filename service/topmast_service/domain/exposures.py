"""When and how a product was taken: exposure type, begin and optical elements, from the keywords of its exposure.

MAST's keyword services have rows for FITS files of the highest level only, so a raw file is found by its exposure and
detector: the two channels of NIRCam differ in type and filter within one exposure. Combined products have rows of their
own; what belongs to a visit or a whole observation is known as far as all of it agrees.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from topmast_service.domain import dates, product_facts
from topmast_service.domain.belonging import ELEMENTS, NO_ELEMENT

_GUIDE_STAR = re.compile(r"jw\d{11}_gs-(id|acq1|acq2|track|fg)_(?:(\d{4})(\d{3})(\d{2})(\d{2})(\d{2})|\d{1,2})(?!\d)")
_GUIDE_STAR_TYPES = {
    "acq1": "FGS_ACQ1", "acq2": "FGS_ACQ2", "track": "FGS_TRACK", "fg": "FGS_FINEGUIDE",
}  # fmt: skip
_CANDIDATE = re.compile(r"jw\d{5}-[aocr]\d{3,4}")
_FILE_SET = re.compile(r"jw\d{5}-[aocr]\d{3,4}_[a-z0-9-]+_[a-z0-9]+(?=_)")


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is known; of several exposures only what they have in common, and the first begin.

    Attributes
    ----------
    exp_type
        EXP_TYPE: ``MIR_IMAGE``, ``NRS_MSATA``.
    begin
        MJD, days.
    elements
        Optical elements as MAST writes them, wheel by wheel; of MIRI's spectrometer ``CH1`` and bands.
    """

    exp_type: str | None = None
    begin: float | None = None
    elements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Circles:
    """The circles in which a product is sought, from the narrowest: what has this very stem, the same file set, the
    same visit, the same observation or association candidate. Empty where it has none."""

    stem: str = ""
    file_set: str = ""
    visit: str = ""
    candidate: str = ""


def of_row(row: Mapping[str, Any]) -> Exposure:
    """What the keywords of a file say."""
    begin = next((b for key in ("expstart", "date_obs_mjd") if (b := _moment(row.get(key)))), None)
    return Exposure(str(row.get("exp_type") or "").upper() or None, begin, tuple(_elements(row)))


def circles(name: str) -> Circles:
    """Where the product of this name is, and where it is sought."""
    facts, lower = product_facts.of_name(name), name.lower()
    if facts.visit is not None:
        visit, candidate = lower[:13], f"{lower[:7]}-o{facts.observation}"
        return Circles(
            f"{facts.exposure}_{facts.detector}" if facts.exposure else "", facts.exposure or "", visit, candidate
        )
    found, file_set = _CANDIDATE.match(lower), _FILE_SET.match(lower)
    if found is None or file_set is None or facts.instrument is None:
        return Circles(candidate=found[0] if found else "")
    stem = lower.rpartition(".")[0].removesuffix("_thumb").rpartition("_")[0]
    return Circles(stem, file_set[0], "", found[0])


def of_guide_star(name: str) -> Exposure | None:
    """What the name of a guide-star file says by itself (its time is the end of its data); None for other files."""
    found = _GUIDE_STAR.match(lower := name.lower())
    if found is None:
        return None
    step, year, day, *clock = found.groups()
    kind = _GUIDE_STAR_TYPES.get(step) or ("FGS_ID-STACK" if "stacked" in lower else "FGS_ID-IMAGE")
    if year is None:
        return Exposure(kind)
    hours, minutes, seconds = map(int, clock)
    try:
        when = datetime(int(year), 1, 1, hours, minutes, seconds, tzinfo=UTC) + timedelta(days=int(day) - 1)
    except ValueError:
        return Exposure(kind)
    return Exposure(kind, dates.to_mjd(when))


def _moment(cell: Any) -> float | None:
    number = float(cell) if isinstance(cell, (int, float)) and not isinstance(cell, bool) else 0.0
    return number if math.isfinite(number) and number > 0 else None  # MAST writes -999 where there is none


def _elements(row: Mapping[str, Any]) -> Iterator[str]:
    told = (str(row.get(name) or "").upper() for name in ELEMENTS)
    yield from (element for element in told if element.casefold() not in NO_ELEMENT)
    channels = str(row.get("channel") or "")
    if channels.isdecimal():  # NIRCam's are SHORT and LONG
        yield from (f"CH{channel}" for channel in channels)
