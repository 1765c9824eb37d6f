"""What the headers of a file say: one set of values for FITS cards and instrument-keyword rows alike."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from topmast_sandbox.catalogue import crds, facts, names
from topmast_sandbox.catalogue.caom import hashed
from topmast_sandbox.catalogue.executed import Derived, Exposure, Visit
from topmast_sandbox.catalogue.record import Record
from topmast_sandbox.clock import from_mjd

STEPS = facts.words("steps")
_DONE = {"DQINIT", "SATURA", "LINEAR", "DARK", "JUMP", "RAMP", "GANSCL", "WCS", "FLAT", "PHOTOM", "RESAMP"}
_MODELS = {
    "i2d": "ImageModel",
    "s3d": "IFUCubeModel",
    "x1d": "MultiSpecModel",
    "uncal": "Level1bModel",
    "cal": "ImageModel",
}
_SCA = {"MIRIMAGE": 493, "MIRIFULONG": 494, "MIRIFUSHORT": 495, "NRS1": 491, "NRS2": 492, "NIS": 496}


class Keyword(NamedTuple):
    """A keyword of keywords.csv: its archive column, type, and which instruments have it (``all``, ``header``)."""

    column: str
    type: str
    where: str
    comment: str

    @property
    def card(self) -> str:
        """FITS keyword: ``DATE-OBS`` for the column ``date_obs``."""
        dashed = {"date_obs", "date_beg", "date_end"}
        return (self.column.replace("_", "-") if self.column in dashed else self.column).upper()


@dataclass(frozen=True, slots=True)
class Revision:
    """How often a file was processed, what the last processing stamped on it, and by how many rows it grew (or shrank).

    `grown` is None where chance decides it.
    """

    generation: int
    cal_ver: str
    crds_ctx: str
    processed: str
    filename: str
    asn: str
    pool: str
    grown: int | None = None


@cache
def keywords() -> tuple[Keyword, ...]:
    """All keywords of the facts."""
    text = resources.files(__package__).joinpath("facts", "keywords.csv").read_text(encoding="utf-8")
    return tuple(Keyword(*row) for row in list(csv.reader(text.splitlines()))[1:])


@cache
def of_instrument(instrument: str, *, header: bool = False) -> tuple[Keyword, ...]:
    """Keywords an instrument's files have; with `header` also those that only FITS headers carry."""
    wanted = {"all", instrument} | ({"header"} if header else set())
    return tuple(k for k in keywords() if k.where in wanted)


def values(record: Record, revision: Revision) -> dict[str, Any]:
    """Known keyword values by archive column (lower case); what is not known is absent."""
    known = _archive(record, revision)
    known.update(_sky(record))
    exposure = record.exposure
    if exposure is not None:
        known.update(_exposure(exposure, record))
    visit = record.owner if isinstance(record.owner, Visit) else exposure.visit if exposure else None
    if visit is not None:
        known.update(_visit(visit))
    if isinstance(record.owner, Visit):
        known.update(_guide(record, record.owner))
    return known


def references(record: Record, crds_ctx: str) -> dict[str, str]:
    """``R_`` cards: a crds:// name, or N/A where the step has no reference."""
    instrument, detector = _instrument(record), _detector(record)
    return {f"R_{kind}": crds.uri(instrument, kind, detector, crds_ctx) for kind in crds.KINDS}


def steps(record: Record) -> dict[str, str]:
    """``S_`` cards: what each calibration step did."""
    done = record.item.level >= 2
    return {f"S_{step}": "COMPLETE" if done and step in _DONE else "SKIPPED" for step in STEPS}


def _archive(record: Record, revision: Revision) -> dict[str, Any]:
    program = record.plan.program if record.plan else None
    return {
        "filename": revision.filename,
        "date": revision.processed,
        "cal_ver": revision.cal_ver,
        "cal_vcs": "RELEASE",
        "crds_ctx": revision.crds_ctx,
        "crds_ver": "12.1.11",
        "asntable": revision.asn or None,
        "asnpool": revision.pool or None,
        "sdp_ver": program.sdp_ver if program else None,
        "prd_ver": "PRDOPSSOC-071",
        "oss_ver": "8.4.11",
        "origin": "STSCI",
        "telescop": "JWST" if record.plane["obs_collection"] == "JWST" else record.plane["obs_collection"],
        "timesys": "UTC",
        "datamodl": _MODELS.get(record.item.suffix, "DataModel"),
    }


def _sky(record: Record) -> dict[str, Any]:
    plane = record.plane
    instrument, detector = _instrument(record), _detector(record)
    proposal = str(plane["proposal_id"] or "")
    start, end = plane["t_min"], plane["t_max"]
    seen: dict[str, Any] = {
        "program": int(proposal) if proposal.isdigit() else None,
        "pi_name": plane["proposal_pi"],
        "title": plane["obs_title"],
        "category": plane["proposal_type"],
        "instrume": instrument or None,
        "detector": detector or None,
        "sca_num": _SCA.get(detector),
        "targname": plane["target_name"],
        "targprop": plane["target_name"],
        "targtype": "MOVING" if plane["mtFlag"] else "FIXED",
        "targ_ra": plane["s_ra"],
        "targ_dec": plane["s_dec"],
        "prop_ra": plane["s_ra"],
        "prop_dec": plane["s_dec"],
        "s_region": plane["s_region"],
        "duration": plane["t_exptime"],
        "effexptm": plane["t_exptime"],
        **_elements(instrument, str(plane["filters"] or "")),
    }
    if isinstance(start, float) and isinstance(end, float):
        began = from_mjd(start).isoformat(timespec="milliseconds")[:23]
        seen |= {
            "date_obs": began,
            "date_beg": began,
            "date_end": from_mjd(end).isoformat(timespec="milliseconds")[:23],
            "expstart": start,
            "expmid": (start + end) / 2,
            "expend": end,
            **{
                f"{frame}{part}time": t
                for frame in "bh"
                for part, t in (("str", start), ("mid", (start + end) / 2), ("end", end))
            },
        }
    return seen


def _elements(instrument: str, filters: str) -> dict[str, Any]:
    """Wheels, by instrument, from CAOM's filter string."""
    first, _, second = filters.partition(";")
    if instrument == "NIRSPEC":
        return {"filter": first or None, "grating": second or None}
    if instrument in {"NIRCAM", "NIRISS"}:
        return {"filter": first or None, "pupil": second or "CLEAR"}
    if first.startswith("CH"):
        return {"filter": None, "channel": first[2:]}
    if first in {"SHORT", "MEDIUM", "LONG"}:  # the spectrometer's bands, which are no filters
        return {"filter": None}
    return {"filter": first or None}


def _exposure(x: Exposure, record: Record) -> dict[str, Any]:
    parts = names.EXPOSURE.match(f"{x.obs_id}_cal.fits")
    activity = parts["activity"] if parts else "01"
    ints = x.ints
    return {
        "observtn": x.observation.number,
        "obs_id": f"V{x.visit.id}P00000000{x.stem.split('_')[1]}",
        "act_id": activity,
        "visitgrp": x.stem.split("_")[1][:2],
        "seq_id": "1",
        "exposure": x.number,
        "expcount": x.number,
        "patt_num": x.number,
        "exp_type": x.mode.exp_type,
        "template": x.mode.template,
        "readpatt": x.mode.readpatt,
        "apername": x.mode.aperture,
        "pps_aper": x.mode.aperture,
        "subarray": x.mode.subarray,
        "subsize1": x.mode.frame[0],
        "subsize2": x.mode.frame[1],
        "substrt1": 1,
        "substrt2": 1,
        "ngroups": x.mode.groups,
        "nints": ints,
        "nframes": 1,
        "nsamples": 1,
        "tgroup": round(x.seconds / ints / x.mode.groups, 5),
        "tframe": round(x.seconds / ints / x.mode.groups, 5),
        "effinttm": round(x.seconds / ints, 5),
        "numdthpt": x.observation.dithers,
        "expripar": "PRIME",
        "tsovisit": x.mode.tso,
        "exsegnum": x.segment or None,
        "exsegtot": x.segments,
        "msametfl": x.msa or None,
        "band": x.setup if x.mode.name == "MIRI/IFU" and not isinstance(record.owner, Derived) else None,
        "bkgdtarg": x.observation.background,
        "is_psf": x.observation.psf,
        "is_imprt": x.imprint,
        "patttype": x.pattern,
    }


def _visit(visit: Visit) -> dict[str, Any]:
    return {
        "visit": int(visit.id[-3:]),
        "visit_id": visit.id,
        "observtn": visit.observation.number,
        "visitype": "PRIME_TARGETED_FIXED",
        "visitsta": "SUCCESSFUL",
        "pcs_mode": "FINEGUIDE",
        "vststart": from_mjd(visit.start).isoformat(timespec="milliseconds")[:23],
        "nexposur": visit.exposures,
        "gs_order": 1,
        "gdstarid": f"S{hashed(visit.id, 10**9):09d}",
        "gs_mag": 12.0 + hashed(visit.id, 400) / 100,
        "obslabel": f"Observation {visit.observation.number}",
    }


def _guide(record: Record, visit: Visit) -> dict[str, Any]:
    function = str(record.item.sub_group).removeprefix("GS-")
    kinds = {"ID": "ID-IMAGE", "FG": "FINEGUIDE"}
    return {
        "exp_type": f"FGS_{kinds.get(function, function)}",
        "instrume": "FGS",
        "detector": f"GUIDER{1 + hashed(visit.id, 2)}",
        "fileName": record.filename,
    }


def _instrument(record: Record) -> str:
    return str(record.plane["instrument_name"] or "").partition("/")[0]


def _detector(record: Record) -> str:
    exposure = record.exposure
    return exposure.detector.upper() if exposure else ""
