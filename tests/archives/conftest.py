"""The API over a real Redis, as in tests/api."""

from tests.api.conftest import client, redis_process, site

__all__ = ["client", "redis_process", "site"]
