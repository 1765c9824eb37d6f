"""The FTPS process: the service's answers to the server's questions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from topmast_service import logs
from topmast_service.config import Settings
from topmast_service.container import Stores, for_ftps
from topmast_service.domain.audit import Entry
from topmast_service.domain.scopes import READ
from topmast_service.errors import Invalid, StoreUnavailable, Unauthenticated, UnknownJob
from topmast_service.ftps.doors import Doors
from topmast_service.ftps.openings import Openings
from topmast_service.ftps.server import FtpsSettings, serve
from topmast_service.store.audit import AuditLog
from topmast_service.store.connection import UNAVAILABLE
from topmast_service.store.users import USER_NAME
from topmast_service.workflows.rights import Rights

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Boxes(Mapping[str, Path]):
    """A user's published bundles: job id → directory of its current revision, looked up one at a time."""

    stores: Stores
    user: str

    def __getitem__(self, job_id: str) -> Path:
        try:
            found = self.stores.jobs.get(job_id)
        except UnknownJob:
            raise KeyError(job_id) from None
        except UNAVAILABLE as error:
            raise StoreUnavailable(retry_after=2) from error
        if self.user not in {found.owner, *found.shares} or not found.published:
            raise KeyError(job_id)
        return self.stores.trees.path(found.owner, job_id, found.revision or 0)

    def __iter__(self) -> Iterator[str]:
        try:
            yield from (found.id for found in self.stores.jobs.of(self.user) if found.published)
            yield from (job_id for job_id in self.stores.jobs.shared_with(self.user) if job_id in self)
        except UNAVAILABLE as error:
            raise StoreUnavailable(retry_after=2) from error

    def __len__(self) -> int:
        return sum(1 for _ in self)


def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    logs.set_up(settings, "ftps")
    doors = doors_of(*for_ftps(settings))
    serve(_settings(settings), doors, lambda host, port: log.info("FTPS on %s:%d", host, port))


def doors_of(stores: Stores, rights: Rights) -> Doors:
    """What the server asks, answered by the store, and by MAST for what is not public."""
    return Doors(
        lambda user, key: _sign_in(stores, user, key),
        lambda user: Boxes(stores, user),
        Openings(stores, rights).of,
        lambda address: _unless_away(stores.failures.check, address),
        lambda address, user, key: _unless_away(stores.failures.note, address, key, user),
        lambda action, user, address: _note(stores.audit, action, user, address),
    )


def _sign_in(stores: Stores, user: str, key: str) -> bool:
    try:
        found = stores.keys.sign_in(key)
    except Unauthenticated:
        return False
    except UNAVAILABLE as error:
        raise StoreUnavailable(retry_after=2) from error
    return found.user.name == user and READ in found.scopes


def _unless_away(ask: Callable[..., None], *told: str) -> None:
    try:
        ask(*told)
    except UNAVAILABLE as error:
        raise StoreUnavailable(retry_after=2) from error


def _note(audit: AuditLog, action: str, user: str, address: str) -> None:
    """Counted by the minute: some clients sign in for every file, and those who guess keys do not stop at three."""
    refused = action == "ftps_refused"
    name = user if USER_NAME.fullmatch(user) else ""
    entry = Entry(
        action, actor="" if refused else name, user=name, outcome="refused" if refused else "", address=address
    )
    audit.count(entry, action, address, "" if refused else name)


def _settings(settings: Settings) -> FtpsSettings:
    if settings.certificate is None or settings.private_key is None:
        raise Invalid(
            "FTPS needs TOPMAST_CERTIFICATE and TOPMAST_PRIVATE_KEY.", hint="`topmast-service up` makes both."
        )
    first, _, last = settings.ftps_passive_ports.partition("-")
    return FtpsSettings(
        host=settings.ftps_host,
        port=settings.ftps_port,
        certificate=settings.certificate,
        private_key=settings.private_key,
        passive_ports=(int(first), int(last or first)) if first else None,
        masquerade_address=settings.ftps_masquerade or None,
    )
