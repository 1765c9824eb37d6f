"""What a copy of a bundle is asked."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields

from topmast_service.api.schemas import examples
from topmast_service.api.schemas.fields import Pattern, Request, Truth
from topmast_service.api.schemas.job import JobDocument
from topmast_service.api.schemas.search import LABEL

_DIRECTORY = Pattern(r"[^\u0000-\u001f\u007f-\u009f]{1,1000}", "1 to 1000 characters, no control characters.")


class CopyRequest(Request):
    """Where the files are to be put."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {"directory": "ring-nebula"}}

    directory = fields.String(
        required=True,
        validate=_DIRECTORY,
        metadata={"description": "A folder, made if need be: below the operator's first root, or an absolute path"},
    )
    overwrite = Truth(
        load_default=False,
        metadata={"description": "Replace files of the same names with other bytes; else they stay, and are told"},
    )
    label = fields.String(allow_none=True, validate=LABEL, metadata={"description": "A name of your own"})


class CopyDocument(JobDocument):
    """The job of a copy."""

    json_schema: ClassVar[dict[str, Any]] = {"example": examples.COPY}
