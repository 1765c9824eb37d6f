"""Which address and ports the embedded service listens on."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from pathlib import Path

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


def check_tls(certificate: Path | None, key: Path | None) -> bool:
    """Whether the port speaks TLS by itself.

    Raises
    ------
    CannotRun
        There is only one of the two files, or they cannot be used together.
    """
    if certificate is None and key is None:
        return False
    if certificate is None or key is None:
        raise CannotRun("--tls-cert and --tls-key go together.", hint="Give both, or neither.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        hint = "Both are PEM files, the key without a password, and the first certificate is the key's."
        raise CannotRun(f"{certificate} and {key} cannot be used: {error}.", hint=hint) from None
    return True


def _no_password() -> str:
    """Nobody is there to be asked for one, whenever the API is restarted."""
    raise ValueError("the key has a password")


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
