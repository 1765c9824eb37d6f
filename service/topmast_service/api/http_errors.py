"""Errors that only HTTP knows. They are errors of topmast like all others, with a code, a hint and a page."""

from __future__ import annotations

from topmast_service.errors import Malformed, TopmastError, every_code


class MethodNotAllowed(TopmastError):
    code, kind, title = "method_not_allowed", "usage", "This address does not take this method"
    hint = "The Allow header lists the methods that it takes."


class NotAcceptable(TopmastError):
    code, kind, title = "not_acceptable", "usage", "There is no answer in the format asked for"
    hint = "Ask with `Accept: */*`, or choose one of the formats that the contract names."


class TooLarge(TopmastError):
    code, kind, title = "too_large", "usage", "The request is too large"
    hint = "Split it into several requests, or name a search instead of listing its rows."


class ArchiveTooLarge(TopmastError):
    code, kind, title = "archive_too_large", "usage", "The bundle is too large for one archive"
    hint = "Fetch its files one by one: by the script, by FTPS, or with `topmast download`."


class UnsupportedMediaType(TopmastError):
    code, kind, title = "unsupported_media_type", "usage", "The body is not JSON"
    hint = "Send a JSON object with `Content-Type: application/json`."


class RangeNotSatisfiable(TopmastError):
    code, kind, title = "range_not_satisfiable", "usage", "The file has no bytes in this range"
    hint = "The Content-Range header says how long the file is; begin before its end."


class PreconditionFailed(TopmastError):
    code, kind, title = "precondition_failed", "conflict", "This is no longer the version that If-Match names"
    hint = "Read it again without If-Match."


class Unready(TopmastError):
    code, kind, title = "unready", "busy", "This process cannot serve yet"
    hint = "Wait; `errors` says what is missing."


BY_STATUS: dict[int, type[TopmastError]] = {
    405: MethodNotAllowed,
    406: NotAcceptable,
    412: PreconditionFailed,
    413: TooLarge,
    415: UnsupportedMediaType,
    416: RangeNotSatisfiable,
}
"""What stands for an error that the framework raised by itself."""


def of_status(status: int) -> type[TopmastError]:
    """The error for a status of the framework's own; every other 4xx is a request that cannot be read."""
    return BY_STATUS.get(status, Malformed if status < 500 else TopmastError)


def kinds() -> dict[str, type[TopmastError]]:
    """Every problem that HTTP or a job may tell, by code; the same in every process, whatever else it has loaded."""
    ours = {TopmastError.__module__, __name__}
    return {code: error for code, error in every_code().items() if error.__module__ in ours}
