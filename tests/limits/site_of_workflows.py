"""The fixtures of tests/workflows under their names: sandbox, Redis, a directory, workers by hand."""

from tests.workflows.conftest import redis_process, sandbox, site

__all__ = ["redis_process", "sandbox", "site"]
