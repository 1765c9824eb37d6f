"""The process: ready line and file, clean end, end with its parent, and why it does not start."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest

from tests.servers import start_sandbox

COMMAND = [sys.executable, "-m", "topmast_sandbox"]


def gone(pid: int, within: float = 15.0) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not os.path.exists(f"/proc/{pid}") or "\nState:\tZ" in open_status(pid):
            return True
        time.sleep(0.05)
    return False


def open_status(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return status.read()
    except OSError:
        return "\nState:\tZ"


def test_it_says_where_it_is_and_ends_on_sigterm(tmp_path):
    sandbox = start_sandbox(tmp_path)

    assert f"sandbox ready at {sandbox.url}\n" in sandbox.log.read_text()
    with urllib.request.urlopen(f"{sandbox.url}/api/") as answer:
        assert answer.status == 200
    sandbox.stop()

    assert sandbox.process.returncode == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{sandbox.url}/api/")


def test_a_held_poll_does_not_hold_up_the_end(tmp_path):
    sandbox = start_sandbox(tmp_path)
    sandbox.post("slow", seconds=60)
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=30) as waiting:
        body = urllib.parse.urlencode({"request": '{"service": "Mast.Missions.List", "params": {}}'}).encode()
        head = f"POST /api/v0/invoke HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {len(body)}\r\n"
        kind = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        waiting.sendall((head + kind).encode() + body)
        while "Mast.Missions.List" not in sandbox.requests()["services"]:
            time.sleep(0.05)
        sandbox.stop()  # kills only after ten seconds, the poll is held for twenty

    assert sandbox.process.returncode == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux to end it with its parent")
def test_it_ends_with_its_parent(tmp_path):
    ready = tmp_path / "url"
    options = [*COMMAND, "--port", "0", "--ready-file", str(ready), "--die-with-parent"]
    code = f"import subprocess, time; p = subprocess.Popen({options!r}); print(p.pid, flush=True); time.sleep(300)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        until = time.monotonic() + 60
        while not ready.exists() and time.monotonic() < until:
            time.sleep(0.05)
        parent.send_signal(signal.SIGKILL)

        assert ready.exists()
        assert gone(pid)


def test_a_taken_port_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*COMMAND, "--port", port], check=False, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "in use" in done.stderr


def test_a_catalogue_that_is_not_there_is_told(tmp_path):
    command = [*COMMAND, "--port", "0", "--catalog", str(tmp_path / "none")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "cannot start" in done.stderr
    assert "Traceback" not in done.stderr
