"""Answers in place of the right one."""

import time
from email.utils import formatdate
from urllib.parse import urlsplit

from flask import Request, Response

from topmast_sandbox.faults.kinds import Hang, Instead, Nothing, Page, Redirect, Refused, Status
from topmast_sandbox.wire.connection import leave, reset, wait

_PAGE = """<!DOCTYPE html>
<html><head><title>MAST is under maintenance</title></head>
<body><h1>Under maintenance</h1><p>Please come back later.</p></body></html>
"""
_OTHER_NAMES = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
FOLLOWED = "redirected"


def instead(fault: Instead, request: Request) -> Response | None:
    """Return the answer that a fault gives; None where the request was redirected already.

    Raises
    ------
    OSError
        The connection is over: nothing more can be answered.
    """
    match fault:
        case Status():
            return Response(f"Error {fault.status}.\n", fault.status, _retry_after(fault), content_type="text/plain")
        case Page():
            return Response(_PAGE, content_type="text/html; charset=utf-8")
        case Nothing():
            return Response(b"", content_type="application/octet-stream")
        case Redirect():
            return _elsewhere(fault, request)
        case Hang():
            wait(request, fault.seconds)
            leave()
        case Refused():
            reset(request)
    return None


def _retry_after(fault: Status) -> dict[str, str]:
    if fault.retry_after < 0:
        return {}
    if fault.as_date:
        return {"Retry-After": formatdate(time.time() + fault.retry_after, usegmt=True)}
    return {"Retry-After": f"{fault.retry_after:.0f}"}


def _elsewhere(fault: Redirect, request: Request) -> Response | None:
    if fault.to != "loop" and FOLLOWED in request.args:
        return None
    address = urlsplit(request.url)
    where = request.full_path
    if fault.to != "loop":
        where += f"{'&' if request.query_string else ''}{FOLLOWED}=1"
    if fault.to == "other":
        host = _OTHER_NAMES.get(address.hostname or "", "archive.invalid")
        where = f"http://{host}:{address.port}{where}"
    return Response("", fault.status, {"Location": where}, content_type="text/plain")
