"""The fixtures of the API's tests: a site over a real Redis."""

from __future__ import annotations

from tests.api.conftest import client, redis_process, site

__all__ = ["client", "redis_process", "site"]
