"""What a bundle is asked, and what it says."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from topmast_service.api.schemas import examples
from topmast_service.api.schemas.fields import Answer, Moment, Pattern, Request, Truth, WholeNumber
from topmast_service.api.schemas.job import JobDocument
from topmast_service.api.schemas.plan import Completeness, PlanFacts, ReferenceFacts
from topmast_service.api.schemas.search import LABEL
from topmast_service.api.schemas.selection import BundleSelection
from topmast_service.domain.layout import LAYOUTS
from topmast_service.domain.lineage import STARTS
from topmast_service.domain.notices import ADDRESS
from topmast_service.domain.product import PREFIXES
from topmast_service.domain.releasing import RELEASES

LONGEST_LIST = 8_000_000
"""Characters of a list from elsewhere: a script for 20,000 files."""

MAX_DAYS = 3650
"""Longest retention that can be written; each installation has its own limit below it."""

_STARTS = "|".join(PREFIXES)
_NAME = Pattern(r"[!-~]{1,200}", "1 to 200 visible ASCII characters.")
_EMAIL = Pattern(ADDRESS, "This is not an e-mail address.")


class _URI(fields.String):
    """A dataURI. Whose it is, is a rule with an error of its own (foreign_uri); here only that it is one word."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        return str(Pattern(r"[!-~]{0,500}", "At most 500 visible ASCII characters.")(text))


class BundleSource(Request):
    """Exactly one of these."""

    json_schema: ClassVar[dict[str, Any]] = {"minProperties": 1, "maxProperties": 1}

    search = fields.String(
        metadata={
            "pattern": "^s_[0-9a-f]{16}$",
            "description": "Id of a finished search: all its observations, or the files that its rows name",
        }
    )
    plan = fields.String(
        metadata={"pattern": "^p_[0-9a-f]{16}$", "description": "Id of a finished dry run: exactly what it planned"}
    )
    observations = fields.List(
        fields.String(validate=_NAME),
        validate=validate.Length(max=10_000),
        metadata={"minItems": 1, "description": "obs_ids or obsids"},
    )
    uris = fields.List(
        _URI(metadata={"pattern": f"^({_STARTS})[!-~]{{0,480}}$"}),
        validate=validate.Length(max=50_000),
        metadata={"minItems": 1, "description": "dataURIs"},
    )
    basket = fields.String(
        metadata={"pattern": "^k_[0-9a-f]{16}$", "description": "Id of a basket of yours: what is ticked in it"}
    )
    list = fields.String(
        validate=validate.Length(max=LONGEST_LIST),
        metadata={
            "minLength": 1,
            "format": "list-of-files",
            "description": "A text from elsewhere that names files: names or dataURIs, a MAST script or MANIFEST, a "
            "manifest of topmast, the JSON of a MAST subscription e-mail",
        },
    )


class Notify(Request):
    """Somebody to tell, or one of the operator's commands to run once the bundle is complete."""

    json_schema: ClassVar[dict[str, Any]] = {"minProperties": 1, "maxProperties": 1}

    email = fields.String(validate=_EMAIL, metadata={"example": "ann@example.org"})
    hook = fields.String(
        validate=Pattern(r"[a-z][a-z0-9_-]{0,31}", "A hook is called a-z, 0-9, _ and -, beginning with a letter."),
        metadata={"description": "Its name; `unknown_hook` tells which there are", "example": "slurm"},
    )

    @validates_schema
    def _check_one(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("Give exactly one of email, hook.")


class BundleRequest(Request):
    """Where the files come from, and which of them."""

    json_schema: ClassVar[dict[str, Any]] = {
        "example": {"from": {"search": "s_0123456789abcdef"}, "select": {"sub_groups": ["I2D", "ASN"]}}
    }

    from_ = fields.Nested(BundleSource, data_key="from", attribute="from", required=True)
    select = fields.Nested(BundleSelection)
    start = fields.String(
        validate=validate.OneOf(STARTS),
        metadata={
            "description": "Not the chosen products, but what the pipeline needs to make them anew from this stage on: "
            "members of their associations or what those are made of, all segments, MSA files, catalogs, backgrounds"
        },
    )
    remove_completed = Truth(metadata={"description": "What is delivered leaves the basket it was in"})
    dry_run = Truth(metadata={"description": "Only a plan: what the bundle would hold and cost"})
    layout = fields.String(
        validate=validate.OneOf(LAYOUTS),
        metadata={
            "description": "How the box is laid out: `mast` (default): JWST/<obs_id>/<file>; `flat`: all in one; "
            "`pipeline`: Obs007/uncal/<file>, your own to write into; `by_program`: 02736/obsnum07/<file>"
        },
    )
    release = fields.String(
        validate=validate.OneOf(RELEASES),
        metadata={
            "description": "`auto`: files in exclusive access are added, in a next revision, once MAST gives them to "
            "everybody; `never` (default): their release dates stand in the manifest"
        },
    )
    notify = fields.List(
        fields.Nested(Notify),
        validate=validate.Length(max=20),
        metadata={"description": "Who is told; your own address unless given, nobody if empty"},
    )
    retention_days = WholeNumber(
        validate=validate.Range(1, MAX_DAYS),
        metadata={"description": "How long the files stay, within this topmast's limit"},
    )
    label = fields.String(allow_none=True, validate=LABEL, metadata={"description": "A name of your own"})


class FtpsPlace(Answer):
    """Where the same files are on FTPS; the password is an API key."""

    host = fields.String()
    port = fields.Integer()
    user = fields.String()
    path = fields.String()


class Superseded(Answer):
    """Delivered files of which this topmast has seen a newer version."""

    count = fields.Integer()
    files = fields.List(fields.String(), metadata={"description": "Paths of the first twenty"})


class BundleFacts(Answer):
    """What is in a bundle."""

    revision = fields.Integer(allow_none=True, metadata={"description": "Current revision; null until published"})
    counts = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={
            "description": "listed = duplicates + unique; unique = selected + excluded (by reason); "
            "ok, cached, fetched, failed of the selected ones"
        },
    )
    bytes = fields.Dict(
        keys=fields.String(), allow_none=True, metadata={"description": "total, fetched and cached bytes"}
    )
    ftps = fields.Nested(FtpsPlace, allow_none=True)
    files = fields.String(metadata={"format": "uri-reference", "description": "Where the files are"})
    notes = fields.List(fields.String(), metadata={"description": "What was understood, left out, or is worth knowing"})
    plan = fields.Nested(PlanFacts, allow_none=True, metadata={"description": "Of a dry run: what it would cost"})
    completeness = fields.Nested(
        Completeness, allow_none=True, metadata={"description": "With `start` or parents: what the pipeline would miss"}
    )
    references = fields.Nested(
        ReferenceFacts, allow_none=True, metadata={"description": "With references: what was added, and what was not"}
    )
    shares = fields.List(fields.String(), metadata={"description": "Users who may look at it besides its owner"})
    release_due = Moment(allow_none=True, metadata={"description": "When MAST is asked next for what it withheld"})
    superseded = fields.Nested(
        Superseded, allow_none=True, metadata={"description": "Files that were reprocessed since; null until published"}
    )


class FileVersion(Answer):
    """The bytes that a name stood for."""

    sha256 = fields.String()
    size = fields.Integer(allow_none=True, metadata={"description": "Bytes"})
    cal_ver = fields.String()
    crds_ctx = fields.String()
    date = fields.String()


class Change(Answer):
    """One file that is not the same in two revisions."""

    path = fields.String(metadata={"description": "Where it lies in the box"})
    dataURI = fields.String()  # noqa: N815 - MAST's column name
    change = fields.String(metadata={"description": "added, removed or changed"})
    old = fields.Nested(FileVersion, allow_none=True)
    new = fields.Nested(FileVersion, allow_none=True)


class Difference(Answer):
    """What is not the same in two revisions."""

    items = fields.List(fields.Nested(Change))


class BundleDocument(JobDocument):
    """A job with what is in it."""

    json_schema: ClassVar[dict[str, Any]] = {"example": examples.BUNDLE}

    bundle = fields.Nested(BundleFacts)
