"""Who came in, and who did not, is told with their address."""

from __future__ import annotations

import ftplib
from collections.abc import Callable

import pytest
from ftps_site import Site

from topmast_service.ftps.doors import Doors


def test_sign_ins_and_refusals_are_told(open_site: Callable[..., Site]) -> None:
    told: list[tuple[str, str, str]] = []

    def tell(action: str, user: str, address: str) -> None:
        told.append((action, user, address))

    site = open_site(Doors(lambda user, key: (user, key) == ("alice", "key-of-alice"), lambda _user: {}, told=tell))
    with site.signed_in() as client:
        client.nlst()
    with site.connect() as client, pytest.raises(ftplib.error_perm):
        client.login("alice", "a-wrong-key")
    assert told == [("ftps_sign_in", "alice", "127.0.0.1"), ("ftps_refused", "alice", "127.0.0.1")]
