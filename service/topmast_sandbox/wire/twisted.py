"""Requests for a part that are understood as something else: what the doors see is changed, not the doors."""

import re

from flask import Request

from topmast_sandbox.faults.kinds import IfRangeIgnored, RangeIgnored, RangeShifted, Twist

_FIRST = re.compile(r"(?<=bytes=)\d+")


def twist(fault: Twist, request: Request) -> None:
    """Change the request's headers."""
    environ = request.environ
    match fault:
        case RangeIgnored():
            environ.pop("HTTP_RANGE", None)
        case IfRangeIgnored():
            environ.pop("HTTP_IF_RANGE", None)
        case RangeShifted():
            environ["HTTP_RANGE"] = _FIRST.sub(lambda found: str(int(found[0]) + fault.by), environ["HTTP_RANGE"])
