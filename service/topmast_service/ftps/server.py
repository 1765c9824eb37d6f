"""The FTPS server: explicit TLS on control and data, read-only, every user in their own boxes."""

from __future__ import annotations

import ipaddress
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from OpenSSL import SSL
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from topmast_service.errors import Invalid
from topmast_service.ftps.data import Data
from topmast_service.ftps.doors import Doors, Gate
from topmast_service.ftps.session import Session


@dataclass(frozen=True)
class FtpsSettings:
    """How the server listens. Times in seconds.

    Parameters
    ----------
    host, port
        Address to listen on; port 0 takes any free one (`serve` tells which).
    passive_ports
        First and last port for data, for a firewall; any free one when left out.
    masquerade_address
        IPv4 address that clients are told to connect to, behind NAT. (Clients that use EPSV need none.)
    max_connections, max_connections_per_address
        Sockets in all (a session has up to three) and sessions per client address.
    failed_login_delay, max_login_attempts
        A wrong key is answered after the delay; after so many the connection is dropped.
    sign_in_within
        Whoever has not signed in by then is sent away.
    recheck_after
        A key is looked at again after this time, whatever the session does: a revoked one ends it, and its transfer.
    """

    host: str
    port: int
    certificate: Path
    private_key: Path
    passive_ports: tuple[int, int] | None = None
    masquerade_address: str | None = None
    max_connections: int = 512
    max_connections_per_address: int = 64
    idle_timeout: float = 300.0
    sign_in_within: float = 60.0
    failed_login_delay: float = 3.0
    max_login_attempts: int = 3
    recheck_after: float = 30.0


def make_server(settings: FtpsSettings, doors: Doors) -> FTPServer:
    """A listening server in an event loop of its own; nothing is served until the loop runs.

    Raises
    ------
    Invalid
        `masquerade_address` is not an IPv4 address (the answer to PASV can hold nothing else).
    OSError, OpenSSL.SSL.Error
        The address is taken, or certificate and key cannot be used.
    """
    # At DEBUG pyftpdlib writes down what clients type, and some type their key in the wrong place.
    logging.getLogger("pyftpdlib").setLevel(logging.INFO)
    server = FTPServer((settings.host, settings.port), _session(settings, doors), ioloop=IOLoop())
    server.max_cons = settings.max_connections
    server.max_cons_per_ip = settings.max_connections_per_address
    return server


def serve(settings: FtpsSettings, doors: Doors, ready: Callable[[str, int], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `ready` is told the address and port once they are open."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with make_server(settings, doors) as server:
        ready(*server.address)
        try:
            server.serve_forever(handle_exit=False)
        except KeyboardInterrupt:
            logging.getLogger(__name__).info("FTPS stops")


def _session(settings: FtpsSettings, doors: Doors) -> type[Session]:
    passive = settings.passive_ports
    data = type("ConfiguredData", (Data,), {"timeout": settings.idle_timeout})
    return type(
        "ConfiguredSession",
        (Session,),
        {
            "doors": doors,
            "authorizer": Gate(doors),
            "dtp_handler": data,
            "ssl_context": _tls(settings),
            "timeout": settings.idle_timeout,
            "recheck_after": settings.recheck_after,
            "sign_in_within": settings.sign_in_within,
            "auth_failed_timeout": settings.failed_login_delay,
            "max_login_attempts": settings.max_login_attempts,
            "passive_ports": list(range(passive[0], passive[1] + 1)) if passive else None,
            "masquerade_address": _ipv4(settings.masquerade_address),
        },
    )


def _tls(settings: FtpsSettings) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_session_id(b"topmast-ftps")
    context.use_certificate_chain_file(str(settings.certificate))
    context.use_privatekey_file(str(settings.private_key))
    context.check_privatekey()
    return context


def _ipv4(address: str | None) -> str | None:
    try:
        return str(ipaddress.IPv4Address(address)) if address else None
    except ValueError as error:
        raise Invalid(
            f"{address!r} is not an IPv4 address.",
            hint="Give the public IPv4 address as masquerade address, or none.",
        ) from error
