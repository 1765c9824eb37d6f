"""CAOM observation rows, as MAST's portal returns them: 33 columns, by rule from the facts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from topmast_sandbox.catalogue import facts
from topmast_sandbox.catalogue.executed import Derived, Exposure, Unexecuted
from topmast_sandbox.catalogue.facts import Program

COLUMNS = facts.words("observation")
PREFIX = "mast:JWST/product/"
_OBJID_STEP = 41_000_000  # a plane's id is another number than its observation's
_SHUTTERS = 230  # outlines in a multi-object region: about 20 kB of text

Row = dict[str, Any]


def hashed(text: str, below: int) -> int:
    """A number below `below` that depends on the text alone."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") % below


def release_mjd(x: Exposure | Derived, end: float, key: str, opened: float) -> float:
    """When data become public: archiving (some hours after the exposure) plus the exclusive period.

    Stamped per file set, so neighbours differ by minutes. `opened` is the day the sandbox started: programs
    and observations stated to be exclusive stay so for that many days.
    """
    program, minutes = x.program, hashed(key, 40) / 1440
    if days := x.observation.release_in_days or program.release_in_days:
        return math.floor(opened) + days + minutes
    if program.release:
        return max(facts.start_mjd(program.release), end + 0.25 + minutes)
    return end + 0.25 + program.exclusive_days + minutes


def rights(program: Program, release: float | None, now: float) -> str:
    """MAST's dataRights at a time."""
    if program.restricted:
        return "RESTRICTED"
    return "EXCLUSIVE_ACCESS" if release is not None and release > now else "PUBLIC"


def exposure_row(x: Exposure, opened: float) -> Row:
    """Row of one exposure and detector."""
    end = x.start + x.seconds / 86400
    ra, dec = _pointing(x)
    stem = x.obs_id
    best = next((s for s in ("cal", "calints") if s in x.mode.exposure), "rate")
    return _row(
        x.program,
        instrument_name=_instrument(x),
        filters=x.setup,
        target_name=x.target.name,
        target_classification=x.target.classification or None,
        obs_id=stem,
        s_ra=ra,
        s_dec=dec,
        dataproduct_type=x.mode.product if x.mode.product in {"image", "timeseries"} else "spectrum",
        calib_level=2,
        t_min=x.start,
        t_max=end,
        t_exptime=x.seconds,
        t_obs_release=release_mjd(x, end, x.stem, opened),
        s_region=_region(ra, dec, x.mode.fov),
        jpegURL=f"{PREFIX}{stem}_{best}.jpg",
        dataURL=f"{PREFIX}{stem}_{best}.fits",
        obsid=x.obsid,
        wavelengths=x.setup,
    )


def derived_row(d: Derived, opened: float) -> Row:
    """Row of one target-level product."""
    start = min(m.start for m in d.members)
    end = max(m.start + m.seconds / 86400 for m in d.members)
    first = d.members[0].detector
    ra, dec = _source(d)
    suffix = d.mode.derived[0] if d.mode.derived[0] not in {"crf", "cal"} else "x1d"
    extension = "png" if suffix in {"x1d", "x1dints"} else "jpg"
    stem = d.obs_id
    return _row(
        d.program,
        instrument_name=_instrument(d),
        filters=d.setup,
        target_name=d.target.name,
        target_classification=d.target.classification or None,
        obs_id=stem,
        s_ra=ra,
        s_dec=dec,
        dataproduct_type=d.mode.product,
        calib_level=3,
        t_min=start,
        t_max=end,
        t_exptime=round(sum(m.seconds for m in d.members if m.detector == first and m.segment <= 1), 3),
        t_obs_release=release_mjd(d, end, stem, opened),
        s_region=_shutters(ra, dec) if d.observation.long_region else _region(ra, dec, d.mode.fov * 1.5),
        jpegURL=f"{PREFIX}{stem}_{suffix}.{extension}" if suffix in d.mode.derived_previews else None,
        dataURL=f"{PREFIX}{stem}_{suffix}.fits",
        obsid=d.obsid,
        wavelengths=d.setup,
    )


def unexecuted_row(u: Unexecuted) -> Row:
    """Row of a planned observation: level -1, provenance APT, nothing that only an execution could tell."""
    return {
        **_row(
            u.program,
            instrument_name=u.mode.name,
            filters=u.setup or None,
            target_name=u.target.name,
            target_classification=u.target.classification or None,
            obs_id=u.obs_id,
            s_ra=u.target.ra,
            s_dec=u.target.dec,
            dataproduct_type=u.mode.product,
            calib_level=-1,
            t_exptime=u.planned.seconds,
            s_region=_region(u.target.ra, u.target.dec, u.mode.fov),
            obsid=u.obsid,
            wavelengths=u.setup,
        ),
        "provenance_name": "APT",
        "wavelength_region": "Infrared",
        "sequence_number": u.obsid % 100,
        "dataRights": u.planned.rights or None,
        "proposal_type": None,
    }


def _row(program: Program, *, wavelengths: str, **stated: Any) -> Row:
    low, high = wavelength_range(wavelengths)
    known = {
        "intentType": "calibration" if program.category in {"CAL", "COM"} else "science",
        "obs_collection": "JWST",
        "provenance_name": "CALJWST",
        "project": "JWST",
        "wavelength_region": "INFRARED",
        "proposal_pi": program.pi,
        "em_min": low,
        "em_max": high,
        "obs_title": program.title,
        "proposal_id": str(program.id),
        "proposal_type": program.category,
        "sequence_number": -999,
        "dataRights": "PUBLIC",
        "mtFlag": stated["s_ra"] is None,
        "objID": stated["obsid"] + _OBJID_STEP,
        **stated,
    }
    return {column: known.get(column) for column in COLUMNS}


def wavelength_range(setup: str) -> tuple[float | None, float | None]:
    """em_min and em_max, nm, of a filter string: the narrowest of its elements; nulls where unknown."""
    ranges = [facts.filters()[f] for f in setup.split(";") if f in facts.filters()]
    return min(ranges, key=lambda r: r[1] - r[0]) if ranges else (None, None)


def _instrument(x: Exposure | Derived) -> str:
    """Moded (``NIRCAM/IMAGE``) or, on early rows, bare (``NIRCAM``)."""
    return x.mode.instrument if x.observation.bare else x.mode.name


def _pointing(x: Exposure) -> tuple[float | None, float | None]:
    """Where an exposure looked: its target plus the dither, arcseconds."""
    if x.target.ra is None or x.target.dec is None:
        return None, None
    angle = 2.399963 * x.number
    step = 3.0 * math.sqrt(x.number % 16) / 3600
    return (
        x.target.ra + step * math.cos(angle) / math.cos(math.radians(x.target.dec)),
        x.target.dec + step * math.sin(angle),
    )


def _source(d: Derived) -> tuple[float | None, float | None]:
    """Where a target-level product is: its target, or its source's place in the field."""
    if d.target.ra is None or d.target.dec is None or d.subject.startswith("t"):
        return d.target.ra, d.target.dec
    east = (hashed(d.subject + "x", 2001) - 1000) / 1000 * d.mode.fov / 7200
    north = (hashed(d.subject + "y", 2001) - 1000) / 1000 * d.mode.fov / 7200
    return d.target.ra + east / math.cos(math.radians(d.target.dec)), d.target.dec + north


def _corners(ra: float, dec: float, east: float, north: float, roll: float) -> Iterator[str]:
    """Corners of a rectangle of half sides `east`, `north` (arcsec), turned by `roll` (degrees)."""
    cosine, sine = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    for sign_x, sign_y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x, y = sign_x * east, sign_y * north
        corner_dec = dec + (x * sine + y * cosine) / 3600
        yield f"{ra + (x * cosine - y * sine) / 3600 / math.cos(math.radians(dec)):.9f} {corner_dec:.9f}"


def _region(ra: float | None, dec: float | None, side: float) -> str | None:
    if ra is None or dec is None:
        return None
    return "POLYGON ICRS " + " ".join(_corners(ra, dec, side / 2, side / 2, 35.0))


@lru_cache(maxsize=64)
def _outlines(ra: float, dec: float) -> str:
    shutters = (
        " ".join(_corners(ra + (n % 23 - 11) * 0.002, dec + (n // 23 - 5) * 0.004, 0.1, 0.23, 35.0))
        for n in range(_SHUTTERS)
    )
    return "POLYGON ICRS " + " ".join(shutters)


def _shutters(ra: float | None, dec: float | None) -> str | None:
    """The region of a multi-object exposure lists every shutter: 20 kB and more."""
    if ra is None or dec is None:
        return None
    return _outlines(round(ra, 1), round(dec, 1))
