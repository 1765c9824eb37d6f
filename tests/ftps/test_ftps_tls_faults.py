"""Two faults of pyftpdlib 2.2 in TLS on the data channel, found with real clients, and stopping and starting."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from ftps_site import I2D, Site


def test_empty_listings_end_with_tls_own_goodbye(site: Site) -> None:
    """Before `Data.send` waited for the handshake, about every third of these ended in an SSLError."""
    site.boxes["alice"].clear()
    with site.signed_in() as client:
        assert [client.nlst() for _ in range(30)] == [[]] * 30


def test_a_client_that_never_shakes_hands_keeps_no_core_busy(site: Site) -> None:
    """The event loop went round some 20,000 times a second; now it waits."""
    with site.signed_in() as client:
        host, port = client.makepasv()
        with socket.create_connection((host, port), timeout=10):
            client.sendcmd(f"RETR /b_abc/{I2D}")
            before = site.turns
            time.sleep(0.3)
            assert site.turns - before < 100


def test_serve_tells_its_port_and_stops_on_sigterm(site: Site) -> None:
    program = """
import sys
from pathlib import Path
from topmast_service.ftps.doors import Doors
from topmast_service.ftps.server import FtpsSettings, serve
settings = FtpsSettings("127.0.0.1", 0, Path(sys.argv[1]), Path(sys.argv[2]))
doors = Doors(lambda user, key: (user, key) == ("alice", "key-of-alice"), lambda user: {})
serve(settings, doors, lambda host, port: print(port, flush=True))
"""
    files = [str(site.certificate.certificate), str(site.certificate.private_key)]
    command = [sys.executable, "-W", "error", "-c", program, *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path.cwd()) as server:
        assert server.stdout
        site.port = int(server.stdout.readline())
        with site.signed_in() as client:
            assert client.nlst() == []
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=10) == 0
        assert server.stderr
        assert b"Traceback" not in server.stderr.read()
