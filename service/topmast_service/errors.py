"""Every error topmast tells anybody, with its stable code.

`kind` says who must act, and knows no HTTP: the API turns it into a status in one table, workers decide by it
whether to try again. `code` is what programs match on; it never changes once released. Every code has a page
(`/problems/<code>`) and `hint` is the one thing to try.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Kind = Literal["usage", "denied", "not_found", "conflict", "busy", "upstream", "fatal"]


class TopmastError(Exception):
    """Base of all errors a user may see.

    Parameters
    ----------
    detail
        What happened, for this occurrence. Never holds a key or a token.
    hint
        One thing to try; the class's own hint when left out.
    errors
        One ``{"pointer", "detail", "suggestions"}`` per offending member (RFC 9457 §3, pointers are RFC 6901).
    retry_after
        Seconds after which trying again makes sense.
    """

    code: ClassVar[str] = "internal"
    kind: ClassVar[Kind] = "fatal"
    title: ClassVar[str] = "Something failed inside topmast"
    hint: str = "Try again; if it stays, send the request_id to whoever runs this topmast."

    def __init__(
        self,
        detail: str = "",
        *,
        hint: str | None = None,
        errors: list[dict[str, Any]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.hint = hint or type(self).hint
        self.errors = errors or []
        self.retry_after = retry_after

    def as_record(self) -> dict[str, str]:
        """The part that a job keeps when it ends in ERROR."""
        return {"code": self.code, "title": self.title, "detail": self.detail, "hint": self.hint}


# usage: whoever asked must change the question


class Malformed(TopmastError):
    code, kind, title = "malformed", "usage", "The request cannot be read"
    hint = "Send a JSON object with Content-Type: application/json."


class Invalid(TopmastError):
    code, kind, title = "invalid", "usage", "The request is understood but not acceptable"
    hint = "See `errors`: each entry points at one member and says what is wrong with it."


class UnknownColumn(Invalid):
    code, title = "unknown_column", "No such column"
    hint = "Use one of the suggested names; column names are MAST's own."


class BadTarget(Invalid):
    code, title = "bad_target", "The target cannot be read"
    hint = "Write a name or coordinates, then a radius with its unit: `m57 r=1m` or `283.396 33.029 r=30s`."


class EmptySelection(Invalid):
    code, title = "empty_selection", "The selection names nothing"
    hint = "Name at least one observation, dataURI or finished search."


class ForeignURI(Invalid):
    code, title = "foreign_uri", "Not a dataURI that topmast fetches"
    hint = "dataURIs begin with mast:JWST/, mast:HST/, mast:HLSP/ or mast:jwstedb/."


class NothingUnderstood(Invalid):
    code, title = "nothing_understood", "Nothing in the list names a file or an observation"
    hint = "Paste file names, dataURIs, obs_ids, a MAST script or MANIFEST, or the JSON of a subscription e-mail."


class NotComparable(Invalid):
    code, title = "not_comparable", "These two searches cannot be compared"
    hint = "Give `since` an earlier search of the same collection, with the same `expand`."


class NotToBeBundled(Invalid):
    code, title = "not_to_be_bundled", "The rows of this search name no files"
    hint = "Bundle a search of observations, files or engineering samples, or one with expand=observations."


class UnknownHook(Invalid):
    code, title = "unknown_hook", "No such hook"
    hint = "Name one of the suggested hooks; only whoever runs this topmast can add one."


class BadCursor(TopmastError):
    code, kind, title = "cursor_mismatch", "usage", "The cursor belongs to another question"
    hint = "Start again without `cursor`, and keep `where` and `sort` unchanged while paging."


class TargetNotResolved(TopmastError):
    code, kind, title = "target_not_resolved", "usage", "No resolver knows this name"
    hint = "Check the spelling, give coordinates, or search by `target_name` (moving targets have no position)."


class DoiNotFound(TopmastError):
    code, kind, title = "doi_not_found", "usage", "DataCite knows no such DOI"
    hint = "Check the spelling; DOIs of MAST begin with 10.17909/ and appear some minutes after they were made."


class RejectedByArchive(TopmastError):
    code, kind, title = "rejected_by_archive", "usage", "MAST refused the query"
    hint = "Simplify the criteria; MAST's own words are in `detail`."


class BadMastToken(Invalid):
    code, title = "bad_mast_token", "MAST does not accept this token"
    hint = "Make one at auth.mast.stsci.edu/token with the scope mast:exclusive_access, and store that."


class UnknownMnemonic(Invalid):
    code, title = "unknown_mnemonic", "The engineering database has no such mnemonic"
    hint = "Search `engineering` without `time`: by a name with *, or by words of the description."


# denied


class Unauthenticated(TopmastError):
    code, kind, title = "unauthenticated", "denied", "No valid API key"
    hint = "Send `Authorization: Bearer <key>`; `topmast-service keys create` makes one."


class MissingScope(TopmastError):
    code, kind, title = "scope", "denied", "The scopes of the API key do not allow this"
    hint = "Use a key that has the scope, or make one: `topmast-service keys create --scope`."


class MissingRole(TopmastError):
    code, kind, title = "role", "denied", "The role of the API key's user does not allow this"
    hint = "Ask whoever runs this topmast: operators administrate, portals act on behalf of others."


class UnknownUser(TopmastError):
    code, kind, title = "unknown_user", "denied", "Nobody here can be acted for by this name"
    hint = "Give X-On-Behalf-Of the name of a user of this topmast who is not disabled."


class NotAuthorized(TopmastError):
    code, kind, title = "not_authorized", "denied", "MAST does not give this file to topmast"
    hint = "Wait for the release date, or ask the PI for access."


class NeedsMastToken(NotAuthorized):
    code, title = "needs_mast_token", "MAST gives this only to a token, and has none of yours that it accepts"
    hint = "Store your MAST token with `PUT /v1/me/mast-token`; a search that waits for it goes on by itself."


class ExclusiveAccess(TopmastError):
    code, kind, title = "exclusive", "denied", "The file is in its exclusive access period"
    hint = "Store a MAST token of your own that opens it (`PUT /v1/me/mast-token`), or wait for its release."


class AddressRefused(TopmastError):
    code, kind, title = "address_refused", "denied", "topmast does not call this address"
    hint = "Give a host of the public internet, or have the operator name it in TOPMAST_OUTGOING_ALLOW."


class BadLink(TopmastError):
    code, kind, title = "bad_link", "denied", "This link was not made here, or not for this path"
    hint = "Copy the link whole and unchanged, or ask whoever gave it to you for a new one."


class NotByLink(TopmastError):
    code, kind, title = "not_by_link", "denied", "A link does not open this file: it is not public"
    hint = "Fetch it with an API key of the bundle's owner, whose MAST token it came with."


class CopiesNotAllowed(TopmastError):
    code, kind, title = "copies_not_allowed", "denied", "No copy may be put there"
    hint = "Give a folder below the operator's roots: relative to the first, or absolute; no link may lead out of it."


class OverQuota(TopmastError):
    code, kind, title = "over_quota", "denied", "This is more than you may have at once"
    hint = "`detail` says what is used and what would fit; `GET /v1/me` shows your quotas, your operator sets them."


# not found


class NotFound(TopmastError):
    code, kind, title = "not_found", "not_found", "There is no such thing"
    hint = "Check the id; `GET /v1/jobs` lists yours."


class UnknownJob(NotFound):
    code, title = "unknown_job", "No such job"


class UnknownKey(NotFound):
    code, title = "unknown_key", "No such API key"
    hint = "`GET /v1/me/keys` lists yours."


class UnknownBasket(NotFound):
    code, title = "unknown_basket", "No such basket"
    hint = "`GET /v1/baskets` lists yours."


class UnknownCollection(NotFound):
    code, title = "unknown_collection", "No such collection"
    hint = "`GET /v1/collections` lists what can be searched; `errors` has the nearest names."


class UnknownKeyword(NotFound):
    code, title = "unknown_keyword", "No such keyword"
    hint = "`GET /v1/keywords?q=` finds keywords by words; `errors` has the nearest names."


class NoSuchFile(NotFound):
    code, title = "no_such_file", "No such file in this bundle"
    hint = "`GET /v1/bundles/{id}/files/` lists what there is."


class NoSuchRevision(NotFound):
    code, title = "no_such_revision", "The bundle has no such revision"
    hint = "The bundle's document tells its current `revision`; the first is 1."


class UnknownFilename(NotFound):
    code, title = "unknown_filename", "No name of a JWST file"
    hint = "Give the whole name as MAST lists it, like jw02733-o001_t001_nircam_clear-f090w_i2d.fits, without its path."


class MissingOnServer(NotFound):
    code, title = "missing_on_server", "MAST lists the file but does not have it"
    hint = "Ask archive@stsci.edu, or retry after the next reprocessing."


class Expired(TopmastError):
    code, kind, title = "expired", "not_found", "The files of this job are gone; its record and manifest stay"
    hint = "Submit the same request again: what is cached costs nothing."


class LinkExpired(TopmastError):
    code, kind, title = "link_expired", "not_found", "The link has ended"
    hint = "Ask whoever gave it to you for a new one."


# conflict


class NotReady(TopmastError):
    code, kind, title = "not_ready", "conflict", "The job has not finished"
    hint = "Wait: `GET /v1/jobs/{id}?wait=30`."


class IllegalMove(TopmastError):
    code, kind, title = "illegal_move", "conflict", "The job's phase does not allow this"
    hint = "Read the job again; its phase has changed."


class StaleAttempt(IllegalMove):
    code, title = "stale_attempt", "Another worker has taken this work over"


class IdempotencyMismatch(TopmastError):
    code, kind, title = (
        "idempotency_mismatch",
        "conflict",
        "This Idempotency-Key was used for another request",
    )
    hint = "Make a new key for a new request."


class NoResult(TopmastError):
    code, kind, title = "no_result", "conflict", "The job ended without a result"
    hint = "The job's `error` says why."


class UserExists(TopmastError):
    code, kind, title = "user_exists", "conflict", "There is a user of this name"
    hint = "Use another name, or change that user."


class TooManyKeys(TopmastError):
    code, kind, title = "too_many_keys", "conflict", "The user has as many API keys as one may have"
    hint = "Revoke one that is no longer needed."


class BasketExists(TopmastError):
    code, kind, title = "basket_exists", "conflict", "You have a basket of this name"
    hint = "Use that one, or another name; `GET /v1/baskets` lists yours."


class TooManyBaskets(TopmastError):
    code, kind, title = "too_many_baskets", "conflict", "You have as many baskets as this topmast keeps for one user"
    hint = "Delete one that you no longer need."


class BasketFull(TopmastError):
    code, kind, title = "basket_full", "conflict", "The basket has no room for so many files"
    hint = "Begin another basket, or choose fewer rows with `where`."


# busy


class Busy(TopmastError):
    code, kind, title = "busy", "busy", "Too many requests at once"
    hint = "Wait as long as Retry-After says."


class RateLimited(Busy):
    code, title = "rate_limited", "Too many requests within a minute"
    hint = "Wait as long as Retry-After says; `wait=` and `GET /v1/jobs?ids=` need fewer requests than polling."


class LockedOut(Busy):
    code, title = "locked_out", "Too many wrong keys came from this address"
    hint = "Wait as long as Retry-After says, and check the key; valid keys from other addresses go on working."


class StoreUnavailable(TopmastError):
    code, kind, title = "store_unavailable", "busy", "The job store does not answer"
    hint = "Wait as long as Retry-After says; nothing is lost."


class DiskFull(TopmastError):
    code, kind, title = "disk_full", "busy", "No space left where the data are kept"
    hint = "Remove bundles that are no longer needed; the job goes on by itself."


# upstream


class UpstreamDown(TopmastError):
    code, kind, title = "upstream_down", "upstream", "MAST does not answer"
    hint = "Nothing to do: topmast keeps trying within its limits."


class UpstreamError(UpstreamDown):
    code, title = "upstream_error", "MAST answers with an error"
    hint = "Ask for the bundle again later; if it stays, tell archive@stsci.edu."


class UnreadableAssociation(UpstreamError):
    code, title = "unreadable_association", "An association or pool of MAST cannot be read"
    hint = "Choose files by sub-group and level instead of by association; tell archive@stsci.edu which file it is."


class TransferFailed(TopmastError):
    code, kind, title = "transfer_failed", "upstream", "The file could not be fetched whole"
    hint = "Ask for the bundle again later."


# fatal


class UnsafeForTokens(TopmastError):
    code, kind, title = "unsafe_for_tokens", "fatal", "A MAST token cannot be kept, or sent, safely here"
    hint = "Tell whoever runs this topmast: MAST's address must be https, and the key of the tokens must be readable."


class CopyFailed(TopmastError):
    code, kind, title = "copy_failed", "fatal", "The shared folder cannot be written to"
    hint = "Tell whoever runs this topmast which folder it was; the transfer workers must be able to write there."


class WorkerLost(TopmastError):
    code, kind, title = "worker_lost", "fatal", "The workers on this job died repeatedly"
    hint = "Tell whoever runs this topmast; submit again when the cause is found."


def every_code() -> dict[str, type[TopmastError]]:
    """All error classes by code, the base class's included."""
    found: dict[str, type[TopmastError]] = {}
    waiting: list[type[TopmastError]] = [TopmastError]
    while waiting:
        error = waiting.pop()
        found[error.code] = error
        waiting.extend(error.__subclasses__())
    return dict(sorted(found.items()))
