"""What a JWST file was made from, as far as names tell: other stages of the same exposure, its segments, its visit.

File names: JDox "JWST File-Naming Conventions". An association names members of one stage; the same exposure at an
earlier stage has the same name up to the suffix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

UNCAL, RATE, CAL = "uncal", "rate", "cal"
STARTS = (UNCAL, RATE, CAL)
"""Where the pipeline can be begun: calwebb_detector1, calwebb_image2 or spec2, the stage 3 pipelines."""

_EXPOSURE = re.compile(r"(jw(\d{5})(\d{3})(\d{3})_\d{3}[0-9a-z]{2}_\d{5})(-seg\d{3})?_([a-z0-9]+)_(.+)\.fits")
_COMBINED = re.compile(r"jw(\d{5})-o(\d{3})_")


@dataclass(frozen=True)
class ExposureFile:
    """A file of one exposure and detector. `stem` is the exposure, `segment` is ``-seg001`` or empty."""

    stem: str
    program: str
    observation: str
    visit: str
    segment: str
    detector: str
    suffix: str

    def at(self, suffix: str) -> str:
        """The name of the same exposure, detector and segment at another stage."""
        return f"{self.stem}{self.segment}_{self.detector}_{suffix}.fits"

    def segment_obs_id(self, number: int) -> str:
        """CAOM's obs_id of another segment of the same exposure and detector."""
        return f"{self.stem}-seg{number:03}_{self.detector}"

    @property
    def visit_id(self) -> str:
        """Program, observation and visit: eleven digits (FITS keyword VISIT_ID)."""
        return self.program + self.observation + self.visit

    @property
    def obs_id(self) -> str:
        """CAOM's obs_id: a segment is an observation of its own."""
        return f"{self.stem}{self.segment}_{self.detector}"


def exposure_file(name: str) -> ExposureFile | None:
    """The exposure that a file is of; None for combined products, catalogs, associations, guide stars.

    Examples
    --------
    >>> exposure_file("jw01366004001_04101_00001-seg003_nrs1_uncal.fits").at("rateints")
    'jw01366004001_04101_00001-seg003_nrs1_rateints.fits'
    """
    found = _EXPOSURE.fullmatch(name)
    if found is None:
        return None
    stem, program, observation, visit, segment, detector, suffix = found.groups()
    return ExposureFile(stem, program, observation, visit, segment or "", detector, suffix)


def rates(member: ExposureFile) -> tuple[str, ...]:
    """The count-rate files that a member of a stage 3 association was made from, when no association says it.

    Per-integration members (calints: time series, coronagraphy, AMI) come from rateints.
    """
    return (member.at("rateints"),) if member.suffix.endswith("ints") else (member.at("rate"),)


def observation_of(name: str) -> tuple[str, str] | None:
    """Program (five digits) and observation (three) that a file belongs to, as far as its name tells.

    Examples
    --------
    >>> observation_of("jw01523004001_03102_00001_mirifulong_rate.fits")
    ('01523', '004')
    """
    exposure = exposure_file(name)
    if exposure:
        return exposure.program, exposure.observation
    combined = _COMBINED.match(name)
    return (combined[1], combined[2]) if combined else None
