"""What several processes have, built anew for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from topmast_service.config import Settings
from topmast_service.container.stores import Stores
from topmast_service.domain.job import Job
from topmast_service.domain.token import Token
from topmast_service.staging.cache import Cache
from topmast_service.store.baskets import BasketStore
from topmast_service.store.holdings import Holdings
from topmast_service.store.messages import Messages
from topmast_service.store.proofs import Proofs
from topmast_service.workflows.attempt import Terms
from topmast_service.workflows.baskets import Baskets, Limits
from topmast_service.workflows.quotas import QuotaKeeper
from topmast_service.workflows.rights import Rights

if TYPE_CHECKING:
    from topmast_service.archive.grants import Grants
    from topmast_service.archive.tokens import Who
    from topmast_service.workflows.bundle import Bundles
    from topmast_service.workflows.eviction import Eviction
    from topmast_service.workflows.search.earlier import Earlier


def whoami(settings: Settings) -> Callable[[Token], Who]:
    """Asks MAST whose token it is; urllib3 is loaded by the first who stores one."""

    def ask(token: Token) -> Who:
        from topmast_service.archive.tokens import whoami

        return whoami(settings.mast_url, token)

    return ask


def rights(stores: Stores) -> Rights:
    """Who may have what, now; urllib3 is loaded by the first file that is not public."""
    settings = stores.settings

    @cache
    def open_grants() -> Grants:
        from topmast_service.archive.grants import Grants

        return Grants(settings.mast_url)

    proofs = Proofs(stores.redis, timedelta(minutes=settings.proof_minutes))
    return Rights(proofs, stores.tokens, Cache(settings.cache, settings.keep_free_bytes), open_grants)


def wake(settings: Settings) -> Callable[[Job], None]:
    """Tells workers that a job waits."""
    return Messages(settings.redis_url, settings.mast_connections).wake


def earlier(stores: Stores) -> Earlier:
    """Answers that were found before."""
    from topmast_service.store.answers import Answers
    from topmast_service.workflows.search.earlier import Earlier

    return Earlier(Answers(stores.redis), stores.jobs, stores.settings.tables)


def quotas(stores: Stores) -> QuotaKeeper:
    """Keeps users within what they may have."""
    return QuotaKeeper(stores.jobs, stores.quotas, Holdings(stores.redis))


def baskets(stores: Stores) -> Baskets:
    """What users gather."""
    settings = stores.settings
    limits = Limits(settings.baskets_per_user, settings.basket_items)
    return Baskets(BasketStore(stores.redis), stores.jobs, settings.baskets, limits)


def terms(settings: Settings) -> Terms:
    """How long a lease lasts, and how long MAST is waited for."""
    return Terms(timedelta(seconds=settings.lease), timedelta(seconds=settings.patience))


def bundles(stores: Stores) -> Bundles:
    """Carries bundles from step to step."""
    from topmast_service.store.rates import Rates
    from topmast_service.workflows.bundle import Bundles
    from topmast_service.workflows.estimate import Estimates

    settings = stores.settings
    cache, max_age = Cache(settings.cache, settings.keep_free_bytes), timedelta(seconds=settings.max_age)
    may, most = rights(stores), quotas(stores)
    estimates = Estimates(
        stores.jobs, Rates(stores.redis), cache, settings.cache, settings.keep_free_bytes, max_age, may, most
    )
    return Bundles(
        stores.jobs, stores.slices, cache, stores.trees, settings.tables, terms(settings), max_age, wake(settings),
        estimates, baskets(stores), may, most,
    )  # fmt: skip


def eviction(stores: Stores) -> Eviction:
    """Makes room in the cache."""
    from topmast_service.staging.disk import Limits
    from topmast_service.staging.space import Space
    from topmast_service.store.uses import Uses
    from topmast_service.workflows.eviction import Eviction

    settings, space = stores.settings, Space(stores.settings.cache)
    limits = Limits.of(
        space.disk(), high=settings.cache_high_bytes, low=settings.cache_low_bytes, keep_free=settings.keep_free_bytes
    )
    return Eviction(stores.jobs, stores.slices, Uses(stores.redis), space, limits, settings.tables)
