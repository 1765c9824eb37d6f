"""The commands about who you are: `me`, `keys`, `token`; what they understand, and what they do."""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
import sys
from collections.abc import Mapping
from typing import Any

from ._client import Client
from ._clock import Deadline
from ._config import mast_token
from ._html import size
from ._keys import OVERLAP, ApiKey
from ._output import Output
from ._reading import entries, members, moment, text, whole
from ._text import clean, columns

SCOPES = ("search", "bundle", "read", "admin")
ONCE = "This is the key. It is shown this once."


def keys_arguments(command: argparse.ArgumentParser) -> None:
    """Give `topmast keys` its actions."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="your keys; never the keys themselves")
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("--label", default="", help="what it is for")
    create.add_argument(
        "--scope", dest="scopes", action="append", choices=SCOPES, help="repeatable; else the usual ones"
    )
    create.add_argument("--expires", type=float, metavar="DAYS", help="after how many days")
    rotate = actions.add_parser("rotate", help="put another key in the place of one, and print it, this once")
    rotate.add_argument("key_id", metavar="ID")
    rotate.add_argument("--overlap", type=float, default=OVERLAP, metavar="SECONDS", help="so long both open (300)")
    actions.add_parser("revoke", help="make a key worthless at once").add_argument("key_id", metavar="ID")


def token_arguments(command: argparse.ArgumentParser) -> None:
    """Give `topmast token` its actions."""
    told = "set: from MAST_API_TOKEN, else asked for, else from standard input; never an argument: others could read it"
    command.add_argument("action", choices=("set", "show", "forget"), help=told)


def me(_arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    """Who the key belongs to, what it may, and what is used of the quotas."""
    told = client.me()
    quotas = members(told.get("quotas"))
    lines = [
        f"{text(told.get('name'))}  {text(told.get('role'))}  {text(told.get('email')) or 'no address'}",
        f"this key may: {', '.join(text(scope) for scope in entries(told.get('scopes')))}",
        *[f"{name.replace('_', ' ')}: {_used(name, members(quotas[name]))}" for name in quotas],
    ]
    return Output(told, "\n".join(clean(line) for line in lines))


def keys(arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    """List, create, rotate or revoke."""
    if arguments.action == "list":
        listed = client.keys.list()
        return Output([_document(key) for key in listed], columns(HEAD, [_row(key) for key in listed]))
    if arguments.action == "revoke":
        client.keys.revoke(arguments.key_id)
        return Output({"id": arguments.key_id}, f"{clean(arguments.key_id)} opens nothing any more")
    made = _created(arguments, client) if arguments.action == "create" else _rotated(arguments, client)
    return Output({**_document(made), "key": made.key}, f"{columns(HEAD, [_row(made)])}\n{ONCE}\n{clean(made.key)}")


def token(arguments: argparse.Namespace, client: Client, _deadline: Deadline) -> Output:
    """Store, look at what may be shown, or forget."""
    if arguments.action == "set":
        client.set_mast_token(_secret())
    elif arguments.action == "forget":
        client.forget_mast_token()
    told = client.mast_token()
    return Output(told, _about(told))


def _created(arguments: argparse.Namespace, client: Client) -> ApiKey:
    end = None if arguments.expires is None else dt.timedelta(days=arguments.expires)
    return client.keys.create(arguments.label, scopes=arguments.scopes, expires=end)


def _rotated(arguments: argparse.Namespace, client: Client) -> ApiKey:
    return client.keys.rotate(arguments.key_id, overlap=arguments.overlap)


def _secret() -> str:
    if found := mast_token():
        return found
    return getpass.getpass("MAST token (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()


def _about(told: Mapping[str, Any]) -> str:
    if not told.get("stored"):
        return "the service has no MAST token of yours"
    end = moment(told.get("end"))
    state = "MAST takes it" if told.get("accepted") else "MAST does not take it any more: store another"
    until = f", until {end:%Y-%m-%d} at the latest" if end else ""
    return clean(f"a MAST token of {text(told.get('name'))} is stored; {state}{until}")


HEAD = ("id", "scopes", "created", "last used", "ends", "label")


def _row(key: ApiKey) -> tuple[object, ...]:
    return key.id, ",".join(key.scopes), _day(key.created), _day(key.last_used), _day(key.expires), key.label


def _day(time: dt.datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if time else "-"


def _document(key: ApiKey) -> dict[str, Any]:
    times = {"created": key.created, "last_used": key.last_used, "expires": key.expires}
    told = {name: time.isoformat() if time else None for name, time in times.items()}
    return {"id": key.id, "label": key.label, "scopes": list(key.scopes), **told}


def _used(name: str, quota: Mapping[str, Any]) -> str:
    used, limit = whole(quota.get("used")), whole(quota.get("limit"))
    shown = size if name.endswith("bytes") else lambda number: str(number or 0)
    return f"{shown(used)} of {shown(limit) if limit is not None else 'any number'}"
