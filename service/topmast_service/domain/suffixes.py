"""What the suffix of a JWST file says: its content, and how far it is calibrated.

After JDox "Data Product Types" and "Stages of Processing": stages 0 to 3 of the pipeline, the levels of the data
management system (1b, 2a, 2b, 2c, 3), and CAOM's `calib_level`, which tells neither 2a from 2b nor 2b from 2c.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Suffix:
    """Content in a few words, stage, DMS level and CAOM level; None where the scheme has no word for it."""

    content: str
    stage: int | None
    dms: str | None
    level: int | None

    def of_source(self) -> Suffix:
        """The same made for a target or source: stage 3, whatever its exposures' own has (cal, i2d, x1d …)."""
        return self if self.level is None else Suffix(self.content, 3, "3", 3)


def _of(stage: int, dms: str, level: int, contents: dict[str, str]) -> dict[str, Suffix]:
    return {name: Suffix(content, stage, dms, level) for name, content in contents.items()}


SUFFIXES: dict[str, Suffix] = {
    **_of(0, "1b", 1, {"uncal": "raw ramps, uncalibrated"}),
    **_of(
        1, "2a", 2,
        {
            "dark": "corrected dark exposure",
            "ramp": "corrected ramps",
            "fitopt": "details of the ramp fit",
            "trapsfilled": "charge traps that are filled",
            "rate": "count rate, mean over integrations",
            "rateints": "count rate of each integration",
        },
    ),
    **_of(
        2, "2b", 2,
        {
            "bsub": "count rate less background",
            "bsubints": "count rate less background, each integration",
            "cal": "calibrated exposure",
            "calints": "calibrated, each integration",
            "flat": "flat field, interpolated for this exposure",
            "i2d": "resampled image",
            "s2d": "resampled two-dimensional spectrum",
            "s3d": "spectral cube (IFU)",
            "x1d": "extracted spectrum",
            "x1dints": "extracted spectrum of each integration",
        },
    ),
    **_of(
        3, "2c", 2,
        {
            "crf": "calibrated, outliers flagged",
            "crfints": "calibrated, each integration, outliers flagged",
        },
    ),
    **_of(
        3, "3", 3,
        {
            "c1d": "combined spectrum",
            "cat": "source catalog",
            "segm": "segmentation map",
            "phot": "time-series photometry",
            "whtlt": "white-light curve",
            "psfstack": "stacked PSF references",
            "psfalign": "aligned PSF references",
            "psfsub": "PSF subtracted",
            "ami": "interferometric observables",
            "ami-oi": "interferometric observables",
            "amimulti-oi": "interferometric observables of each integration",
            "amilg": "fringe parameters",
            "amiavg": "interferometric observables, averaged",
            "aminorm": "interferometric observables, normalised",
            "aminorm-oi": "interferometric observables, normalised",
            "wfscmb": "combined wavefront-sensing image",
        },
    ),
    "msa": Suffix("micro-shutter configuration of the visit", None, None, 1),
    "asn": Suffix("association: which exposures belong together", None, None, None),
    "pool": Suffix("pool: the exposures that associations are made of", None, None, None),
    "stream": Suffix("guide-star stream", None, None, 1),
}  # fmt: skip
