"""What every process has."""

from __future__ import annotations

from dataclasses import dataclass

from topmast_service.config import Settings
from topmast_service.domain.quota import Quota
from topmast_service.staging.tree import Trees
from topmast_service.store.audit import AuditLog
from topmast_service.store.audit_files import MonthFiles
from topmast_service.store.connection import Client, connect
from topmast_service.store.failures import Failures
from topmast_service.store.jobs import JobStore
from topmast_service.store.keys import ApiKeys
from topmast_service.store.quotas import Quotas
from topmast_service.store.slices import Slices
from topmast_service.store.tokens import Keys, Tokens
from topmast_service.store.users import Users


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
