"""Which address and ports the embedded service listens on."""

from __future__ import annotations

import ipaddress
import socket

from topmast_service.embedded.reasons import CannotRun


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def in_url(host: str) -> str:
    """`host` as a URL writes it."""
    return f"[{host}]" if ":" in host else host


def reachable(host: str) -> str:
    """The address by which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that children can inherit, so that requests queue while the API is restarted.

    Raises
    ------
    CannotRun
        The port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotRun(
            f"Cannot listen on {in_url(host)}:{port}: {reason}.", hint="Choose another --port; 0 takes a free one."
        ) from None


def free_port(host: str, wanted: int = 0) -> int:
    """`wanted` if it is free, else any free port: addresses in old mails stay good for as long as they can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        try:
            with socket.create_server((host, port), family=family) as listener:
                return int(listener.getsockname()[1])
        except (OSError, OverflowError):
            continue
    raise CannotRun(f"No port is free on {host}.", hint="Look for what holds them all: `ss -tlnp`.")
