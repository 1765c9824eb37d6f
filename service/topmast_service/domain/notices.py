"""What a job owes to whom: ``<event> <recipient>`` in its record, struck off once it is told.

A recipient is an e-mail address; of `HOOK` it is the name of one of the operator's commands, followed by the number of
times it failed once there were some (``hook slurm 2``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from topmast_service.errors import UnknownHook

ACKNOWLEDGE, READY = "acknowledged", "ready"
"""The two notices of a bundle, as MAST's batch retrieval sends them."""

EXPIRING = "expiring"
"""The warning before a bundle's files go."""

ADDRESS = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(\.[A-Za-z0-9][A-Za-z0-9-]{0,62}){0,8}"
"""An e-mail address: no name, no quotes, and nothing that could begin another line of a mail."""

HOOK = "hook"
"""A command of the operator's, run when the bundle is complete."""

HOOK_NOTE = "Hook "
"""How a bundle's note on a hook that was given up begins."""


def recipients(owed: Iterable[str], event: str) -> list[str]:
    """Who is told of `event`."""
    return [notice.partition(" ")[2] for notice in owed if notice.partition(" ")[0] == event]


def without(owed: Iterable[str], *events: str) -> tuple[str, ...]:
    """The notices of all other events."""
    return tuple(notice for notice in owed if notice.partition(" ")[0] not in events)


def merged(owed: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    """Both, each event once for each recipient: a hook that is owed anew forgets how often it failed."""
    return tuple({tuple(notice.split()[:2]): notice for notice in (*owed, *more)}.values())


def check_hooks(body: Mapping[str, Any], known: Collection[str]) -> None:
    """Make sure that the hooks which `notify` names are there; else `UnknownHook` with those that are."""
    for number, entry in enumerate(body.get("notify") or ()):
        if entry.get("hook", "") not in {"", *known}:
            at = {"pointer": f"/notify/{number}/hook", "detail": entry["hook"], "suggestions": sorted(known)}
            raise UnknownHook(f"This topmast has no hook {entry['hook']!r}.", errors=[at])


def of_request(body: Mapping[str, Any], address: str | None) -> list[str]:
    """Who is to be told of what, as a bundle's `notify` says; without it the user's own address, if there is one."""
    given = body.get("notify")
    if given is None:
        given = [{"email": address}] if address else []
    addresses = [entry["email"] for entry in given if "email" in entry]
    told = [f"{event} {address}" for address in dict.fromkeys(addresses) for event in (ACKNOWLEDGE, READY)]
    return told + [f"{HOOK} {name}" for name in dict.fromkeys(entry["hook"] for entry in given if "hook" in entry)]
