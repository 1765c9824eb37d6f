"""Commands of who runs a topmast: `adopt`, `doctor`, `backup`, `restore`, `columns`. Each imports what it needs."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from topmast_service.commands import reached
from topmast_service.commands.leaving import noted

if TYPE_CHECKING:
    from topmast_service.config import Settings
    from topmast_service.workflows.adopt import Adopter, Verdict

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
OF_UP = click.option("--data", type=FOLDER, help="of the `up` that is meant; else TOPMAST_DATA and the other settings")


@click.command()
@click.argument("folder", type=FOLDER)
@OF_UP
@click.option("--link", is_flag=True, help="share the files instead of copying them: they become read-only")
@click.option("--dry-run", is_flag=True, help="compare, and take nothing in")
def adopt(folder: Path, data: Path | None, link: bool, dry_run: bool) -> None:
    """Take JWST files that are in FOLDER already into the cache, as far as they are what MAST has now.

    FOLDER is searched with all its folders, and left as it is.
    """
    from topmast_service.workflows.adopt import ADOPTED, ALREADY, REFUSED, candidates

    settings = reached.settings(data)
    _refuse_own(folder, settings)
    found = list(candidates(folder))
    with _adopter(settings, link=link, dry=dry_run) as adopter:
        verdicts = list(_watched(adopter.all(found), sum(candidate.size for candidate in found)))
    refused = [verdict for verdict in verdicts if verdict.status == REFUSED]
    for verdict in refused:
        click.echo(f"{verdict.candidate.path}: {verdict.reason}")
    counts = Counter(verdict.status for verdict in verdicts)
    size = sum(verdict.candidate.size for verdict in verdicts if verdict.status == ADOPTED)
    click.echo(
        f"{counts[ADOPTED]} files {'would be ' if dry_run else ''}adopted ({size / 1e9:.2f} GB), "
        f"{counts[ALREADY]} in the cache already, {len(refused)} refused"
    )
    if refused:
        sys.exit(1)


@click.command()
@OF_UP
@click.option("--deep", is_flag=True, help="also read every staged and cached byte")
@click.option("--repair", is_flag=True, help="put right what can be put right safely")
@click.option("--live", is_flag=True, help="instead, ask MAST what nobody could verify; a report to send back")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def doctor(data: Path | None, deep: bool, repair: bool, live: bool, as_json: bool) -> None:
    """Compare the records with the disk, both ways, while the service runs or not.

    Exit status: 0 all is well, 1 something is left to be done, 2 not everything could be looked at.
    """
    settings = reached.settings(data)
    if live:
        _ask_mast(settings.mast_url, as_json)
        return
    _must_exist(settings.data)
    from topmast_service.container import for_doctor, open_stores

    if repair:
        with closing(open_stores(settings)) as stores, noted(stores.audit, "doctor --repair", "", ""):
            report = for_doctor(settings).examine(deep=deep, repair=True)
    else:
        report = for_doctor(settings).examine(deep=deep)
    click.echo(json.dumps(report.document(), indent=1) if as_json else "\n".join(report.lines()))
    sys.exit(report.status)


def _ask_mast(url: str, as_json: bool) -> None:
    from topmast_service.archive.probe import Probe
    from topmast_service.workflows.live_check import check, document, lines

    with closing(Probe(url)) as probe:
        found = list(check(probe))
    click.echo(json.dumps(document(found, url), indent=1) if as_json else "\n".join(lines(found, url)))
    if len(found) == 1:
        sys.exit(2)


@click.command()
@click.argument("folder", type=FOLDER)
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option("--link", is_flag=True, help="share files with FOLDER: no room and no time, but the same disk")
@click.option("--without-cache", is_flag=True, help="leave out what is only cached; it can be fetched again")
@click.option("--without-records", is_flag=True, help="leave out Redis, which you backed up by its own means before")
def backup(folder: Path, target: Path, link: bool, without_cache: bool, without_records: bool) -> None:
    """Copy the data folder of a topmast to TARGET, while it runs or not.

    The copy holds keys: it is readable for you alone.
    """
    from topmast_service.embedded.backup import back_up

    parts = {"cache": not without_cache, "records": not without_records}
    done = back_up(reached.settings(folder), target, link=link, **parts)
    how = "of the running service" if done.running else "of the stopped service"
    click.echo(f"{target} is a backup {how}: {done.files} files copied, {done.size / 1e9:.2f} GB")


@click.command()
@click.argument("backup_folder", metavar="BACKUP", type=FOLDER)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def restore(backup_folder: Path, folder: Path) -> None:
    """Make FOLDER, which must not exist, of a BACKUP; then `topmast-service up --data FOLDER`."""
    from topmast_service.embedded.backup import restore as bring_back

    done = bring_back(backup_folder, folder)
    click.echo(f"{folder} is ready: {done.files} files, {done.size / 1e9:.2f} GB")
    click.echo(f"next: topmast-service up --data {folder}; then: topmast-service doctor --data {folder}")


@click.command()
@OF_UP
@click.option("--refresh", is_flag=True, help="ask MAST now instead of within a day")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def columns(data: Path | None, refresh: bool, as_json: bool) -> None:
    """Tell what is known of MAST's columns, and how old it is.

    Exit status: 1 if something could not be refreshed; what was known of it stays.
    """
    from topmast_service.container import for_columns

    settings = reached.settings(data)
    _must_exist(settings.data)
    columns = for_columns(settings)
    done = columns.run(everything=True) if refresh else None
    known = columns.known()
    if as_json:
        told = {"sources": [asdict(one) for one in known], "refreshed": asdict(done) if done else None}
        click.echo(json.dumps(told, indent=1, default=str))
    else:
        click.echo("\n".join([*(done.changes if done else ()), *map(str, known)]))
        for source, why in done.failed.items() if done else ():
            click.echo(f"{source} was not refreshed: {why}", err=True)
    if done and done.failed:
        sys.exit(1)


def _must_exist(data: Path) -> None:
    from topmast_service.errors import Invalid

    if not data.is_dir():
        raise Invalid(f"There is no folder {data}.", hint="Name the one of your topmast with --data, or TOPMAST_DATA.")


def _watched(verdicts: Iterable[Verdict], size: int) -> Iterator[Verdict]:
    """The verdicts as they come, under a bar where somebody watches."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=size, file=sys.stderr, hidden=hidden, label="adopting", width=0) as bar:
        for verdict in verdicts:
            bar.update(verdict.candidate.size)
            yield verdict


@contextmanager
def _adopter(settings: Settings, *, link: bool, dry: bool) -> Iterator[Adopter]:
    from topmast_service.container import for_adoption

    with closing(for_adoption(settings, link=link, dry=dry)) as adopter:
        yield adopter


def _refuse_own(folder: Path, settings: Settings) -> None:
    from topmast_service.errors import Invalid

    if folder.resolve().is_relative_to(settings.data.resolve()):
        raise Invalid(f"{folder} belongs to this topmast.", hint="Name a folder outside of its data folder.")
