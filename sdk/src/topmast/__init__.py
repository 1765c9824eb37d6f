"""Ask a topmast service for JWST data: search, bundle, wait, download.

>>> import topmast
>>> client = topmast.Client()  # doctest: +SKIP
>>> found = client.search("m57 r=1m", mission="JWST", instrument_name="MIRI*")  # doctest: +SKIP
>>> client.bundle(found, sub_groups=["I2D"]).wait().download("m57")  # doctest: +SKIP
"""

from ._api_errors import (
    ApiError,
    BadCursor,
    BadTarget,
    Conflict,
    DiskFull,
    EmptySelection,
    ExclusiveAccess,
    Expired,
    ForeignURI,
    IdempotencyMismatch,
    IllegalMove,
    Invalid,
    Malformed,
    MissingRole,
    MissingScope,
    NeedsMastToken,
    NoResult,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotReady,
    OverQuota,
    RedirectRefused,
    ServerError,
    TooManyRequests,
    UnknownColumn,
    UnknownUser,
    UpstreamDown,
)
from ._basket import Basket
from ._bundle import Bundle
from ._client import Client
from ._errors import (
    BadAnswer,
    ConfigError,
    ConnectFailed,
    ConnectionLost,
    DownloadError,
    JobAborted,
    JobArchived,
    JobError,
    JobFailed,
    JobHeld,
    TimedOut,
    TopmastError,
    TransportError,
    UsageError,
    WaitTimeout,
)
from ._job import FINAL_PHASES, Job, Problem
from ._keys import ApiKey
from ._manifest import ManifestRow
from ._plan import Plan
from ._progress import Progress
from ._report import DownloadedFile, DownloadReport
from ._retry import RetryPolicy
from ._search import Column, Resolved, Search

__all__ = [
    "FINAL_PHASES",
    "ApiError",
    "ApiKey",
    "BadAnswer",
    "BadCursor",
    "BadTarget",
    "Basket",
    "Bundle",
    "Client",
    "Column",
    "ConfigError",
    "Conflict",
    "ConnectFailed",
    "ConnectionLost",
    "DiskFull",
    "DownloadError",
    "DownloadReport",
    "DownloadedFile",
    "EmptySelection",
    "ExclusiveAccess",
    "Expired",
    "ForeignURI",
    "IdempotencyMismatch",
    "IllegalMove",
    "Invalid",
    "Job",
    "JobAborted",
    "JobArchived",
    "JobError",
    "JobFailed",
    "JobHeld",
    "Malformed",
    "ManifestRow",
    "MissingRole",
    "MissingScope",
    "NeedsMastToken",
    "NoResult",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "NotReady",
    "OverQuota",
    "Plan",
    "Problem",
    "Progress",
    "RedirectRefused",
    "Resolved",
    "RetryPolicy",
    "Search",
    "ServerError",
    "TimedOut",
    "TooManyRequests",
    "TopmastError",
    "TransportError",
    "UnknownColumn",
    "UnknownUser",
    "UpstreamDown",
    "UsageError",
    "WaitTimeout",
]
