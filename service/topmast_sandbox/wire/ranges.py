"""Byte ranges and preconditions of one file (RFC 9110, sections 13 and 14)."""

import re
from datetime import UTC

from flask import Request
from werkzeug.http import http_date, parse_date

from topmast_sandbox.catalogue import File

_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)


class Unsatisfiable(Exception):
    """The range lies outside the file: status 416."""


def validators(file: File) -> dict[str, str]:
    """Return the header fields ETag (strong) and Last-Modified."""
    return {"ETag": f'"{file.etag}"', "Last-Modified": http_date(file.modified)}


def unchanged(request: Request, file: File) -> bool:
    """Return whether the request's precondition says that the client's copy is this one (304)."""
    known = request.headers.get("If-None-Match")
    if known is not None:
        return f'"{file.etag}"' in known or known.strip() == "*"
    since = request.if_modified_since
    return since is not None and file.modified.replace(microsecond=0) <= since


def asked_range(request: Request, file: File, validated: bool) -> tuple[int, int] | None:
    """Return start and stop (exclusive) of the range to send; None for the whole file.

    A header that is no single byte range is ignored, as the RFC allows.

    Parameters
    ----------
    validated : bool
        Whether the sandbox sends validators; without them no ``If-Range`` can ever hold.

    Raises
    ------
    Unsatisfiable
        Nothing of the range is inside the file.
    """
    match = _ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or match[0].endswith("=-") or not _if_range_holds(request, file, validated):
        return None
    if not match[1]:
        start, stop = max(0, file.size - int(match[2])), file.size
    else:
        start, stop = int(match[1]), min(file.size, int(match[2] or file.size) + 1)
    if start >= file.size or start >= stop:
        raise Unsatisfiable
    return start, stop


def _if_range_holds(request: Request, file: File, validated: bool) -> bool:
    condition = request.headers.get("If-Range", "").strip()
    if not condition:
        return True
    if not validated:
        return False
    if condition.startswith('"'):
        return condition == f'"{file.etag}"'
    date = parse_date(condition)  # None for a weak validator, which never holds
    return date is not None and date == file.modified.replace(microsecond=0).astimezone(UTC)
