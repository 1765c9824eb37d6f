"""What a file name says."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from marshmallow import fields

from topmast_service.api.schemas.fields import Answer
from topmast_service.domain.filename import explain

EXAMPLE_NAME = "jw02733-o001_t001_nircam_clear-f090w_i2d.fits"


def _text(description: str) -> fields.String:
    return fields.String(allow_none=True, metadata={"description": description})


def _number(description: str) -> fields.Integer:
    return fields.Integer(allow_none=True, metadata={"description": description})


def _flag(description: str) -> fields.Boolean:
    return fields.Boolean(metadata={"description": description})


class FileNameDocument(Answer):
    """A file name, part by part; null where it says nothing."""

    json_schema: ClassVar[dict[str, Any]] = {
        "example": {**asdict(explain(EXAMPLE_NAME)), "optical_elements": ["clear", "f090w"]}
    }

    name = fields.String(metadata={"description": "As it was asked for"})
    mission = fields.String(metadata={"description": "JWST, HST or GALEX"})
    base = fields.String(
        metadata={
            "description": "exposure, source (stage 3, of a target or a source), association, pool, msa, guide star, "
            "engineering, wavefront, reference, or other"
        }
    )
    obs_id = _text("The observation that has this file, as MAST calls it")
    program = _text("Without leading zeros, as in `proposal_id`")
    observation = _number("Within its program")
    visit = _number("Within its observation")
    visit_group = _number("Within its visit; 1 is overhead")
    parallel_sequence = _number("1: prime; 2 to 5: parallel")
    activity = _text("Two digits of base 36")
    exposure = _number("Within its activity")
    segment = _number("Of a product that is split")
    detector = _text("Like nrca1, mirimage")
    instrument = _text("NIRCAM, NIRISS, NIRSPEC, MIRI or FGS")
    association = _text("Candidate that it belongs to, like o001, c1002, a3001")
    association_kind = _text("What the candidate's letter means")
    target = _number("Within its program")
    source = _text("Its id, 9 digits (5 in older products)")
    source_kind = _text("source, background or virtual slit")
    epoch = _number("Of a target observed again")
    optical_elements = fields.List(fields.String(), metadata={"description": "Filters, pupils, gratings, channels"})
    subarray = _text("If the name has one")
    suffix = _text("Between the last `_` and the extension")
    content = _text("What the suffix means; null for one that is new to topmast")
    stage = _number("Of the calibration pipeline, 0 to 3")
    level = _number("CAOM's `calib_level`; -1: planned")
    dms_level = _text("1b, 2a, 2b, 2c or 3")
    planned = _flag("The name of an observation that is not executed yet")
    preview = _flag("A picture of the product")
    thumbnail = _flag("A small one")
    extension = _text("Null: a stem, such as an `obs_id`")
    details = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "What only this base has: an association's type, a guide star's step, a mnemonic …"},
    )
