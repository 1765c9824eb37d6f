"""One observation, by name."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from topmast_service.api.schemas.fields import Request
from topmast_service.api.schemas.parameters import MAX_WAIT

OBS_ID: dict[str, Any] = {
    "in": "path",
    "name": "obs_id",
    "description": "MAST's obs_id or obsid",
    "schema": {"type": "string", "pattern": r"^[!-.0-~]{1,200}$"},
    "example": "jw01558-o001_t001_miri_f1000w",
}


class PreferHeader(Request):
    """How long to wait."""

    prefer = fields.String(
        load_default="",
        data_key="Prefer",
        metadata={
            "description": f"`wait=N` (RFC 7240), N ≤ {MAX_WAIT}: answer 303 if it is ready within N seconds. "
            "Other preferences are ignored.",
            "example": "wait=1",
        },
    )
