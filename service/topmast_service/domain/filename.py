"""What a JWST file name says of its content.

After JDox "JWST File-Naming Conventions" and "Data Product Types": the suffix, between the last ``_`` and the
extension, names the content; what stands before it, the exposure or the association.
"""

from __future__ import annotations

import re

_SUFFIXES = {
    "uncal": "raw ramps, uncalibrated",
    "dark": "corrected dark exposure",
    "rate": "count rate, mean over integrations",
    "rateints": "count rate of each integration",
    "bsub": "count rate less background",
    "cal": "calibrated exposure",
    "calints": "calibrated, each integration",
    "crf": "calibrated, outliers flagged",
    "crfints": "calibrated, each integration, outliers flagged",
    "i2d": "resampled image",
    "s2d": "resampled two-dimensional spectrum",
    "s3d": "spectral cube (IFU)",
    "x1d": "extracted spectrum",
    "x1dints": "extracted spectrum of each integration",
    "c1d": "combined spectrum",
    "cat": "source catalog",
    "segm": "segmentation map",
    "phot": "time-series photometry",
    "whtlt": "white-light curve",
    "psfstack": "stacked PSF references",
    "psfalign": "aligned PSF references",
    "psfsub": "PSF subtracted",
    "ami-oi": "interferometric observables",
    "amimulti-oi": "interferometric observables of each integration",
    "aminorm-oi": "interferometric observables, normalised",
    "wfscmb": "combined wavefront-sensing image",
    "msa": "micro-shutter configuration of the visit",
    "asn": "association: which exposures belong together",
    "pool": "pool: the exposures that associations are made of",
    "stream": "guide-star stream",
}
_GUIDE_STAR = re.compile(r"^jw\d{11}_gs-(id|acq1|acq2|track|fg)_")
_GUIDE_STAR_STEPS = {
    "id": "identification", "acq1": "acquisition, first", "acq2": "acquisition, second",
    "track": "tracking", "fg": "fine guiding",
}  # fmt: skip


def meaning(name: str) -> str:
    """What the file holds, in a few words; empty for a name that says nothing to us.

    Examples
    --------
    >>> meaning("jw02733-o001_t001_nircam_clear-f090w_i2d.fits")
    'resampled image'
    >>> meaning("jw01558001001_gs-acq1_2022190112233_uncal.fits")
    'guide star: acquisition, first (raw ramps, uncalibrated)'
    >>> meaning("jw01558001001_02101_00001_mirimage_uncal_thumb.jpg")
    'thumbnail: raw ramps, uncalibrated'
    """
    stem, _, extension = name.lower().rpartition(".")
    if stem.endswith("_thumb"):
        return _preceded("thumbnail", _suffix(stem.removesuffix("_thumb")))
    content = _suffix(stem)
    if found := _GUIDE_STAR.match(name.lower()):
        step = f"guide star: {_GUIDE_STAR_STEPS[found[1]]}"
        return f"{step} ({content})" if content else step
    return _preceded("preview", content) if extension in {"jpg", "png"} else content


def _suffix(stem: str) -> str:
    return _SUFFIXES.get(stem.rpartition("_")[2], "")


def _preceded(kind: str, content: str) -> str:
    return f"{kind}: {content}" if content else kind
