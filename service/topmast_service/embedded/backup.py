"""Backup and restore of a data folder, also of one in use.

The records come first. Whatever a record names was on disk before the record said so, and nothing on disk ever changes,
so files copied later are those that the records mean. What came after the records is nobody's in the copy, and upkeep
or `doctor --repair` removes it there; what was removed meanwhile is told by `doctor`. Only baskets do change: each is
copied as it is at one moment, and may be newer than its record.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from topmast_service import __version__
from topmast_service.config import Settings
from topmast_service.container import open_stores
from topmast_service.embedded.folder import Folder, claim, write_private
from topmast_service.embedded.reasons import CannotRun
from topmast_service.errors import UnknownBasket
from topmast_service.staging.copying import Copier
from topmast_service.store import basket_changes
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.snapshot import snapshot

SCHEMA = 1
LABEL = "backup.json"
"""Written last: a folder without it is no backup, or not a whole one."""

AOF = "appendonly.aof"


@dataclass(frozen=True)
class Done:
    """What was copied; shared files count neither as files nor as bytes."""

    files: int
    size: int
    running: bool


def back_up(settings: Settings, target: Path, *, link: bool = False, cache: bool = True, records: bool = True) -> Done:
    """Copy the data folder of `settings` to `target`, which appears when it is whole.

    Parameters
    ----------
    link
        Share the files that never change, where `target` is on the same filesystem: takes no room and no time, and
        protects from mistakes, not from the loss of the disk.
    cache
        Also what is only cached: it can be fetched again.
    records
        Also Redis' data. A Redis on another machine is backed up by its own means, before this.

    Raises
    ------
    CannotRun
        `target` exists, or the records cannot be had.
    """
    folder = Folder(settings.data.absolute())
    if not folder.root.is_dir():
        raise CannotRun(f"There is no folder {folder.root}.", hint="Name the data folder of a topmast.")
    if target.absolute().is_relative_to(folder.root):
        raise CannotRun(f"{target} lies inside of what is copied.", hint="Name a folder elsewhere.")
    with _aside(target) as made:
        running = _records(settings, folder, made) if records else True
        copier = Copier(link=link)
        _files(settings, made, copier, cache)
        plain = Copier(link=False)
        for name in ("mail", "secrets", "audit"):
            plain.folder(folder.root / name, made / name)
        _label(made, running)
    return Done(copier.files + plain.files, copier.size + plain.size, running)


def restore(backup: Path, data: Path) -> Done:
    """Make a new data folder of a backup; `topmast-service up --data` goes on from there.

    Raises
    ------
    CannotRun
        `backup` is none, or made by a later release; or there is something at `data`.
    """
    label = _read_label(backup)
    if label.get("schema", 0) > SCHEMA:
        raise CannotRun(f"{backup} was made by topmast {label.get('version')}.", hint="Restore it with that release.")
    with _aside(data) as made:
        copier = Copier(link=False)
        copier.folder(backup, made, leave_out=lambda name: name == LABEL)
    return Done(copier.files, copier.size, running=False)


def _records(settings: Settings, folder: Folder, made: Path) -> bool:
    """Redis' data into the copy: of this moment if it runs, else its files, while nobody can start it."""
    (made / "redis").mkdir(mode=0o700)
    copier = Copier(link=False)
    copier.file(folder.redis / "version", made / "redis" / "version")
    with closing(open_stores(settings)) as stores:
        try:
            taken = snapshot(stores.redis)
        except UNAVAILABLE:
            with claim(folder):
                copier.folder(folder.redis, made / "redis", leave_out=lambda name: name.endswith(".sock"))
            return False
    # An AOF may begin with an RDB; one that is nothing else is what Redis loads when it is told to append.
    shutil.copyfile(taken, made / "redis" / AOF)
    (made / "redis" / AOF).chmod(0o600)
    taken.unlink(missing_ok=True)
    return True


def _files(settings: Settings, made: Path, copier: Copier, cache: bool) -> None:
    copier.folder(settings.tables, made / "tables", leave_out=_unfinished)
    for box in sorted(settings.stage.glob("[!.]*/*")):
        copy = made / "stage" / box.parent.name / box.name
        copier.folder(box, copy)
        for revision in sorted(copy.iterdir()) if copy.is_dir() else ():
            if not (box / revision.name).exists():  # removed while it was copied: half of it is worse than none
                shutil.rmtree(revision)
    (made / "baskets").mkdir()
    for basket in sorted(settings.baskets.glob("k_*.sqlite")):
        with suppress(UnknownBasket):  # removed meanwhile
            basket_changes.copy(basket, made / "baskets" / basket.name)
    if cache:
        copier.folder(settings.cache / "index", made / "cache" / "index", leave_out=_unfinished)
        copier.folder(settings.cache / "blobs", made / "cache" / "blobs")


def _unfinished(name: str) -> bool:
    return name.startswith(".") or name.endswith(".tmp")


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A private folder beside `target`, renamed to it when the block ends well."""
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CannotRun(f"{target} exists.", hint="Name a folder that does not exist, or is empty.")
    made = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        made.mkdir(mode=0o700, parents=True)
        yield made
        os.sync()
        made.rename(target)
    except OSError as error:
        raise CannotRun(f"{target} cannot be written: {error.strerror}.", hint="Is there room?") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _label(made: Path, running: bool) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    facts = {"schema": SCHEMA, "version": __version__, "made": now, "while_running": running}
    write_private(made / LABEL, json.dumps(facts, indent=1) + "\n")


def _read_label(backup: Path) -> dict[str, Any]:
    try:
        label = json.loads((backup / LABEL).read_bytes())
    except (OSError, ValueError):
        raise CannotRun(f"{backup} is no backup.", hint="Name a folder that `topmast-service backup` made.") from None
    return label if isinstance(label, dict) else {}
