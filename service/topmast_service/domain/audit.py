"""Who did what to which object, from where: one entry for each, and which entries somebody asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from topmast_service.domain.redaction import redacted

CLI = "cli"
"""The address of whoever types commands on the machine itself; the actor is then a user of the operating system."""

LONGEST = 1000
"""Characters of a part of an entry: paths are the caller's to choose."""

_KINDS = {"s": "search", "p": "plan", "b": "bundle", "c": "copy", "k": "basket"}
_ID = re.compile(r"([spbck])_[0-9a-f]{16}")


@dataclass(frozen=True)
class Entry:
    """What happened; what is not known is empty.

    Parameters
    ----------
    action
        The operationId of a request, else a word such as ``ftps_sign_in``, ``file_delivered`` or ``users add``.
    actor, user, key_id
        Whose key it was, for whom it was (another, when a portal acts for somebody), and which key.
    kind, object, path
        What it was done to: kind and id, and where in it.
    outcome
        The status of the answer (``201``), or the code of what was refused (``unauthenticated``).
    address, request_id
        Where from, and how to find the log's lines about it.
    count
        How many alike there were within a minute; those that are only counted have one entry for all.
    id
        Given by the log: milliseconds since 1970 and a number, growing.
    """

    action: str
    actor: str = ""
    user: str = ""
    key_id: str = ""
    kind: str = ""
    object: str = ""
    path: str = ""
    outcome: str = ""
    address: str = ""
    request_id: str = ""
    count: int = 1
    id: str = ""

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands among all entries."""
        return order_of(self.id)

    @property
    def time(self) -> datetime:
        """When it was written, by the clock of Redis."""
        return datetime.fromtimestamp(self.order[0] / 1000, UTC)


@dataclass(frozen=True)
class Asked:
    """Which entries; what is None does not matter. `user` did it, or had it done; `since` counts, `until` does not."""

    user: str | None = None
    action: str | None = None
    object: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, entry: Entry) -> bool:
        """Whether `entry` is one of them."""
        return (
            self.user in {None, entry.user, entry.actor}
            and self.action in {None, entry.action}
            and self.object in {None, entry.object}
            and (self.since is None or entry.time >= self.since)
            and (self.until is None or entry.time < self.until)
        )


def order_of(entry_id: str) -> tuple[int, int]:
    """An id as numbers, which compare as the entries follow each other."""
    moment, _, number = entry_id.partition("-")
    return int(moment), int(number or 0)


def kind_of(object_id: str) -> str:
    """What kind of object has this id (http.md, "Ids and life"); empty for one that is none of ours."""
    found = _ID.fullmatch(object_id)
    return _KINDS[found[1]] if found else ""


def clean(entry: Entry) -> Entry:
    """`entry` as it may be kept: nothing that opens anything, no part longer than a line, all of it Unicode."""
    kept: dict[str, Any] = {f.name: _clean(getattr(entry, f.name)) for f in fields(entry) if f.type == "str"}
    return replace(entry, **{**kept, "id": entry.id})


def _clean(text: str) -> str:
    return redacted(text)[:LONGEST].encode("utf-8", "replace").decode()


def written(entry: Entry) -> str:
    """One line, as it is kept; the time is for people and for `grep`."""
    said = asdict(entry)
    told = {"id": said.pop("id"), "time": moment(entry.time)} if entry.id else {}
    return json.dumps({**told, **said}, separators=(",", ":"))


def read(line: str | bytes, **more: Any) -> Entry:
    """The entry of a line; parts that a later release added are left out.

    Raises
    ------
    ValueError
        It is none.
    """
    said = json.loads(line)
    if not isinstance(said, Mapping) or "action" not in said:
        raise ValueError("no entry of the audit log")
    known = {f.name for f in fields(Entry)}
    return Entry(**{name: value for name, value in {**said, **more}.items() if name in known})


def moment(time: datetime) -> str:
    """RFC 3339, to the millisecond."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
