"""Commands of who runs a topmast, on what users have: `usage`, `quotas`, `purge`. Each imports what it needs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topmast_service.commands.leaving import noted
from topmast_service.commands.reached import OF_UP, changing
from topmast_service.commands.reached import stores as stores_of

if TYPE_CHECKING:
    from topmast_service.container import Stores
    from topmast_service.workflows.purge import Purge, Purged


@click.command()
@OF_UP
@click.option("--by", type=click.Choice(["user", "program"]), default="user", help="whose sums, or of what")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def usage(data: Path | None, by: str, as_json: bool) -> None:
    """Tell who has how much: jobs, files and bytes."""
    from topmast_service.domain.quota import told
    from topmast_service.store.census import Census
    from topmast_service.workflows.usage import Usage

    with stores_of(data) as stores:
        found = [asdict(one) for one in Usage(Census(stores.redis), stores.settings.tables).by(by)]
    if as_json:
        click.echo(json.dumps({"items": found}, indent=1))
        return
    for one in found:
        size = told(one.pop("staged_bytes"))
        counts = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in one.items() if name != by)
        click.echo(f"{one[by]}\t{size}\t{counts}")


@click.group()
def quotas() -> None:
    """What users may have at once."""


@quotas.command("show")
@click.argument("user", required=False)
@OF_UP
def quotas_show(user: str | None, data: Path | None) -> None:
    """Show the limits of USER, or of everybody for whom some were set; 0: any."""
    with stores_of(data) as stores:
        known = [stores.users.get(user)] if user else stores.users.everybody()
        for one in known:
            own = stores.quotas.own(one.name)
            if user or own:
                limits = asdict(stores.quotas.of(one.name))
                words = ", ".join(f"{name} {value}{' (set)' if name in own else ''}" for name, value in limits.items())
                click.echo(f"{one.name}: {words}")
        if not user:
            click.echo(
                "all others, by the settings of this command: "
                + ", ".join(f"{k} {v}" for k, v in asdict(stores.quotas.default).items())
            )


@quotas.command("set")
@click.argument("user")
@OF_UP
@click.option("--open-jobs", type=click.IntRange(0), help="jobs that have not ended; 0: any")
@click.option("--staged-bytes", metavar="SIZE", help="like 500GB or 2TB; 0: any")
@click.option("--requests-per-minute", type=click.IntRange(0), help="0: any")
@click.option("--reset", is_flag=True, help="first of all, back to what counts for everybody")
def quotas_set(user: str, data: Path | None, reset: bool, **limits: Any) -> None:
    """Set limits of USER; those not named stay. They count from the next request on."""
    from topmast_service.domain.quota import bytes_of

    given = {name: value for name, value in limits.items() if value is not None}
    if "staged_bytes" in given:
        given["staged_bytes"] = bytes_of(given["staged_bytes"])
    with changing(data, "quotas set", "user", user) as stores:
        name = stores.users.get(user).name
        if reset:
            stores.quotas.reset(name)
        stores.quotas.set(name, **given)


@click.command()
@OF_UP
@click.option("--user", help="remove this user's bundles")
@click.option("--older-than", type=click.IntRange(0), metavar="DAYS", help="remove bundles published so long ago")
@click.option("--program", type=click.IntRange(1), help="remove cached files of this program that nothing stages")
@click.option("--dry-run", is_flag=True, help="only say what would be removed")
def purge(data: Path | None, user: str | None, older_than: int | None, program: int | None, dry_run: bool) -> None:
    """Make room by hand, while the service runs or not. What is in use stays.

    Of bundles the record and the manifest stay; --user and --older-than may be combined.
    """
    chosen = user is not None or older_than is not None
    if chosen is (program is not None):
        raise click.UsageError("Say --user, --older-than or both; or --program.")
    from topmast_service.container import for_purge

    with stores_of(data) as stores, _noted(stores, user, program, dry_run):
        if user is not None:
            stores.users.get(user)  # a misspelt name is no user without bundles
        purging = for_purge(stores.settings, dry=dry_run)
        _tell(_purged(purging, user, older_than, program), dry_run)


def _purged(purging: Purge, user: str | None, days: int | None, program: int | None) -> Iterable[Purged]:
    if program is not None:
        return purging.cached(str(program))
    return purging.bundles(user, None if days is None else timedelta(days=days))


def _tell(found: Iterable[Purged], dry: bool) -> None:
    from topmast_service.domain.quota import told
    from topmast_service.workflows.purge import REMOVED

    size = count = kept = 0
    for one in found:
        removed = one.verdict == REMOVED
        size, count, kept = size + one.size * removed, count + removed, kept + (not removed)
        click.echo(f"{'would be ' if dry and removed else ''}{one.verdict}\t{told(one.size)}\t{one.what}")
    click.echo(f"{count} {'would be ' if dry else ''}removed ({told(size)}), {kept} in use and left")


def _noted(stores: Stores, user: str | None, program: int | None, dry: bool) -> AbstractContextManager[None]:
    """What is removed is told in the audit log; looking leaves nothing."""
    kind, thing = ("user", user) if user else ("program", str(program)) if program else ("", "")
    return nullcontext() if dry else noted(stores.audit, "purge", kind, thing)
