"""The job document: the life of every search and bundle."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from topmast_service.api.schemas import examples
from topmast_service.api.schemas.fields import Answer, Moment
from topmast_service.domain.job import PHASES

KINDS = ("search", "bundle", "plan", "copy")


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"description": text, **more}


class JobError(Answer):
    """Why a job ended in ERROR."""

    code = fields.String(metadata=_said("As in a problem's `code`"))
    title = fields.String()
    detail = fields.String()
    hint = fields.String()


class Uncopied(Answer):
    """A file that could not be copied."""

    path = fields.String()
    reason = fields.String()


class CopyFacts(Answer):
    """What has become of a copy."""

    bundle = fields.String()
    revision = fields.Integer(metadata=_said("Of the bundle, whose files these are"))
    directory = fields.String(metadata=_said("Where they are put"))
    files = fields.Integer(metadata=_said("Files written and verified"))
    kept = fields.Integer(metadata=_said("Files that were there and right"))
    bytes = fields.Integer(metadata=_said("Of both"))
    failed = fields.Integer(metadata=_said("Files that are not there, or are not ours"))
    failures = fields.List(fields.Nested(Uncopied), metadata=_said("The first twenty of these"))


class JobDocument(Answer):
    """A job as it is now."""

    json_schema: ClassVar[dict[str, Any]] = {"example": examples.JOB}

    id = fields.String(metadata=_said("Opaque; `s_…` a search, `b_…` a bundle, `p_…` a plan, `c_…` a copy"))
    kind = fields.String(validate=validate.OneOf(KINDS))
    owner = fields.String(metadata=_said("User whose job it is"))
    label = fields.String(allow_none=True, metadata=_said("The user's own name for it"))
    phase = fields.String(metadata=_said(f"UWS phase; today one of {', '.join(PHASES)}. Clients bear with new ones"))
    phase_reason = fields.String(allow_none=True, metadata=_said("Such as upstream_down, worker_lost"))
    outcome = fields.String(allow_none=True, metadata=_said("complete, partial or empty, once COMPLETED"))
    step = fields.String(metadata=_said("What is being done, for people"))
    version = fields.Integer(metadata=_said("Grows with every change worth telling; see `since`"))
    created = Moment()
    started = Moment(allow_none=True)
    ended = Moment(allow_none=True)
    destruction = Moment(allow_none=True, metadata=_said("When its files are removed"))
    progress = fields.Dict(
        keys=fields.String(),
        metadata=_said(
            "files_total, files_done, files_cached, files_failed, bytes_total, bytes_done (rows for a search); while "
            "bytes move: rate (bytes/s), eta (earliest, latest); while it waits for a worker: ahead (jobs before it)"
        ),
    )
    error = fields.Nested(JobError, allow_none=True)
    request = fields.Dict(keys=fields.String(), metadata=_said("The request as it was sent"))
    copy = fields.Nested(CopyFacts, allow_none=True, metadata=_said("What has become of a copy; null for other kinds"))
    links = fields.Dict(keys=fields.String(), values=fields.String(), metadata=_said("Where to go on"))


class JobList(Answer):
    """Jobs, newest first."""

    json_schema: ClassVar[dict[str, Any]] = {"example": {"items": [examples.JOB], "next": None}}

    items = fields.List(fields.Nested(JobDocument))
    next = fields.String(allow_none=True, metadata=_said("Cursor of the next page; null on the last"))
