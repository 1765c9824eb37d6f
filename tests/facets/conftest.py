"""The API's site and client: searches are written as workers write them."""

from __future__ import annotations

from tests.api.conftest import client, redis_process, site

__all__ = ["client", "redis_process", "site"]
