"""The audit log on a real Redis, alone or below the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.api.conftest import client, redis_process, site
from tests.servers_redis import RedisProcess
from topmast_service.store.audit import AuditLog
from topmast_service.store.audit_files import MonthFiles
from topmast_service.store.connection import connect

__all__ = ["client", "log", "redis_process", "site"]


@pytest.fixture
def log(tmp_path: Path, redis_process: RedisProcess) -> Iterator[AuditLog]:
    """An empty log, whose files go into `tmp_path`/audit."""
    with redis.Redis.from_url(redis_process.url) as emptied:
        emptied.flushall()
    with connect(redis_process.url) as opened:
        yield AuditLog(opened, MonthFiles(tmp_path / "audit"))
