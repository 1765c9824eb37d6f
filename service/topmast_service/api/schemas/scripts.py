"""Where a script's files come from."""

from __future__ import annotations

from marshmallow import fields, validate

from topmast_service.api.schemas.fields import Request


class ScriptQuery(Request):
    """From here, or from MAST itself."""

    source = fields.String(
        load_default="topmast",
        validate=validate.OneOf(["topmast", "mast"]),
        metadata={
            "description": "`topmast`: the box, with its manifest; `mast`: the same products straight from MAST, "
            "which may have reprocessed them since. MAST gives without a token what is public",
            "default": "topmast",
        },
    )
