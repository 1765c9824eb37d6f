"""Skies on the API's own site: a real Redis, a directory, and a worker that draws in this process."""

from tests.api.conftest import client, redis_process, site

__all__ = ["client", "redis_process", "site"]  # pytest finds fixtures by their names here
