"""The ``topmast`` command: the SDK in a terminal and in cron."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from . import _api_errors as api
from . import _errors as e
from ._arguments import parser
from ._client import SILENCE, Client
from ._commands import run
from ._output import FAILED, INTERRUPTED, NO_ANSWER, PARTIAL, REFUSED, USAGE, Output
from ._retry import RetryPolicy
from ._text import clean

CODES: tuple[tuple[type[e.TopmastError], int], ...] = (
    # first match wins: a WaitTimeout is a JobError too
    (e.WaitTimeout, NO_ANSWER),
    (e.JobError, FAILED),
    (e.DownloadError, PARTIAL),
    (e.TransportError, NO_ANSWER),
    (api.ServerError, NO_ANSWER),
    (api.TooManyRequests, NO_ANSWER),
    (api.Malformed, USAGE),
    (api.Invalid, USAGE),
    (api.ApiError, REFUSED),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is documented in ``topmast --help``."""
    arguments = parser().parse_args(argv)
    as_json = getattr(arguments, "json", False)
    try:
        with _client(arguments) as client:
            output = run(arguments, client)
        return _print(output, as_json=as_json)
    except e.TopmastError as error:
        return _complain(error, as_json=as_json)
    except KeyboardInterrupt as stop:
        print("\n".join(["stopped", *getattr(stop, "__notes__", [])]), file=sys.stderr)
        return INTERRUPTED


def _client(arguments: argparse.Namespace) -> Client:
    endpoint, url = getattr(arguments, "endpoint", None), getattr(arguments, "url", None)
    if endpoint and url:
        raise e.UsageError("--endpoint and --url exclude each other")
    policy = RetryPolicy()
    limit = getattr(arguments, "timeout", policy.total)
    policy, silence = replace(policy, total=min(policy.total, limit)), min(SILENCE, limit)
    if endpoint:
        return Client.from_endpoint(endpoint, timeout=silence, retry=policy)
    return Client(url, timeout=silence, retry=policy)


def _print(output: Output, *, as_json: bool) -> int:
    try:
        print(json.dumps(output.document, indent=2) if as_json else output.text, flush=True)
    except BrokenPipeError:
        # `topmast jobs | head`: nobody reads on. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return output.code


def _complain(error: e.TopmastError, *, as_json: bool) -> int:
    if as_json:
        code = getattr(error, "code", type(error).__name__)
        document = {"error": {"code": code, "message": str(error), "hint": error.hint}}
        print(json.dumps(document, indent=2))
    print(f"topmast: {clean(error)}", file=sys.stderr)
    return next((number for kind, number in CODES if isinstance(error, kind)), USAGE)


if __name__ == "__main__":
    sys.exit(main())
