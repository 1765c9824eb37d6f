"""Association files and pools: real JSON and real tables, naming members that exist.

Sources: the association documentation of the JWST calibration pipeline; pools are ``|``-separated with
``NULL`` for what does not apply, whatever their extension says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from topmast_sandbox.catalogue import facts, names
from topmast_sandbox.catalogue.executed import Derived, Exposure
from topmast_sandbox.catalogue.expansion import Plan
from topmast_sandbox.catalogue.facts import Generation

Named = Callable[[str], str]
"""Maps a file name as first archived to what the file is called now."""

POOL_COLUMNS = facts.words("pool")


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes one association file.

    Parameters
    ----------
    plan
        The program it is of.
    filename
        Its name as first archived, which says its generation: an earlier one knows fewer exposures.
    current, cal_ver
        What files are called now; the pipeline's version.
    """

    plan: Plan
    filename: str
    current: Named
    cal_ver: str

    def text(self, owner: Exposure | Derived) -> str:
        """The association that takes one exposure from rate to cal, or that of a target-level product."""
        return self._stage3(owner) if isinstance(owner, Derived) else self._stage2(owner)

    @property
    def _made(self) -> Generation:
        return self.plan.program.generation(self.filename)

    def _stage2(self, x: Exposure) -> str:
        """Beside the exposure: its direct image (slitless), backgrounds and images of leaking shutters."""
        rate = "rateints" if x.mode.ints_members or x.mode.tso else "rate"
        members = [_member(x, rate, "science")]
        members += self._images(self.plan.images(x.observation))
        members += [_member(y, "rate", kind) for kind, y in self.plan.companions(x) if self._made.knows(y.number)]
        return self._json(x, x.candidate, x.mode.asn2, {"name": x.obs_id, "members": members})

    def _stage3(self, d: Derived) -> str:
        """For source-based modes one association names all sources."""
        suffix = "calints" if "calints" in d.mode.exposure else "cal"
        members = [_member(m, suffix, "science") for m in d.members if self._made.knows(m.number)]
        members += [_reference(r) for r in d.references if self._made.knows(r.number)]
        members += [_member(a, "cal", "target_acquisition") for a in d.acquisitions]
        members += self._images(d.linked)
        name = self.current(d.obs_id)
        if d.subject.startswith("s"):
            name = names.derived_stem(d.program.number, d.candidate, "{source_id}", d.mode.instrument, d.optics)
        return self._json(d.members[0], d.candidate, d.mode.asn3, {"name": name, "members": members})

    def _images(self, images: list[Derived]) -> list[dict[str, str]]:
        """A direct image, its catalogue and its segments, as they are called now."""
        kinds = (("i2d.fits", "direct_image"), ("cat.ecsv", "sourcecat"), ("segm.fits", "segmap"))
        return [
            _entry(self.current(f"{image.obs_id}_{ending}"), kind, image.members[0])
            for image in images
            for ending, kind in kinds
        ]

    def _json(self, x: Exposure, candidate: str, kind: str, product: dict[str, Any]) -> str:
        pool_name = self.current(names.pool(x.program.number, self._made.stamp))
        text = {
            "asn_type": kind,
            "asn_rule": f"candidate_Asn_Lv{3 if kind.endswith('3') else 2}{x.mode.product.capitalize()}",
            "version_id": pool_name.split("_")[1],
            "code_version": self.cal_ver,
            "degraded_status": "No known degraded exposures in association.",
            "program": x.program.number,
            "constraints": f"program {x.program.id}, {x.mode.instrument.lower()}, {x.setup.lower()}",
            "asn_id": candidate,
            "target": f"t{x.target.id:03d}",
            "asn_pool": pool_name,
            "products": [product],
        }
        return json.dumps(text, indent=1) + "\n"


def pool(plan: Plan, made: Generation) -> str:
    """The program's pool of a generation: one row per exposure and detector."""
    lines = ["|".join(POOL_COLUMNS)]
    lines += ["|".join(_pool_row(x)) for x in plan.exposures if made.knows(x.number)]
    return "\n".join(lines) + "\n"


def _member(x: Exposure, suffix: str, kind: str) -> dict[str, str]:
    return _entry(f"{x.obs_id}_{suffix}.fits", kind, x)


def _reference(x: Exposure) -> dict[str, str]:
    """Another observation's exposure: a star's integrations, or the spectrum of a background."""
    return _member(x, "calints", "psf") if x.observation.psf else _member(x, "x1d", "background")


def _entry(name: str, kind: str, x: Exposure) -> dict[str, str]:
    return {"expname": name, "exptype": kind, "exposerr": "null", "asn_candidate": str(x.candidates)}


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
        "NEXPOSUR": str(x.visit.exposures),
        "EXPCOUNT": str(x.number),
        "INSTRUME": x.mode.instrument,
        "DETECTOR": x.detector.upper(),
        "TARGETID": str(x.target.id),
        "TARGPROP": x.target.name,
        "TARGNAME": x.target.name,
        "TARGTYPE": "FIXED" if x.target.ra is not None else "MOVING",
        "TEMPLATE": x.mode.template,
        "PNTGTYPE": "TARGET_ACQUISITION" if x.acquisition else "SCIENCE",
        "EXPSPCIN": str(_specification(x)),
        "DITHPTIN": str(x.number),
        "MOSTILNO": str(int(x.visit.id[-3:])),
        "PATTTYPE": x.pattern,
        "FILTER": first or "NULL",
        "PUPIL": "NULL" if nirspec else second or "NULL",
        "GRATING": (second or "NULL") if nirspec else "NULL",
        "NUMDTHPT": str(x.observation.dithers),
        "PATT_NUM": str(x.number),
        "APERNAME": x.mode.aperture,
        "SDP_VER": x.program.sdp_ver,
        "SUBARRAY": x.mode.subarray,
        "ASN_CANDIDATE": str([(id_, kind.upper()) for id_, kind in x.candidates]),
        "IS_PSF": "T" if x.observation.psf else "NULL",
        "IS_IMPRT": "T" if x.imprint else "NULL",
        "BKGDTARG": "T" if x.observation.background else "F",
        "TSOVISIT": "T" if x.mode.tso else "F",
        "MSAMETFL": x.msa or "NULL",
        "EXSEGTOT": str(x.segments) if x.segments else "NULL",
        "NINTS": str(x.ints),
        "NGROUPS": str(x.mode.groups),
    }
    return (known.get(column, "NULL") for column in POOL_COLUMNS)


def _specification(x: Exposure) -> int:
    """Which exposure specification of the observation: the acquisition of a visit comes before all others."""
    group, activity = int(x.stem.split("_")[1][:2]), int(x.stem.split("_")[1][3:], 36)
    return activity + group - 2
