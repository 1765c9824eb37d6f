"""The worker processes, and FTPS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from topmast_service.config import Settings
from topmast_service.container import parts, telling
from topmast_service.container.stores import Stores, open_stores
from topmast_service.domain.place import roots_of
from topmast_service.staging.cache import Cache
from topmast_service.store.columns import ColumnBook
from topmast_service.store.messages import Messages
from topmast_service.workflows.rights import Rights
from topmast_service.workflows.sky import Skies

if TYPE_CHECKING:
    from topmast_service.workflows.bundle import Bundles
    from topmast_service.workflows.columns import Refresh
    from topmast_service.workflows.copies import Copies
    from topmast_service.workflows.planning.planner import Planner
    from topmast_service.workflows.releases import Releases
    from topmast_service.workflows.search.run import Searches
    from topmast_service.workflows.token_care import KeepAlive
    from topmast_service.workflows.transfer import Transfers
    from topmast_service.workflows.upkeep import Upkeep


@dataclass(frozen=True)
class Query:
    """What the query worker's tasks are wired to."""

    searches: Searches
    planner: Planner
    bundles: Bundles
    columns: Refresh
    skies: Skies
    releases: Releases
    keep_alive: KeepAlive


def for_query(settings: Settings) -> Query:
    """The worker that asks MAST; the only one that loads astroquery."""
    from topmast_service.archive.outgoing import Outgoing
    from topmast_service.archive.portal import Portal
    from topmast_service.archive.transfer import Downloads
    from topmast_service.workflows.planning.means import Means
    from topmast_service.workflows.planning.planner import Planner
    from topmast_service.workflows.releases import Releases
    from topmast_service.workflows.search.asking import Upstream
    from topmast_service.workflows.search.run import Searches
    from topmast_service.workflows.token_care import KeepAlive

    def open_portal() -> Portal:
        return Portal(settings.mast_url, settings.mast_timeout)

    stores, outgoing = open_stores(settings), Outgoing.of(settings.outgoing_allow)
    upstream = Upstream(
        settings.mast_url, settings.resolver_url, settings.datacite_url, settings.mast_timeout, open_portal,
        lambda: Downloads(settings.mast_url, connections=1), stores.tokens, settings.mast_batch, settings.mast_listings,
        outgoing,
    )  # fmt: skip
    form_of = ColumnBook(settings.data).form
    earlier, baskets, rights = parts.earlier(stores), parts.baskets(stores), parts.rights(stores)
    searches = Searches(stores.jobs, upstream, form_of, settings.tables, parts.terms(settings), earlier, baskets)
    planner = Planner(
        Means(
            open_portal,
            lambda: Downloads(settings.mast_url, crds_url=settings.crds_url, outgoing=outgoing, connections=4),
            rights, settings.tables, settings.mast_batch,
            settings.mast_listings, timedelta(seconds=settings.max_age), baskets,
        )
    )  # fmt: skip
    skies = Skies(stores.jobs, settings.tables, Messages(settings.redis_url, settings.mast_connections).draw)
    releases = Releases(stores.jobs, rights, rights.open_grants, open_portal, settings.tables, parts.wake(settings))
    keep_alive = KeepAlive(stores.tokens, parts.whoami(settings))
    return Query(searches, planner, parts.bundles(stores), for_columns(settings), skies, releases, keep_alive)


def for_columns(settings: Settings) -> Refresh:
    """What keeps up with MAST's columns; needs no Redis."""
    from topmast_service.archive.columns import Descriptions
    from topmast_service.workflows.columns import Refresh

    def open_descriptions() -> Descriptions:
        return Descriptions(settings.mast_url, min(settings.mast_timeout, 30.0))

    return Refresh(ColumnBook(settings.data), open_descriptions, lambda: datetime.now(UTC))


def for_transfer(settings: Settings) -> Transfers:
    """The worker that moves files."""
    from topmast_service.archive.outgoing import Outgoing
    from topmast_service.archive.transfer import Downloads
    from topmast_service.workflows.transfer import Transfers

    stores = open_stores(settings)
    outgoing, connections = Outgoing.of(settings.outgoing_allow), settings.mast_connections
    downloads = Downloads(settings.mast_url, crds_url=settings.crds_url, outgoing=outgoing, connections=connections)
    fresh = timedelta(seconds=settings.max_age)
    return Transfers(
        stores.jobs,
        stores.slices,
        Cache(settings.cache, settings.keep_free_bytes),
        downloads,
        settings.tables,
        parts.terms(settings),
        fresh,
        parts.bundles(stores),
        parts.rights(stores),
    )


def for_copies(settings: Settings) -> Copies:
    """What the transfer worker puts into shared folders."""
    from topmast_service.workflows.copies import Copies

    stores = open_stores(settings)
    roots = roots_of(settings.copy_roots)
    terms, wake, rights = parts.terms(settings), parts.wake(settings), parts.rights(stores)
    return Copies(stores.jobs, stores.trees, roots, terms, wake, rights, settings.tables)


def for_upkeep(settings: Settings) -> Upkeep:
    """The worker that looks after everything, and tells people."""
    from topmast_service.workflows.columns import Reminder
    from topmast_service.workflows.upkeep import Upkeep

    stores = open_stores(settings)
    messages = Messages(settings.redis_url, settings.mast_connections)
    return Upkeep(
        stores.jobs,
        stores.slices,
        stores.trees,
        settings.tables,
        parts.terms(settings),
        parts.bundles(stores),
        telling.notices(stores),
        parts.eviction(stores),
        stores.tokens,
        parts.baskets(stores),
        Reminder(ColumnBook(settings.data), stores.jobs, messages.refresh_columns),
        telling.token_care(stores, messages),
        messages.wake,
        messages.look_for_releases,
        stores.audit,
    )


def for_ftps(settings: Settings) -> tuple[Stores, Rights]:
    """The FTPS process: whose box it is, and what of it may be had."""
    stores = open_stores(settings)
    return stores, parts.rights(stores)
