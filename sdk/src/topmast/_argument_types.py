"""How words of the command line are read."""

from __future__ import annotations

import argparse
import re
from typing import Any

RANGE = re.compile(r"(?P<low>[^,]*?)\.\.(?P<high>[^,]*)")


def criterion(text: str) -> tuple[str, Any]:
    """``COLUMN=VALUE`` as a column and what `Client.search` takes."""
    name, equals, value = text.partition("=")
    if not name.strip() or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not COLUMN=VALUE")
    return name.strip(), _value(value.strip())


def _value(text: str) -> Any:
    if text == "null":
        return None
    if found := RANGE.fullmatch(text):
        ends = tuple(_number(end) if end else None for end in (found["low"], found["high"]))
        if ends == (None, None):
            raise argparse.ArgumentTypeError(f"the range {text!r} has no end")
        return ends
    return text.split(",") if "," in text else text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def count(text: str) -> int:
    """A whole number above zero."""
    if text.isascii() and text.isdigit() and int(text[:9]) > 0:
        return int(text[:9])
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")


def duration(text: str) -> float:
    """Seconds, from ``90``, ``10m`` or ``2h``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?", text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration like 90, 10m or 2h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2] or "s"]
