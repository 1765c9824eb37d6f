"""What commands need that change or examine an installation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from topmast_service.config import Settings
from topmast_service.container import parts
from topmast_service.container.stores import open_stores
from topmast_service.staging.cache import Cache
from topmast_service.store.census import Census

if TYPE_CHECKING:
    from topmast_service.workflows.adopt import Adopter
    from topmast_service.workflows.doctor.examine import Doctor
    from topmast_service.workflows.purge import Purge


def for_adoption(settings: Settings, *, link: bool = False, dry: bool = False) -> Adopter:
    """The command that takes in files a group already has; needs no Redis."""
    from topmast_service.archive.transfer import Downloads
    from topmast_service.staging.adopted import Adoption
    from topmast_service.workflows.adopt import THREADS, Adopter

    adoption = Adoption(settings.cache, settings.keep_free_bytes)
    return Adopter(adoption, Downloads(settings.mast_url, connections=THREADS), lambda: datetime.now(UTC), link, dry)


def for_doctor(settings: Settings) -> Doctor:
    """The command that compares records and disk."""
    from topmast_service.staging.audit import Audit
    from topmast_service.workflows.doctor.examine import Doctor
    from topmast_service.workflows.doctor.mending import Mending

    stores = open_stores(settings)
    eviction = parts.eviction(stores)
    return Doctor(
        settings.data, settings.stage, settings.tables, Census(stores.redis), stores.jobs, stores.slices, stores.trees,
        Audit(settings.cache), eviction.limits, eviction, Mending(Cache(settings.cache), stores.trees, settings.tables),
    )  # fmt: skip


def for_purge(settings: Settings, *, dry: bool = False) -> Purge:
    """The command that makes room by hand."""
    from topmast_service.staging.space import Space
    from topmast_service.workflows.archiving import Archiving
    from topmast_service.workflows.purge import Purge

    stores = open_stores(settings)
    archiving = Archiving(stores.jobs, stores.trees, settings.tables)
    return Purge(stores.jobs, Census(stores.redis), archiving, parts.eviction(stores), Space(settings.cache), dry)
