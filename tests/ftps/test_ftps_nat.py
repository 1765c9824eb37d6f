"""Behind NAT: clients know one public address, and only the control port and the passive range are forwarded."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from ftps_site import FILES, I2D, Site, read_box
from test_ftps_mail_lines import BOX, run

from topmast_service.notify import commands
from topmast_service.notify.commands import Endpoints

PUBLIC = "127.0.0.2"
PASSIVE = (42_140, 42_151)

pytestmark = pytest.mark.clients


class Router:
    """Forwards ports of the public address to the server's own, and counts connections by port."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.together = threading.Barrier(1)
        """Data flows once so many data connections are open."""

    @contextmanager
    def forwarding(self, port: int) -> Iterator[None]:
        with socket.create_server((PUBLIC, port)) as listener:
            thread = threading.Thread(target=self._accept, args=(listener, port))
            thread.start()
            yield
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _accept(self, listener: socket.socket, port: int) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.counts[port] = self.counts.get(port, 0) + 1
                threading.Thread(target=self._forward, args=(client, port), daemon=True).start()

    def _forward(self, client: socket.socket, port: int) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            if PASSIVE[0] <= port <= PASSIVE[1]:
                self.together.wait(30)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()

    @property
    def data(self) -> int:
        """Data connections so far."""
        return sum(count for port, count in self.counts.items() if PASSIVE[0] <= port <= PASSIVE[1])


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def router() -> Router:
    return Router()


@pytest.fixture
def inside(open_site: Callable[..., Site], router: Router) -> Iterator[Site]:
    """A server behind the router, told its public address and its range."""
    site = open_site(masquerade_address=PUBLIC, passive_ports=PASSIVE)
    site.publish("alice", "b_abc", BOX)
    with ExitStack() as forwarded:
        for port in (site.port, *range(PASSIVE[0], PASSIVE[1] + 1)):
            forwarded.enter_context(router.forwarding(port))
        yield site


@pytest.mark.parametrize("client", ["lftp", "wget", "curl_ftps"])
def test_the_mails_lines_fetch_the_box_from_outside(
    inside: Site, router: Router, client_tool: Callable[[str], str], tmp_path: Path, client: str
) -> None:
    client_tool(client.removesuffix("_ftps"))
    endpoints = Endpoints("http://x", PUBLIC, inside.port, str(inside.certificate.ca_file), "t@example.org")
    line = getattr(commands, client)(endpoints, "alice", "b_abc")
    done = run(line, tmp_path, "key-of-alice")
    assert done.returncode == 0, done.stderr
    assert read_box(tmp_path / "b_abc") == BOX
    assert router.data >= len(BOX)


def test_four_at_once_each_go_on_where_they_stopped(
    inside: Site, router: Router, client_tool: Callable[[str], str], tmp_path: Path
) -> None:
    """With the very address that PASV tells (curl by itself takes the one it is connected to)."""
    client_tool("curl")
    router.together = threading.Barrier(4)
    words = ["curl", "-fsS", "--ssl-reqd", "--cacert", str(inside.certificate.ca_file), "-u", "alice:key-of-alice"]
    words += ["--disable-epsv", "--no-ftp-skip-pasv-ip", "-C", "-", f"ftp://{PUBLIC}:{inside.port}/b_abc/{I2D}"]
    parts = {tmp_path / f"part{start}": start for start in (0, 1, 100_000, len(FILES[I2D]) - 1)}
    for part, start in parts.items():
        part.write_bytes(FILES[I2D][:start])
    fetching = [subprocess.Popen([*words, "-o", str(part)]) for part in parts]
    assert [process.wait(60) for process in fetching] == [0, 0, 0, 0]
    assert {part.read_bytes() == FILES[I2D] for part in parts} == {True}
    assert router.data == 4
