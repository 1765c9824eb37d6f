"""The installation that a command means: a running `up`, or what the environment says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topmast_service.commands.leaving import noted

if TYPE_CHECKING:
    from topmast_service.config import Settings
    from topmast_service.container import Stores

Command = Callable[..., Any]
OF_UP: Callable[[Command], Command] = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="of the `up` that is meant; else TOPMAST_DATA, TOPMAST_REDIS_URL and the other settings",
)


def settings(data: Path | None) -> Settings:
    """Its settings; a running `up` wrote down where its Redis and its MAST are."""
    from topmast_service.config import from_environment
    from topmast_service.embedded.running import settings_of

    return settings_of(data, from_environment())


@contextmanager
def stores(data: Path | None) -> Iterator[Stores]:
    """Its stores, to be looked at; raises `StoreUnavailable`."""
    from topmast_service.container import open_stores
    from topmast_service.errors import StoreUnavailable
    from topmast_service.store.connection import UNAVAILABLE

    with closing(open_stores(settings(data))) as opened:
        try:
            yield opened
        except UNAVAILABLE:
            raise StoreUnavailable("Redis does not answer.", hint="Is `topmast-service up` running?") from None


@contextmanager
def changing(data: Path | None, action: str, kind: str = "", thing: str = "") -> Iterator[Stores]:
    """Its stores, in which something is to be changed: the audit log tells by whom, and what came of it."""
    with stores(data) as opened, noted(opened.audit, action, kind, thing):
        yield opened
