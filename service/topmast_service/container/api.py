"""The API process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from topmast_service.config import Settings
from topmast_service.container import parts
from topmast_service.container.stores import Stores, open_stores
from topmast_service.domain.job import Job
from topmast_service.domain.place import roots_of
from topmast_service.notify import hooks
from topmast_service.staging.cache import Cache
from topmast_service.store.census import Census
from topmast_service.store.columns import ColumnBook
from topmast_service.store.link_keys import LinkKeys
from topmast_service.store.messages import Messages
from topmast_service.store.request_rates import RequestRates
from topmast_service.workflows.accounts import Accounts
from topmast_service.workflows.additions import Additions
from topmast_service.workflows.amend import Amendments
from topmast_service.workflows.arrivals import Arrivals
from topmast_service.workflows.baskets import Baskets
from topmast_service.workflows.bundle_sources import BundleSources
from topmast_service.workflows.control import Control
from topmast_service.workflows.copy_requests import CopyRequests
from topmast_service.workflows.links import Links
from topmast_service.workflows.quotas import QuotaKeeper
from topmast_service.workflows.rights import Rights
from topmast_service.workflows.sharing import Sharing
from topmast_service.workflows.sky import Skies
from topmast_service.workflows.submit import Submissions
from topmast_service.workflows.tokens import MastTokens
from topmast_service.workflows.usage import Usage
from topmast_service.workflows.versions import Versions


@dataclass(frozen=True)
class Api:
    """What the routes are wired to."""

    stores: Stores
    submissions: Submissions
    control: Control
    versions: Versions
    columns: ColumnBook
    mast_tokens: MastTokens
    skies: Skies
    arrivals: Arrivals
    links: Links
    amendments: Amendments
    copies: CopyRequests
    baskets: Baskets
    additions: Additions
    rights: Rights
    sharing: Sharing
    rates: RequestRates
    quotas: QuotaKeeper
    usage: Usage
    accounts: Accounts


def for_api(
    settings: Settings,
    wake: Callable[[Job], None] | None = None,
    draw: Callable[[str, Sequence[str], bool], None] | None = None,
) -> Api:
    """The API process: submits, shows and stops jobs; `wake` and `draw` default to a Celery message."""
    stores = open_stores(settings)
    messages = Messages(settings.redis_url, settings.mast_connections)
    waking = wake or messages.wake
    columns = ColumnBook(settings.data)
    most = settings.max_retention_days
    baskets = parts.baskets(stores)
    sources = BundleSources(stores.jobs, baskets)
    submissions = Submissions(
        stores.jobs, sources, waking, columns.form, retention_days=settings.retention_days, max_days=most,
        hooks=hooks.named(settings.hooks), quotas=(quotas := parts.quotas(stores)),
    )  # fmt: skip
    control = Control(stores.jobs, stores.slices, stores.trees, settings.tables, waking, quotas)
    versions = Versions(stores.jobs, Cache(settings.cache), settings.tables)
    tokens = MastTokens(stores.tokens, parts.whoami(settings))
    skies = Skies(stores.jobs, settings.tables, draw or messages.draw)
    arrivals = Arrivals(stores.slices, Cache(settings.cache), settings.tables)
    links = Links(stores.jobs, stores.users, LinkKeys(settings.link_key_file))
    amendments = Amendments(stores.jobs, control, most, hooks.named(settings.hooks))
    copies = CopyRequests(submissions, roots_of(settings.copy_roots))
    additions = Additions(baskets, submissions, sources, stores.jobs, settings.tables)
    return Api(
        stores, submissions, control, versions, columns, tokens, skies, arrivals, links, amendments, copies, baskets,
        additions, parts.rights(stores), Sharing(stores.jobs, stores.users),
        RequestRates(stores.redis, settings.requests_per_minute), quotas,
        Usage(Census(stores.redis), settings.tables), Accounts(stores.users, stores.keys, stores.jobs),
    )  # fmt: skip
