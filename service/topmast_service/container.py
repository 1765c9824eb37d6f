"""The composition root: builds what one kind of process needs, and imports no more than that.

The API loads no astroquery (half a second and 77 MB), workers load no Flask; `tests/test_house.py` looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from typing import TYPE_CHECKING

from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.domain.place import roots_of
from topmast_service.domain.quota import Quota
from topmast_service.domain.token import Token
from topmast_service.notify import hooks
from topmast_service.staging.cache import Cache
from topmast_service.staging.tree import Trees
from topmast_service.store.audit import AuditLog
from topmast_service.store.audit_files import MonthFiles
from topmast_service.store.baskets import BasketStore
from topmast_service.store.census import Census
from topmast_service.store.columns import ColumnBook
from topmast_service.store.connection import Client, connect
from topmast_service.store.failures import Failures
from topmast_service.store.holdings import Holdings
from topmast_service.store.jobs import JobStore
from topmast_service.store.keys import ApiKeys
from topmast_service.store.link_keys import LinkKeys
from topmast_service.store.messages import Messages
from topmast_service.store.proofs import Proofs
from topmast_service.store.quotas import Quotas
from topmast_service.store.request_rates import RequestRates
from topmast_service.store.slices import Slices
from topmast_service.store.tokens import Keys, Tokens
from topmast_service.store.users import Users
from topmast_service.workflows.accounts import Accounts
from topmast_service.workflows.additions import Additions
from topmast_service.workflows.amend import Amendments
from topmast_service.workflows.arrivals import Arrivals
from topmast_service.workflows.attempt import Terms
from topmast_service.workflows.baskets import Baskets, Limits
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

if TYPE_CHECKING:
    from topmast_service.archive.grants import Grants
    from topmast_service.archive.tokens import Who
    from topmast_service.notify.commands import Endpoints
    from topmast_service.workflows.adopt import Adopter
    from topmast_service.workflows.bundle import Bundles
    from topmast_service.workflows.columns import Refresh
    from topmast_service.workflows.copies import Copies
    from topmast_service.workflows.doctor.examine import Doctor
    from topmast_service.workflows.eviction import Eviction
    from topmast_service.workflows.hooks import Hooks
    from topmast_service.workflows.notices import Notices
    from topmast_service.workflows.planning.planner import Planner
    from topmast_service.workflows.purge import Purge
    from topmast_service.workflows.releases import Releases
    from topmast_service.workflows.search.earlier import Earlier
    from topmast_service.workflows.search.run import Searches
    from topmast_service.workflows.token_care import KeepAlive, TokenCare
    from topmast_service.workflows.transfer import Transfers
    from topmast_service.workflows.upkeep import Upkeep


@dataclass(frozen=True)
class Stores:
    """What every process has: the record, the work list, the users, the staged trees."""

    settings: Settings
    redis: Client
    jobs: JobStore
    slices: Slices
    users: Users
    keys: ApiKeys
    tokens: Tokens
    trees: Trees
    quotas: Quotas
    failures: Failures
    audit: AuditLog

    def close(self) -> None:
        """Give the connections back."""
        self.redis.close()


def open_stores(settings: Settings) -> Stores:
    """Connect to Redis (lazily) and know where the folders are."""
    redis = connect(settings.redis_url)
    quota = Quota(settings.open_jobs_per_user, settings.staged_bytes_per_user, settings.requests_per_minute)
    users = Users(redis)
    return Stores(
        settings,
        redis,
        JobStore(redis),
        Slices(redis, settings.lease, settings.mast_connections),
        users,
        ApiKeys(redis, users),
        Tokens(redis, Keys(settings.token_keys, settings.token_key_file)),
        Trees(settings.stage),
        Quotas(redis, quota),
        Failures(redis, settings.wrong_keys),
        AuditLog(redis, MonthFiles(settings.audit)),
    )


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
    baskets = _baskets(stores)
    sources = BundleSources(stores.jobs, baskets)
    submissions = Submissions(
        stores.jobs, sources, waking, columns.form, retention_days=settings.retention_days, max_days=most,
        hooks=hooks.named(settings.hooks), quotas=(quotas := _quotas(stores)),
    )  # fmt: skip
    control = Control(stores.jobs, stores.slices, stores.trees, settings.tables, waking, quotas)
    versions = Versions(stores.jobs, Cache(settings.cache), settings.tables)
    tokens = MastTokens(stores.tokens, _whoami(settings))
    skies = Skies(stores.jobs, settings.tables, draw or messages.draw)
    arrivals = Arrivals(stores.slices, Cache(settings.cache), settings.tables)
    links = Links(stores.jobs, stores.users, LinkKeys(settings.link_key_file))
    amendments = Amendments(stores.jobs, control, most, hooks.named(settings.hooks))
    copies = CopyRequests(submissions, roots_of(settings.copy_roots))
    additions = Additions(baskets, submissions, sources, stores.jobs, settings.tables)
    return Api(
        stores, submissions, control, versions, columns, tokens, skies, arrivals, links, amendments, copies, baskets,
        additions, _rights(stores), Sharing(stores.jobs, stores.users),
        RequestRates(stores.redis, settings.requests_per_minute), quotas,
        Usage(Census(stores.redis), settings.tables), Accounts(stores.users, stores.keys, stores.jobs),
    )  # fmt: skip


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
    earlier, baskets = _earlier(stores), _baskets(stores)
    searches = Searches(stores.jobs, upstream, form_of, settings.tables, _terms(settings), earlier, baskets)
    planner = Planner(
        Means(
            open_portal,
            lambda: Downloads(settings.mast_url, crds_url=settings.crds_url, outgoing=outgoing, connections=4),
            _rights(stores), settings.tables, settings.mast_batch,
            settings.mast_listings, timedelta(seconds=settings.max_age), baskets,
        )
    )  # fmt: skip
    skies = Skies(stores.jobs, settings.tables, Messages(settings.redis_url, settings.mast_connections).draw)
    rights = _rights(stores)
    releases = Releases(stores.jobs, rights, rights.open_grants, open_portal, settings.tables, _wake(settings))
    keep_alive = KeepAlive(stores.tokens, _whoami(settings))
    return Query(searches, planner, _bundles(stores), for_columns(settings), skies, releases, keep_alive)


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
        _terms(settings),
        fresh,
        _bundles(stores),
        _rights(stores),
    )


def for_copies(settings: Settings) -> Copies:
    """What the transfer worker puts into shared folders."""
    from topmast_service.workflows.copies import Copies

    stores = open_stores(settings)
    roots = roots_of(settings.copy_roots)
    return Copies(stores.jobs, stores.trees, roots, _terms(settings), _wake(settings), _rights(stores), settings.tables)


def for_ftps(settings: Settings) -> tuple[Stores, Rights]:
    """The FTPS process: whose box it is, and what of it may be had."""
    stores = open_stores(settings)
    return stores, _rights(stores)


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
    eviction = _eviction(stores)
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
    return Purge(stores.jobs, Census(stores.redis), archiving, _eviction(stores), Space(settings.cache), dry)


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
        _terms(settings),
        _bundles(stores),
        _notices(stores),
        _eviction(stores),
        stores.tokens,
        _baskets(stores),
        Reminder(ColumnBook(settings.data), stores.jobs, messages.refresh_columns),
        _token_care(stores, messages),
        messages.wake,
        messages.look_for_releases,
        stores.audit,
    )


def _whoami(settings: Settings) -> Callable[[Token], Who]:
    """Asks MAST whose token it is; urllib3 is loaded by the first who stores one."""

    def ask(token: Token) -> Who:
        from topmast_service.archive.tokens import whoami

        return whoami(settings.mast_url, token)

    return ask


def _rights(stores: Stores) -> Rights:
    """Who may have what, now; urllib3 is loaded by the first file that is not public."""
    settings = stores.settings

    @cache
    def open_grants() -> Grants:
        from topmast_service.archive.grants import Grants

        return Grants(settings.mast_url)

    proofs = Proofs(stores.redis, timedelta(minutes=settings.proof_minutes))
    return Rights(proofs, stores.tokens, Cache(settings.cache, settings.keep_free_bytes), open_grants)


def _wake(settings: Settings) -> Callable[[Job], None]:
    return Messages(settings.redis_url, settings.mast_connections).wake


def _earlier(stores: Stores) -> Earlier:
    from topmast_service.store.answers import Answers
    from topmast_service.workflows.search.earlier import Earlier

    return Earlier(Answers(stores.redis), stores.jobs, stores.settings.tables)


def _quotas(stores: Stores) -> QuotaKeeper:
    return QuotaKeeper(stores.jobs, stores.quotas, Holdings(stores.redis))


def _baskets(stores: Stores) -> Baskets:
    settings = stores.settings
    limits = Limits(settings.baskets_per_user, settings.basket_items)
    return Baskets(BasketStore(stores.redis), stores.jobs, settings.baskets, limits)


def _terms(settings: Settings) -> Terms:
    return Terms(timedelta(seconds=settings.lease), timedelta(seconds=settings.patience))


def _bundles(stores: Stores) -> Bundles:
    from topmast_service.store.rates import Rates
    from topmast_service.workflows.bundle import Bundles
    from topmast_service.workflows.estimate import Estimates

    settings = stores.settings
    cache, max_age = Cache(settings.cache, settings.keep_free_bytes), timedelta(seconds=settings.max_age)
    rights, quotas = _rights(stores), _quotas(stores)
    estimates = Estimates(
        stores.jobs, Rates(stores.redis), cache, settings.cache, settings.keep_free_bytes, max_age, rights, quotas
    )
    return Bundles(
        stores.jobs, stores.slices, cache, stores.trees, settings.tables, _terms(settings), max_age, _wake(settings),
        estimates, _baskets(stores), rights, quotas,
    )  # fmt: skip


def _eviction(stores: Stores) -> Eviction:
    from topmast_service.staging.disk import Limits
    from topmast_service.staging.space import Space
    from topmast_service.store.uses import Uses
    from topmast_service.workflows.eviction import Eviction

    settings, space = stores.settings, Space(stores.settings.cache)
    limits = Limits.of(
        space.disk(), high=settings.cache_high_bytes, low=settings.cache_low_bytes, keep_free=settings.keep_free_bytes
    )
    return Eviction(stores.jobs, stores.slices, Uses(stores.redis), space, limits, settings.tables)


def _notices(stores: Stores) -> Notices:
    from topmast_service.workflows.notices import Notices

    settings = stores.settings
    return Notices(stores.jobs, settings.tables, _endpoints(settings), _delivery(settings), _hooks(stores))


def _token_care(stores: Stores, messages: Messages) -> TokenCare:
    from topmast_service.workflows.token_care import TokenCare

    settings, call = stores.settings, messages.show_tokens
    return TokenCare(stores.tokens, stores.users, stores.jobs, _endpoints(settings), _delivery(settings), call)


def _endpoints(settings: Settings) -> Endpoints:
    from topmast_service.notify.commands import Endpoints

    ftps = settings.ftps_public_host or None
    port = settings.ftps_port if ftps else None
    return Endpoints(settings.public_url, ftps, port, settings.ftps_ca_file or None, settings.mail_from)


def _hooks(stores: Stores) -> Hooks:
    from topmast_service.workflows.hooks import Hooks

    commands = hooks.named(stores.settings.hooks)
    hooks.check(commands)
    return Hooks(stores.jobs, stores.trees, commands)


def _delivery(settings: Settings) -> Callable[[EmailMessage], None]:
    from topmast_service.notify.mailbox import Mailbox
    from topmast_service.notify.smtp import Smtp

    if not settings.smtp_host:
        return Mailbox(settings.mail).deliver
    user = settings.smtp_user or None
    return Smtp(
        settings.smtp_host,
        settings.smtp_port,
        starttls=settings.smtp_starttls,
        user=user,
        password=settings.smtp_password or None,
    ).deliver
