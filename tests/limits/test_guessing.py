"""Wrong keys: they cost the guesser, nobody else."""

from __future__ import annotations

import ftplib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site
from tests.limits.conftest import OpenSite
from topmast_service.embedded.certificate import make_certificate
from topmast_service.ftps.run import doors_of
from topmast_service.ftps.server import FtpsSettings, make_server
from topmast_service.store.failures import FIRST, LONGEST, WHILE_GUESSED_AT, Failures

HERE, THERE = "192.0.2.1", "198.51.100.9"


@pytest.fixture
def site(limited: OpenSite) -> Site:
    return limited(wrong_keys=10)


def tries(client: FlaskClient, key: str, address: str = HERE) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return client.get("/v1/me", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code


def guesses(client: FlaskClient, number: int, address: str = HERE) -> list[int]:
    return [tries(client, f"tm_{n}_{address}", address) for n in range(number)]


def test_after_ten_wrong_keys_an_address_is_locked_out_and_nobody_else(site: Site) -> None:
    stranger = site.client(None)
    assert guesses(stranger, 12) == [401] * 10 + [429] * 2
    assert tries(stranger, site.keys["ann"]) == 429  # before the key is looked up
    assert tries(stranger, site.keys["ann"], THERE) == 200
    refused = stranger.get("/v1/me", headers={"Authorization": "Bearer x"}, environ_base={"REMOTE_ADDR": HERE})
    assert refused.json["code"] == "locked_out"
    assert 0 < int(refused.headers["Retry-After"]) <= FIRST


def test_a_forgotten_job_with_one_old_key_locks_nobody_out(site: Site) -> None:
    stranger = site.client(None)
    assert {tries(stranger, "tm_old_key") for _ in range(40)} == {401}
    assert tries(stranger, site.keys["ann"]) == 200


def test_a_request_without_a_key_is_no_guess(site: Site) -> None:
    stranger = site.client(None)
    assert {stranger.get("/v1/me").status_code for _ in range(30)} == {401}
    assert site.api.stores.redis.keys("topmast:failed:*") == []


def test_each_lock_out_is_longer(site: Site) -> None:
    redis, failures, lasted = site.api.stores.redis, site.api.stores.failures, []
    for _ in range(9):
        for n in range(10):
            failures.note(HERE, f"key {n}")
        lasted.append(redis.ttl(f"topmast:locked:{HERE}"))
        redis.delete(f"topmast:locked:{HERE}")  # its time is over
    assert lasted[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert lasted[-1] == LONGEST


def test_ten_thousand_wrong_keys_leave_little_behind(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    redis, stranger = site.api.stores.redis, site.client(None)
    keys_before = redis.dbsize()
    with caplog.at_level(logging.INFO):
        seen = guesses(stranger, 10_000)
    assert (seen.count(401), seen.count(429)) == (10, 9_990)
    assert redis.dbsize() - keys_before <= 6, (
        "the lock-out's three, and the audit log's: entries, counts, what is counted"
    )
    assert all(
        0 < redis.ttl(key) <= 24 * 3600 for key in redis.keys("topmast:*ed:*") + redis.keys("topmast:lockouts:*")
    )
    assert len(caplog.records) == 1
    assert "tm_" not in caplog.text
    assert stranger.get("/livez", environ_base={"REMOTE_ADDR": HERE}).status_code == 200


def test_many_addresses_leave_only_what_ends(site: Site) -> None:
    for n in range(2_000):
        site.api.stores.failures.note(f"10.{n >> 8}.{n & 255}.1", f"key {n}", "ann")
    redis = site.api.stores.redis
    left = [key for key in redis.keys("topmast:*") if "fail" in key or "lock" in key]
    assert left
    assert all(redis.ttl(key) > 0 for key in left)
    assert redis.scard("topmast:failed:name:ann") <= 10


def test_addresses_of_one_subscriber_count_together(site: Site) -> None:
    stranger = site.client(None)
    seen = [tries(stranger, f"key {n}", f"2001:db8:1:2::{n + 1:x}") for n in range(11)]
    assert seen == [401] * 10 + [429]
    assert tries(stranger, site.keys["ann"], "2001:db8:1:3::1") == 200
    assert tries(stranger, site.keys["ann"], "::ffff:192.0.2.77") == 200


def test_a_name_that_is_guessed_at_gives_each_address_fewer_tries(site: Site) -> None:
    failures: Failures = site.api.stores.failures
    for n in range(10):
        failures.note(f"10.0.0.{n}", f"key {n}", "ann")
    for n in range(WHILE_GUESSED_AT):
        failures.check(THERE)
        failures.note(THERE, f"other {n}", "ann")
    with pytest.raises(Exception, match="Too many wrong keys"):
        failures.check(THERE)
    failures.check("203.0.113.5")  # whoever has tried nothing is not kept out


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_forwarded_address_counts_only_behind_a_declared_proxy(limited: OpenSite, proxies: int) -> None:
    stranger = limited(wrong_keys=3, trusted_proxies=proxies).client(None)
    seen = [
        stranger.get(
            "/v1/me", headers={"Authorization": f"Bearer {n}", "X-Forwarded-For": f"203.0.113.{n}"}
        ).status_code
        for n in range(5)
    ]
    assert seen == ([401] * 5 if proxies else [401] * 3 + [429] * 2)


def test_what_a_client_says_it_was_forwarded_for_is_not_believed(limited: OpenSite) -> None:
    stranger = limited(wrong_keys=3, trusted_proxies=1).client(None)
    seen = [
        stranger.get(
            "/v1/me", headers={"Authorization": f"Bearer {n}", "X-Forwarded-For": f"1.2.3.{n}, 203.0.113.7"}
        ).status_code
        for n in range(4)
    ]
    assert seen == [401, 401, 401, 429]


@pytest.fixture
def ftps(site: Site, tmp_path: Path) -> Iterator[Callable[[], ftplib.FTP_TLS]]:
    """Connect to an FTPS server over the same store."""
    made = make_certificate(tmp_path / "tls", ["127.0.0.1"])
    listen = FtpsSettings("127.0.0.1", 0, made.certificate, made.private_key, failed_login_delay=0.01)
    server, stopped = make_server(listen, doors_of(site.api.stores, site.api.rights)), threading.Event()

    def loop() -> None:
        with server:
            while not stopped.is_set():
                server.ioloop.loop(timeout=0.02, blocking=False)

    def connect() -> ftplib.FTP_TLS:
        client = ftplib.FTP_TLS(context=ssl.create_default_context(cafile=str(made.ca_file)), timeout=20)
        client.connect("127.0.0.1", server.address[1])
        return client

    thread = threading.Thread(target=loop)
    thread.start()
    yield connect
    stopped.set()
    thread.join()


def answer_to(client: ftplib.FTP_TLS, user: str, key: str) -> str:
    try:
        return client.login(user, key)[:3]
    except (ftplib.error_perm, ftplib.error_temp) as refused:
        return str(refused)[:3]
    finally:
        client.close()


def test_http_and_ftps_share_their_lock_out(site: Site, ftps: Callable[[], ftplib.FTP_TLS]) -> None:
    assert [answer_to(ftps(), "ann", f"key {n}") for n in range(9)] == ["530"] * 9
    assert answer_to(ftps(), "ann", site.keys["ann"]) == "230"
    stranger = site.client(None)
    assert tries(stranger, "one more", "127.0.0.1") == 401
    assert answer_to(ftps(), "ann", site.keys["ann"]) == "421"
    assert tries(stranger, site.keys["ann"], "127.0.0.1") == 429
    assert tries(stranger, site.keys["ann"], THERE) == 200


def test_livez_answers_while_keys_are_guessed(site: Site, tmp_path: Path) -> None:
    from tests.api.served import start_api

    server = start_api(site, tmp_path)
    host, port = server.url.removeprefix("http://").split(":")
    done = threading.Event()

    def guess(number: int) -> None:
        with socket.create_connection((host, int(port)), 20) as wire:
            lines = "GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}-{}\r\n\r\n"
            for n in range(300):
                wire.sendall(lines.format(number, n).encode())
                wire.recv(65_536)
        done.set()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(4)]
    try:
        for thread in threads:
            thread.start()
        seen = []
        while not done.is_set():
            with socket.create_connection((host, int(port)), 20) as wire:
                wire.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
                seen.append(wire.recv(65_536).split(b" ")[1])
    finally:
        for thread in threads:
            thread.join()
        server.stop()
    assert set(seen) == {b"200"}
    assert server.log.read_text().count("locked out") == 1
