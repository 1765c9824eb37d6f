"""Calls to hosts other than MAST's own: only public ones, unless the operator allowed the host.

Without this, whoever can have an address asked (a webhook's, or by the DNS of a host that we trust) reaches what only
this machine can reach: Redis, a cloud's metadata service, the neighbours (server-side request forgery, CWE-918).
A name is resolved once, every address of it is judged, and the connection goes to the judged address: what DNS says a
moment later is not asked. TLS still verifies the name.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

import urllib3

from topmast_service.archive.pinned import https_pool, plain_pool
from topmast_service.errors import AddressRefused, Invalid, UpstreamDown

Resolve = Callable[[str, int], Sequence[str]]

ANSWER_WITHIN = 60.0
"""Seconds from connecting to the end of the answer's headers, which no timeout of a socket limits."""

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052


def _resolved(host: str, port: int) -> Sequence[str]:
    """What the machine's resolver says; it also reads ``2130706433``, ``0x7f.1`` and the like as addresses."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UpstreamDown(f"The name {host[:200]} does not resolve.") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Outgoing:
    """Which hosts may be called.

    Parameters
    ----------
    hosts, networks
        What the operator allowed besides the public internet.
    resolve
        Addresses of a name.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    resolve: Resolve = _resolved

    @classmethod
    def of(cls, allowed: str, resolve: Resolve = _resolved) -> Outgoing:
        """From the operator's list of hosts, addresses and networks, split by commas.

        Raises
        ------
        Invalid
            One of them is none of these.
        """
        words = [word.strip().lower() for word in allowed.split(",") if word.strip()]
        networks = {word: found for word in words if (found := _network(word))}
        names = frozenset(words) - networks.keys()
        for name in names:
            if not name.replace("-", "").replace(".", "").replace("_", "").isalnum():
                raise Invalid(f"TOPMAST_OUTGOING_ALLOW: {name!r} is neither a host nor a network.")
        return cls(names, tuple(networks.values()), resolve)

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Where `host` is, for a connection.

        Raises
        ------
        AddressRefused
            One of its addresses is not public: a name that has such a one is not to be trusted with the others.
        UpstreamDown
            It does not resolve.
        """
        found = self.resolve(host, port)
        if host.rstrip(".").lower() in self.hosts:
            return found
        for address in found:
            if not self._may_be_called(ipaddress.ip_address(address)):
                raise AddressRefused(f"{host[:200]} is at {address}, which topmast does not call.")
        return found

    def pool(self, *, answer_within: float = ANSWER_WITHIN, **more: Any) -> urllib3.PoolManager:
        """A pool of connections to what may be called, and to nothing else; `more` goes to urllib3."""
        manager = urllib3.PoolManager(**more)
        manager.pool_classes_by_scheme = {
            "http": plain_pool(self.addresses, answer_within),
            "https": https_pool(self.addresses, answer_within),
        }
        return manager

    def _may_be_called(self, address: IPv4Address | IPv6Address) -> bool:
        known = any(address.version == net.version and address in net for net in self.networks)
        inner = _inner(address)
        return known or (_public(address) if inner is None else self._may_be_called(inner))


def _public(address: IPv4Address | IPv6Address) -> bool:
    """IANA's word for it, without groups of hosts, what is reserved, and IPv6's old private range."""
    old = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or old)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for, or leads to: mapped, 6to4, Teredo's client, NAT64."""
    if isinstance(address, IPv4Address):
        return None
    teredo = address.teredo[1] if address.teredo else None
    nat64 = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    return address.ipv4_mapped or address.sixtofour or teredo or nat64


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
