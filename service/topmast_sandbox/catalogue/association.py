"""Association files and pools: real JSON and real tables, naming members that exist.

Sources: the association documentation of the JWST calibration pipeline; pools are ``|``-separated with
``NULL`` for what does not apply, whatever their extension says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from topmast_sandbox.catalogue import facts, names
from topmast_sandbox.catalogue.executed import Derived, Exposure
from topmast_sandbox.catalogue.expansion import Plan

Named = Callable[[str], str]
"""Maps a file name as first archived to what the file is called now."""

POOL_COLUMNS = facts.words("pool")


def stage2(x: Exposure, current: Named, cal_ver: str) -> str:
    """Association that takes one exposure from rate to cal; WFSS brings its direct image along."""
    rate = "rateints" if x.mode.ints_members or x.mode.tso else "rate"
    member = _member(f"{x.obs_id}_{rate}.fits", "science", x.observation.number)
    product = {"name": x.obs_id, "members": [member]}
    return _json(x, f"o{x.observation.number:03d}", current, cal_ver=cal_ver, kind=x.mode.asn2, product=product)


def stage3(d: Derived, current: Named, cal_ver: str) -> str:
    """Association of a target-level product; for source-based modes one association names all sources."""
    suffix = "calints" if "calints" in d.mode.exposure else "cal"
    members = [_member(f"{m.obs_id}_{suffix}.fits", "science", m.observation.number) for m in d.members]
    for image in d.linked:
        members += [
            _member(f"{image.obs_id}_i2d.fits", "direct_image", image.observation.number),
            _member(f"{image.obs_id}_cat.ecsv", "sourcecat", image.observation.number),
            _member(f"{image.obs_id}_segm.fits", "segmap", image.observation.number),
        ]
    for member in members:
        member["expname"] = current(member["expname"])
    name = current(d.obs_id)
    if d.subject.startswith("s"):
        name = names.derived_stem(d.program.number, d.candidate, "{source_id}", d.mode.instrument, d.optics)
    product = {"name": name, "members": members}
    return _json(d.members[0], d.candidate, current, cal_ver=cal_ver, kind=d.mode.asn3, product=product)


def pool(plan: Plan) -> str:
    """The program's pool: one row per exposure and detector."""
    lines = ["|".join(POOL_COLUMNS)]
    lines += ["|".join(_pool_row(x)) for x in plan.exposures]
    return "\n".join(lines) + "\n"


def _member(name: str, kind: str, observation: int) -> dict[str, str]:
    return {
        "expname": name,
        "exptype": kind,
        "exposerr": "null",
        "asn_candidate": f"[('o{observation:03d}', 'observation')]",
    }


def _json(x: Exposure, candidate: str, current: Named, *, cal_ver: str, kind: str, product: dict[str, Any]) -> str:
    pool_name = current(names.pool(x.program.number, x.program.stamp))
    text = {
        "asn_type": kind,
        "asn_rule": f"candidate_Asn_Lv{3 if kind.endswith('3') else 2}{x.mode.product.capitalize()}",
        "version_id": pool_name.split("_")[1],
        "code_version": cal_ver,
        "degraded_status": "No known degraded exposures in association.",
        "program": x.program.number,
        "constraints": f"program {x.program.id}, {x.mode.instrument.lower()}, {x.setup.lower()}",
        "asn_id": candidate,
        "target": f"t{x.target.id:03d}",
        "asn_pool": pool_name,
        "products": [product],
    }
    return json.dumps(text, indent=1) + "\n"


def _pool_row(x: Exposure) -> Iterator[str]:
    first, _, second = x.setup.partition(";")
    nirspec = x.mode.instrument == "NIRSPEC"
    known = {
        "FILENAME": f"{x.obs_id}_uncal.fits",
        "OBS_ID": f"V{x.visit.id}P00000000{x.stem.split('_')[1]}",
        "PROGRAM": str(x.program.id),
        "OBS_NUM": str(x.observation.number),
        "VISIT": str(int(x.visit.id[-3:])),
        "VISIT_ID": x.visit.id,
        "VISITGRP": x.stem.split("_")[1][:2],
        "VISITYPE": "PRIME_TARGETED_FIXED",
        "SEQ_ID": "1",
        "ACT_ID": x.stem.split("_")[1][3:],
        "EXPOSURE": str(x.number),
        "EXP_TYPE": x.mode.exp_type,
        "NEXPOSUR": str(x.observation.dithers),
        "EXPCOUNT": str(x.number),
        "INSTRUME": x.mode.instrument,
        "DETECTOR": x.detector.upper(),
        "TARGETID": str(x.target.id),
        "TARGPROP": x.target.name,
        "TARGNAME": x.target.name,
        "TARGTYPE": "FIXED" if x.target.ra is not None else "MOVING",
        "TEMPLATE": x.mode.template,
        "PNTGTYPE": "TARGET_ACQUISITION" if x.acquisition else "SCIENCE",
        "FILTER": first or "NULL",
        "PUPIL": "NULL" if nirspec else second or "NULL",
        "GRATING": (second or "NULL") if nirspec else "NULL",
        "NUMDTHPT": str(x.observation.dithers),
        "PATT_NUM": str(x.number),
        "APERNAME": x.mode.aperture,
        "SDP_VER": x.program.sdp_ver,
        "SUBARRAY": x.mode.subarray,
        "ASN_CANDIDATE": f"[('o{x.observation.number:03d}', 'OBSERVATION')]",
        "BKGDTARG": "F",
        "TSOVISIT": "T" if x.mode.tso else "F",
        "MSAMETFL": x.msa or "NULL",
        "EXSEGTOT": str(x.observation.segments) if x.segment else "NULL",
        "NINTS": str(x.mode.ints),
        "NGROUPS": str(x.mode.groups),
    }
    return (known.get(column, "NULL") for column in POOL_COLUMNS)
