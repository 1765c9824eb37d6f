"""Which observation a file belongs to, as far as names tell.

The stem of a file's name is the ``obs_id`` of its observation, segment included (mast-protocol §14.1). But an exposure
that went into a combined product has no row of its own in a CAOM search: then it is sought in the combined
observations of its program and observation, by instrument and optical elements. Guide-star files hang on all
observations of their visit. Naming rules: JWST Science Data Products, file naming.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ELEMENTS = ("filter", "pupil", "grating", "band")
"""Keywords of an exposure that the names of combined observations repeat."""

NO_ELEMENT = frozenset({"", "n/a", "none", "null", "mirror", "opaque"})
"""What the wheels say where nothing is in the way; names leave it out."""

CHANNELS = {"mirifushort": ("ch1", "ch2"), "mirifulong": ("ch3", "ch4")}
"""What the detectors of MIRI's medium-resolution spectrometer see; its cubes are named by channel and bands."""

BANDS = ("short", "medium", "long")

_EXPOSURE = re.compile(r"jw(\d{5})(\d{3})(\d{3})_\d{3}[0-9a-z]{2}_\d{5}(?:-seg\d{3})?_([a-z0-9]+)")
_CANDIDATE = re.compile(r"_([aocr]\d{3,4})")
"""Files of an exposure made in stage 3 (crf) name the association candidate behind the detector."""

_GUIDE_STAR = re.compile(r"(jw(\d{5})(\d{3})\d{3})_gs-")
_COMBINED = re.compile(r"jw(\d{5})-([aocr]\d{3,4})_[a-z0-9\-]+_([a-z0-9]+)_([a-z0-9\-]+)")
_DETECTORS = {"nrc": "nircam", "nis": "niriss", "nrs": "nirspec", "mir": "miri", "gui": "fgs"}


@dataclass(frozen=True)
class Place:
    """Where an observation must be to contain a file; of guide stars only their visit is known.

    Attributes
    ----------
    candidate
        The association candidate, or the observation's own: ``c1001``, ``o002``.
    visit
        ``jw01366002001`` for guide stars, else empty.
    """

    program: str
    candidate: str
    visit: str = ""
    detector: str = ""
    elements: frozenset[str] = frozenset()

    @property
    def instrument(self) -> str:
        """In small letters, as in the names of combined observations; empty where it does not matter."""
        return _DETECTORS.get(self.detector[:3], "")

    def within(self, obs_id: str) -> bool:
        """Whether an observation of this program and candidate contains the place."""
        combined = _COMBINED.fullmatch(obs_id)
        if self.visit:
            return combined is not None or obs_id.startswith(self.visit)
        if combined is None or combined[3] != self.instrument:
            return False
        optics = combined[4].split("-")
        if re.fullmatch("ch[1-4]", optics[0]):
            bands = {band for band in BANDS if band in combined[4]}
            return optics[0] in CHANNELS.get(self.detector, ()) and self.elements <= bands
        return self.elements <= set(optics)


def sought(name: str, row: Mapping[str, Any]) -> tuple[str, Place | None]:
    """The ``obs_id`` that a file's name tells, and where else to look: nowhere else if the file is a combined one.

    Parameters
    ----------
    row
        Its keywords, `ELEMENTS` among them where its instrument has them.

    Returns
    -------
    tuple
        For guide stars the first is their visit, which is no observation's id.
    """
    stem = name.rpartition(".")[0].rpartition("_")[0]
    if guide := _GUIDE_STAR.match(name):
        return guide[1], Place(guide[2], f"o{guide[3]}", visit=guide[1])
    if not (exposure := _EXPOSURE.match(stem)):
        return stem, None
    candidate = _CANDIDATE.fullmatch(stem, exposure.end())
    place = Place(
        exposure[1], candidate[1] if candidate else f"o{exposure[2]}", detector=exposure[4], elements=_elements(row)
    )
    return exposure[0], place


def whereabouts(obs_id: str) -> tuple[str, str]:
    """Program and candidate of an observation, an exposure's as the candidate of its own observation; else blank."""
    if combined := _COMBINED.fullmatch(obs_id):
        return combined[1], combined[2]
    exposure = _EXPOSURE.fullmatch(obs_id)
    return (exposure[1], f"o{exposure[2]}") if exposure else ("", "")


def is_visit(sought_for: str) -> bool:
    """Whether this is what `sought` says of guide stars."""
    return "_" not in sought_for


def _elements(row: Mapping[str, Any]) -> frozenset[str]:
    told = (str(row.get(name) or "").casefold() for name in ELEMENTS)
    return frozenset(element for element in told if element not in NO_ELEMENT)
