"""`topmast-service tokens`: users' MAST tokens, for who runs a topmast. No command shows one."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from topmast_service.commands.reached import OF_UP, changing, stores

if TYPE_CHECKING:
    pass


@click.group()
def tokens() -> None:
    """Users' MAST tokens: whose there are, and the key that they are encrypted with."""


@tokens.command("list")
@OF_UP
def tokens_list(data: Path | None) -> None:
    """List who has stored one: user, since, last used, end at the latest, whether MAST accepts it."""
    with stores(data) as opened:
        for user, facts in opened.tokens.everybody():
            accepted = f"refused {_day(facts.refused)}" if facts.refused else "accepted"
            click.echo("\t".join((user, *map(_day, (facts.since, facts.used, facts.end)), accepted)))


@tokens.command()
@OF_UP
def rotate(data: Path | None) -> None:
    """Encrypt all tokens by the first key, so that the keys after it can be removed.

    Exit status: 1 if a token could not be opened with any key; its user must store a new one.
    """
    with changing(data, "tokens rotate") as opened:
        kept = opened.tokens
        done = {user: kept.seal_anew(user) for user, _ in kept.everybody()}
    for user in (user for user, well in done.items() if not well):
        click.echo(f"{user}: no key opens this token", err=True)
    click.echo(f"{sum(done.values())} of {len(done)} tokens are encrypted by the first key")
    if not all(done.values()):
        sys.exit(1)


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%MZ}"
