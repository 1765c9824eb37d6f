"""Who somebody is as far as their address tells: what is counted together when nobody has signed in."""

from __future__ import annotations

import ipaddress


def source_of(address: str) -> str:
    """The address, or the /64 it is of: one subscriber of IPv6 has a /64 at least (RFC 6177), and all its addresses.

    Examples
    --------
    >>> source_of("192.0.2.7"), source_of("::ffff:192.0.2.7"), source_of("2001:db8:1:2:3::4")
    ('192.0.2.7', '192.0.2.7', '2001:db8:1:2::/64')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"  # a unix socket has none; whatever it says must not become a key of its own
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
