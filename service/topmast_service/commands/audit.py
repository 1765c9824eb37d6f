"""`topmast-service audit`: who did what; and what commands themselves leave there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topmast_service.commands import reached
from topmast_service.domain.audit import Asked, Entry, moment, written

if TYPE_CHECKING:
    from topmast_service.store.audit import AuditLog

LOOK_EVERY = 1.0
"""Seconds between two looks of `--follow`."""

_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """A time: RFC 3339, a day, or how long ago."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time meant; one without a zone is UTC."""
        if ago := _AGO.fullmatch(str(value)):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time: give 2026-11-28T08:00:00Z, 2026-11-28, or 90m, 12h, 7d ago", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command()
@click.option("--user", help="only what USER did, or had done")
@click.option("--action", help="only this action: an operationId, or a word such as ftps_sign_in")
@click.option("--object", help="only what was done to the object of this id")
@click.option("--since", type=Moment(), help="only from then on: 2026-11-28T08:00:00Z, 2026-11-28, or 90m, 12h, 7d ago")
@click.option("--until", type=Moment(), help="only before then")
@click.option("--json", "as_json", is_flag=True, help="for programs: a JSON object each line")
@click.option("--follow", is_flag=True, help="go on telling what comes, until Ctrl-C")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="of the `up` that is meant")
def audit(data: Path | None, as_json: bool, follow: bool, **wanted: Any) -> None:
    """Tell who did what to which object, from where; oldest first."""
    asked = Asked(**wanted)
    with reached.stores(data) as stores:
        log = stores.audit
        for entry in _followed(log, asked) if follow else log.oldest_first(asked):
            click.echo(written(entry) if as_json else line(entry))


def line(entry: Entry) -> str:
    """An entry for people; parts that are not known are left out."""
    who = entry.actor if entry.actor == entry.user or not entry.user else f"{entry.actor} for {entry.user}"
    who += f" (key {entry.key_id})" if entry.key_id else ""
    thing = " ".join(part for part in (entry.kind, entry.object, entry.path) if part)
    times = f"x{entry.count}" if entry.count > 1 else ""
    parts = (moment(entry.time), who or "nobody", entry.action, thing, entry.outcome, times, entry.address)
    text = "  ".join(part for part in (*parts, entry.request_id) if part)
    return "".join(c if c.isprintable() else "?" for c in text)  # nobody writes to this terminal from elsewhere


def _followed(log: AuditLog, asked: Asked) -> Iterator[Entry]:
    place = (0, 0)
    everything = Asked(since=asked.since)
    while True:
        for entry in log.oldest_first(everything, place):
            place = entry.order
            if asked.admits(entry):
                yield entry
        time.sleep(LOOK_EVERY)
