"""One cheap question to one process, for health checks of containers: `topmast-service health ROLE`."""

from __future__ import annotations

from contextlib import closing

from topmast_service.config import Settings
from topmast_service.container import open_stores
from topmast_service.embedded.address import reachable
from topmast_service.embedded.ready import ftp_greets, http_ok
from topmast_service.store.connection import UNAVAILABLE

ROLES = ("api", "ftps", "worker", "beat")


def healthy(role: str, settings: Settings) -> bool:
    """Whether the API says it lives, FTPS greets, or the Redis that workers and beat hang on answers.

    A worker whose process has ended needs no question (its container ends with it), and one that is busy for minutes
    is healthy; what can be wrong with it from outside is that it cannot reach Redis.
    """
    if role == "api":
        tls = settings.api_certificate is not None
        return http_ok(reachable(settings.api_host), settings.api_port, "/livez", tls=tls)
    if role == "ftps":
        return ftp_greets(reachable(settings.ftps_host), settings.ftps_port)
    with closing(open_stores(settings)) as stores:
        try:
            return bool(stores.redis.ping())
        except UNAVAILABLE:
            return False
