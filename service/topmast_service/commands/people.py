"""Commands of who lets people in: `users` and `keys`. Each imports what it needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from topmast_service.commands.reached import OF_UP, changing
from topmast_service.commands.reached import stores as stores_of
from topmast_service.domain.scopes import MEMBER, ROLES, SCOPES, USUAL, granted

if TYPE_CHECKING:
    from topmast_service.store.key_records import KeyFacts
    from topmast_service.store.keys import ApiKeys

EMAIL = click.option("--email", help="where notices go by default")
ROLE = click.option("--role", type=click.Choice(ROLES), help=f"what they may be; {MEMBER} unless told")


@click.group()
def users() -> None:
    """Who may use this topmast."""


@users.command("add")
@click.argument("name")
@EMAIL
@ROLE
@OF_UP
def users_add(name: str, email: str | None, role: str | None, data: Path | None) -> None:
    """Create a user, or change what is given of one that is there."""
    with changing(data, "users add", "user", name) as stores:
        click.echo(stores.users.add(name, email=email, role=role).name)


@users.command("list")
@OF_UP
def users_list(data: Path | None) -> None:
    """List users: name, address, since when, role, and whether they are disabled."""
    with stores_of(data) as stores:
        for user in stores.users.everybody():
            told = [user.name, user.email or "-", user.created, user.role, *(["disabled"] if user.disabled else [])]
            click.echo("\t".join(told))


@users.command("change")
@click.argument("name")
@EMAIL
@ROLE
@OF_UP
def users_change(name: str, email: str | None, role: str | None, data: Path | None) -> None:
    """Change what is given of a user; their keys lose what a new role does not allow."""
    with changing(data, "users change", "user", name) as stores:
        click.echo(stores.users.change(name, email=email, role=role).name)


@users.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="let their keys open again")
@OF_UP
def users_disable(name: str, undo: bool, data: Path | None) -> None:
    """Have no key or link of a user open anything; what is theirs stays."""
    with changing(data, "users disable", "user", name) as stores:
        stores.users.change(name, disabled=not undo)


@click.group()
def keys() -> None:
    """API keys: they open the HTTP API, and FTPS as its password."""


@keys.command("create")
@click.argument("user")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=f"may be repeated; else {', '.join(USUAL)}"
)
@click.option("--expires", type=click.FloatRange(0, 36_500, min_open=True), metavar="DAYS", help="after how many days")
@click.option("--label", default="", help="what it is for")
@OF_UP
def keys_create(user: str, scopes: tuple[str, ...], expires: float | None, label: str, data: Path | None) -> None:
    """Make a key for USER and print it, this once."""
    with changing(data, "keys create", "user", user) as stores:
        end = _in_days(stores.keys, expires) if expires else None
        click.echo(stores.keys.new(user, scopes=scopes, expires=end, label=label).secret)


@keys.command("list")
@click.argument("user")
@OF_UP
def keys_list(user: str, data: Path | None) -> None:
    """List USER's keys: id, made, last used, end, scopes, label."""
    with stores_of(data) as stores:
        role, now = stores.users.get(user).role, stores.keys.now()
        for key in stores.keys.of(user):
            click.echo(_line(key, role, now))


@keys.command("rotate")
@click.argument("user")
@click.argument("key_id")
@click.option("--overlap", type=click.FloatRange(0, 720), default=0.0, metavar="HOURS", help="so long both open")
@OF_UP
def keys_rotate(user: str, key_id: str, overlap: float, data: Path | None) -> None:
    """Replace a key by one that does the same, and print it, this once."""
    with changing(data, "keys rotate", "key", key_id) as stores:
        click.echo(stores.keys.rotate(user, key_id, timedelta(hours=overlap)).secret)


@keys.command("revoke")
@click.argument("user")
@click.argument("key_id")
@OF_UP
def keys_revoke(user: str, key_id: str, data: Path | None) -> None:
    """Make a key worthless at once."""
    with changing(data, "keys revoke", "key", key_id) as stores:
        stores.keys.revoke(user, key_id)


def _in_days(found: ApiKeys, days: float) -> datetime:
    return found.now() + timedelta(days=days)


def _line(key: KeyFacts, role: str, now: datetime) -> str:
    used = f"{key.last_used:%Y-%m-%dT%H:%M:%SZ}" if key.last_used else "never used"
    ended = "ended" if key.expires and key.expires <= now else "ends"
    end = f"{ended} {key.expires:%Y-%m-%dT%H:%M:%SZ}" if key.expires else "no end"
    told = [key.id, f"{key.created:%Y-%m-%dT%H:%M:%SZ}", used, end, ",".join(granted(role, key.scopes)), key.label]
    return "  ".join(told).rstrip()
