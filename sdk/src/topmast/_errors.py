"""Everything topmast can raise.

::

    TopmastError                        .hint
    ├─ UsageError (ValueError)          the call makes no sense; nothing was sent
    ├─ ConfigError                      no URL, no key, an unreadable file, a missing extra
    ├─ TransportError                   .method .url (without query)
    │   ├─ ConnectFailed                nobody listens there
    │   ├─ TimedOut                     no answer in time
    │   ├─ ConnectionLost               the answer broke off
    │   └─ BadAnswer                    an answer, but not topmast's
    ├─ ApiError                         .status .code .detail .errors .request_id .retry_after
    │   ├─ Malformed 400, Invalid 422   (UnknownColumn, BadTarget, EmptySelection, ForeignURI, BadCursor)
    │   ├─ NotAuthenticated 401 · NotFound 404 · Expired 410
    │   ├─ NotAllowed 403               (ExclusiveAccess, NeedsMastToken, OverQuota,
    │   │                                MissingScope, MissingRole, UnknownUser)
    │   ├─ Conflict 409                 (NotReady, IllegalMove, NoResult, IdempotencyMismatch)
    │   ├─ TooManyRequests 429 · ServerError 5xx (UpstreamDown, DiskFull)
    │   └─ RedirectRefused 3xx
    ├─ JobError                         .job, the last snapshot
    │   ├─ JobFailed · JobAborted · JobArchived · JobHeld
    │   └─ WaitTimeout (TimeoutError)   the job itself goes on
    └─ DownloadError                    .report

Match on the class for *what to do* and on ``.code`` for *what happened*. ``str(error)`` ends with one thing to
try and, when the service answered, with the request id its log knows. All of them can be pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from ._job import Job
    from ._report import DownloadReport


def _rebuild(cls: type[TopmastError], args: tuple[Any, ...], state: dict[str, Any]) -> TopmastError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class TopmastError(Exception):
    """Base of all errors of this package; `hint` is one thing to try."""

    hint: str = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        return " ".join(part for part in (self._sentence(), self.hint, self._trailer()) if part)

    def _sentence(self) -> str:
        text = str(self.args[0]) if self.args else ""
        return text if text.endswith((".", "!", "?")) or not text else text + "."

    def _trailer(self) -> str:
        return ""

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls cls(*args), which fails for keyword-only arguments: a worker pool would then report
        # a pickling error instead of what went wrong.
        return (_rebuild, (type(self), self.args, self.__dict__))


class UsageError(TopmastError, ValueError):
    """The call makes no sense; nothing was sent."""


class ConfigError(TopmastError):
    """No URL or key, an unreadable file, or an extra that is not installed."""


class TransportError(TopmastError):
    """No usable answer came back from `method` `url`."""

    hint = "Check the URL and that the service runs: its /livez answers without a key."

    def __init__(self, message: str, *, method: str = "", url: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.method = method
        self.url = url


class ConnectFailed(TransportError):
    """Nothing listens at this address; the request never arrived."""


class TimedOut(TransportError):
    """No answer within the time given."""


class ConnectionLost(TransportError):
    """The connection ended before the answer did."""


class BadAnswer(TransportError):
    """Something answered, but not the way topmast does (a proxy's page, a login form)."""


class JobError(TopmastError):
    """Something about a job; `job` is its last snapshot and `code` the service's code for the reason."""

    default_code: ClassVar[str] = "job"

    def __init__(self, message: str, *, job: Job, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.job = job

    @property
    def code(self) -> str:
        """The service's code of why the job ended, else this class's own."""
        problem = self.job.error
        return problem.code if problem is not None and problem.code else self.default_code


class JobFailed(JobError):
    """The job ended in ERROR."""

    default_code = "job_failed"


class JobAborted(JobError):
    """Somebody stopped the job."""

    default_code = "job_aborted"


class JobHeld(JobError):
    """The job waits for something that only its user can give, such as a MAST token; then it goes on by itself."""

    default_code = "job_held"


class JobArchived(JobError):
    """The job's results have expired; its record stays."""

    default_code = "expired"


class WaitTimeout(JobError, TimeoutError):
    """The time given to wait is over; the job itself goes on."""

    default_code = "wait_timeout"


class DownloadError(TopmastError):
    """Some files did not arrive whole; `report` says which did and why the others did not."""

    def __init__(self, message: str, *, report: DownloadReport, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.report = report
