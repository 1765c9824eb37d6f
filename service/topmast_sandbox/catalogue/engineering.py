"""Engineering telemetry: a dictionary of mnemonics and samples that are always the same."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from topmast_sandbox.catalogue import facts
from topmast_sandbox.catalogue.caom import hashed
from topmast_sandbox.clock import mjd

_EPOCH = datetime(2022, 1, 1, tzinfo=UTC)


@cache
def mnemonics() -> list[dict[str, Any]]:
    """The dictionary: subsystem, tlmMnemonic, tlmIdentifier, description, sqlDataType, unit."""
    return [
        {
            "subsystem": entry["subsystem"],
            "tlmMnemonic": entry["name"],
            "tlmIdentifier": number,
            "description": entry["description"],
            "sqlDataType": entry["type"],
            "unit": entry.get("unit"),
        }
        for number, entry in enumerate(facts.load("engineering.toml")["mnemonic"], start=7001)
    ]


def samples(mnemonic: str, start: datetime, end: datetime) -> Iterator[tuple[str, str, str, str]]:
    """Samples as the archive prints them: time, MJD, value, SQL type.

    One sample before `start` and one after `end` come along, as MAST brackets an interval. Nothing for an unknown
    mnemonic.
    """
    entry = next((e for e in facts.load("engineering.toml")["mnemonic"] if e["name"] == mnemonic.upper()), None)
    if entry is None:
        return
    step = float(entry["every"])
    first = math.ceil((start - _EPOCH).total_seconds() / step) - 1
    last = math.floor((end - _EPOCH).total_seconds() / step) + 1
    for index in range(first, last + 1):
        when = _EPOCH + timedelta(seconds=index * step)
        time = when.strftime("%Y-%m-%d %H:%M:%S.%f")
        yield time, f"{mjd(when):.10f}", _value(entry, index), str(entry["type"])


def _value(entry: dict[str, Any], index: int) -> str:
    if "states" in entry:
        return str(entry["states"][hashed(f"{entry['name']}{index // 50}", len(entry["states"]))])
    noise = (hashed(f"{entry['name']}{index}", 2001) - 1000) / 1000
    value = entry["centre"] + entry["spread"] * (math.sin(index / 97) + 0.1 * noise)
    return str(round(value)) if entry["type"] == "int" else f"{value:.10f}"
