"""What hosts other than MAST's can make topmast do: reach nobody but public hosts, wait no longer, take no more."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.hostile.raw import dripping, raw, saying
from topmast_service.archive import dois, transfer
from topmast_service.archive.dois import DataCite
from topmast_service.archive.outgoing import Outgoing
from topmast_service.archive.transfer import Downloads, Stream, TransferBroken
from topmast_service.config import LOOPBACK, Settings
from topmast_service.embedded.certificate import make_certificate
from topmast_service.errors import AddressRefused, Invalid, TransferFailed, UpstreamDown

HERE = Outgoing.of(LOOPBACK)
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
REFERENCE = "crds://jwst_miri_flat_0001.fits"


def ask(world: Outgoing, url: str, **more: Any) -> urllib3.BaseHTTPResponse:
    """What a host says, once."""
    with world.pool(retries=False, **more) as pool:
        return pool.request("GET", url)


def metadata(url: str, within: float = 5, world: Outgoing = HERE) -> dict[str, Any]:
    """What a DataCite there says."""
    with closing(DataCite(url, within, world)) as datacite:
        return datacite.metadata("10.17909/a")


@contextmanager
def reference(url: str, **more: Any) -> Iterator[Stream]:
    """A reference file of a CRDS there."""
    with (
        closing(Downloads("http://mast.invalid", crds_url=url, **more)) as downloads,
        downloads.open(REFERENCE) as found,
    ):
        yield found


def there(*addresses: str, allowed: str = "") -> Outgoing:
    """A world in which every name is at these addresses."""
    return Outgoing.of(allowed, lambda host, port: addresses)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost", "LOCALHOST",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]",
    ],
)  # fmt: skip
def test_loopback_is_not_called_however_it_is_written(host: str) -> None:
    with raw(saying(HELLO)) as server, pytest.raises(AddressRefused):
        ask(Outgoing(), f"http://{host}:{server.port}/")
    assert server.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
        "0.0.0.0",  # noqa: S104 - not bound to
        "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%lo", "fc00::1",
        "fec0::1", "ff02::1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::127.0.0.1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_names_that_lead_inside_are_not_followed(address: str) -> None:
    for world in (there(address), there("93.184.215.14", address)):
        with pytest.raises(AddressRefused, match="which topmast does not call"):
            world.addresses("innocent.example.org", 443)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_public_addresses_are(address: str) -> None:
    assert there(address).addresses("example.org", 443) == (address,)


def test_the_operator_may_allow_a_host_or_a_network() -> None:
    world = there("10.1.2.3", allowed="mirror.example.org, 192.168.0.0/16")
    assert world.addresses("Mirror.example.org.", 80) == ("10.1.2.3",)
    with pytest.raises(AddressRefused):
        world.addresses("another.example.org", 80)
    assert there("192.168.7.7", allowed="192.168.0.0/16").addresses("any.example.org", 80) == ("192.168.7.7",)
    with pytest.raises(Invalid, match="neither a host nor a network"):
        Outgoing.of("http://mirror.example.org/")


def test_a_sandbox_may_be_on_this_machine_and_nothing_else_changes() -> None:
    settings = Settings(outgoing_allow="mirror.example.org").with_sandbox("http://127.0.0.1:1")
    assert Outgoing.of(settings.outgoing_allow).addresses("127.0.0.1", 1) == ["127.0.0.1"]
    with pytest.raises(AddressRefused):
        Outgoing.of(settings.outgoing_allow, lambda host, port: ["10.0.0.1"]).addresses("a.example.org", 1)


def test_a_name_that_changes_between_look_and_call_changes_nothing() -> None:
    """The name is looked up once: the second answer, which leads elsewhere, is never asked for."""
    answers: list[Sequence[str]] = [["127.0.0.1"], ["10.0.0.1"]]
    world = Outgoing.of(LOOPBACK, lambda host, port: answers.pop(0))
    with raw(saying(HELLO)) as server:
        answer = ask(world, f"http://rebinding.example.org:{server.port}/")
    assert (answer.data, len(answers)) == (b"hello", 1)
    assert b"Host: rebinding.example.org" in server.asked[0]


def test_tls_verifies_the_name_not_the_address(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, ["hooks.example.org"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.private_key)
    with raw(saying(HELLO), context) as server:
        world, trusted = there("127.0.0.1", allowed=LOOPBACK), {"ca_certs": str(made.ca_file)}
        assert ask(world, f"https://hooks.example.org:{server.port}/", **trusted).data == b"hello"
        with pytest.raises(urllib3.exceptions.SSLError, match=r"not valid for 'other\.example\.org'"):
            ask(world, f"https://other.example.org:{server.port}/", **trusted)


def test_a_redirect_to_this_machine_is_not_followed() -> None:
    with raw(saying(HELLO)) as inside:
        answer = f"HTTP/1.1 302 Found\r\nLocation: {inside.url}/\r\nContent-Length: 0\r\n\r\n".encode()
        with raw(saying(answer)) as server, pytest.raises(UpstreamDown, match="302"):
            metadata(server.url)
        with raw(saying(answer)) as server, pytest.raises(TransferFailed, match="another host"):
            reference(server.url, outgoing=HERE).__enter__()
        assert inside.asked == []


ENDLESS = {
    "a body that does not end": dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, 0),
    "a body that drips": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
    "headers that drip": dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "headers that do not end": dripping(b"HTTP/1.1 200 OK\r\n", b"X-Many: y\r\n", 0),
    "an interim answer again and again": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_of_datacite_that_does_not_end_is_cut(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dois, "LONGEST_ANSWER", 1_000_000)
    with raw(ENDLESS[kind]) as server, pytest.raises(UpstreamDown):
        metadata(server.url, 0.5)


def test_a_reference_file_that_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "LARGEST_REFERENCE", 1_000_000)
    endless, dripping_body = ENDLESS["a body that does not end"], ENDLESS["a body that drips"]
    with raw(endless) as server, reference(server.url, outgoing=HERE) as stream:  # noqa: SIM117 - too long as one
        with pytest.raises(TransferFailed, match="does not end"):
            assert all(stream)
    with raw(dripping_body) as server, reference(server.url, outgoing=HERE, slow_after=0.2) as stream:  # noqa: SIM117
        with pytest.raises(TransferBroken, match="too slow"):
            assert all(stream)


def test_headers_of_a_connection_that_is_used_again_are_limited_too() -> None:
    def once_and_then_slow(line: socket.socket, over: threading.Event) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        assert line.recv(4096)
        ENDLESS["headers that drip"](line, over)

    with raw(once_and_then_slow) as server, HERE.pool(retries=False, answer_within=0.3) as pool:
        assert pool.request("GET", f"{server.url}/").data == b"hello"
        with pytest.raises(urllib3.exceptions.HTTPError):
            pool.request("GET", f"{server.url}/")
        assert len(server.asked) == 1


def test_both_callers_refuse_this_machine_unless_it_is_allowed() -> None:
    document = json.dumps({"data": {"attributes": {"titles": []}}}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(document), document)
    with raw(saying(answer)) as server:
        with pytest.raises(AddressRefused):
            metadata(server.url, world=Outgoing())
        with pytest.raises(AddressRefused):
            reference(server.url).__enter__()
        assert server.asked == []
        assert metadata(server.url) == {"titles": [], "doi": "10.17909/a"}
