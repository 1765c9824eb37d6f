"""The columns of a CAOM observation row: what may be asked, how it compares, what it means.

Order, types and units as MAST returns them today (33 columns of ``Mast.Caom.Filtered``, plus ``distance`` of a
positional search); the recorded ``columnsconfig`` is older and lacks three that can be queried all the same.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of rows, and what may be asked of it.

    Attributes
    ----------
    type
        string, int, float, boolean; ``date``, whose cells are RFC 3339 and which MAST compares by a twin named
        ``<name>_mjd``; or ``flag``, a FITS logical, whose cells are ``t`` and ``f``.
    many
        Whether cells hold several values, split by ``;``.
    ucd
        What kind of quantity it is (IVOA UCD1+), where a client could use it.
    """

    name: str
    type: str = "string"
    unit: str = ""
    description: str = ""
    many: bool = False
    ucd: str = ""


_C = Column
OBSERVATION: dict[str, Column] = {
    c.name: c
    for c in (
        _C("intentType", description="Whether the observation is for science or calibration"),
        _C("obs_collection", description="Mission", many=True),
        _C("provenance_name", description="Who made the row: CALJWST executed, APT planned"),
        _C("instrument_name", description="Instrument and mode, e.g. NIRCAM/IMAGE", ucd="meta.id;instr"),
        _C("project", description="Processing project", many=True),
        _C("filters", description="Optical elements", many=True, ucd="meta.id;instr.filter"),
        _C("wavelength_region", description="Spectral region", many=True),
        _C("target_name", description="The proposer's name of the target", ucd="meta.id;src"),
        _C("target_classification", description="The proposer's keywords for the target", many=True),
        _C("obs_id", description="Observation id: exposure and detector, or level-3 stem", ucd="meta.id"),
        _C("s_ra", "float", "deg", "Right ascension, ICRS", ucd="pos.eq.ra;meta.main"),
        _C("s_dec", "float", "deg", "Declination, ICRS", ucd="pos.eq.dec;meta.main"),
        _C("dataproduct_type", description="image, spectrum, cube, timeseries, measurements", ucd="meta.code.class"),
        _C("proposal_pi", description="Principal investigator", ucd="meta.id.PI"),
        _C(
            "calib_level",
            "int",
            "",
            "Calibration level: -1 planned, 0 raw, 1 uncalibrated, 2 calibrated, 3 combined",
            ucd="meta.code;obs.calib",
        ),
        _C("t_min", "float", "d", "Begin, MJD", ucd="time.start;obs.exposure"),
        _C("t_max", "float", "d", "End, MJD", ucd="time.end;obs.exposure"),
        _C("t_exptime", "float", "s", "Exposure time", ucd="time.duration;obs.exposure"),
        _C("em_min", "float", "nm", "Shortest wavelength", ucd="em.wl;stat.min"),
        _C("em_max", "float", "nm", "Longest wavelength", ucd="em.wl;stat.max"),
        _C("obs_title", description="Title of the proposal", ucd="meta.title;obs"),
        _C("t_obs_release", "float", "d", "Release of the data, MJD", ucd="time.release"),
        _C("proposal_id", description="Program, without leading zeros", ucd="meta.id;obs.proposal"),
        _C("proposal_type", description="Category of the program: COM, ERS, CAL, GTO, GO, DD, SURVEY"),
        _C("sequence_number", "int", "", "Sequence number; -999 where there is none"),
        _C("s_region", description="Footprint, STC-S", ucd="pos.outline;obs.field"),
        _C("jpegURL", description="dataURI of the preview"),
        _C("dataURL", description="dataURI of the main product"),
        _C("dataRights", description="PUBLIC, EXCLUSIVE_ACCESS or RESTRICTED"),
        _C("mtFlag", "boolean", "", "Whether the target moves"),
        _C("srcDen", "float", "", "Source density"),
        _C("obsid", description="Product group id", ucd="meta.id;meta.dataset"),
        _C("objID", description="Plane id"),
        _C("distance", "float", "arcsec", "Distance from the searched position", ucd="pos.angDistance"),
    )
}

NOT_ASKED = frozenset({"distance"})
"""Columns of an answer that MAST cannot be asked by."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three names a user may have meant; capitals do not count."""
    names = {k.lower(): k for k in known}
    return [names[n] for n in difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.6)]
