"""The doctor on real parts: the site of tests/workflows (sandbox, Redis, directory)."""

from tests.workflows.conftest import redis_process, sandbox, site

__all__ = ["redis_process", "sandbox", "site"]  # pytest finds fixtures by their names here
