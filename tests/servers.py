"""Real servers for tests, started as processes of their own.

sandbox = start_sandbox(tmp_path)        # a MAST on localhost
sandbox.url; sandbox.requests(); sandbox.set(validators=False); sandbox.stop()
"""

import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_WITHIN = 60.0  # seconds; the catalogue is made at the start, and CI machines are busy
STOP_WITHIN = 10.0


@dataclass
class SandboxProcess:
    """A running sandbox. `url` is its base URL, `log` holds its output."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def stop(self) -> None:
        """Stop it and wait for its end; does nothing when it has ended already."""
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_WITHIN)

    def get(self, path: str) -> Any:
        """Return the JSON document at ``/_sandbox/<path>``."""
        return self._call(path, None)

    def post(self, path: str, **body: Any) -> Any:
        """POST `body` as JSON to ``/_sandbox/<path>`` and return the answer."""
        return self._call(path, json.dumps(body).encode())

    def set(self, **settings: Any) -> Any:
        """Change settings; see topmast_sandbox.settings."""
        return self.post("settings", **settings)

    def requests(self) -> Any:
        """Return what was asked and sent since the last reset."""
        return self.get("requests")

    def delete(self, path: str) -> None:
        """DELETE ``/_sandbox/<path>``."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", method="DELETE")
        direct.open(request, timeout=30).close()

    def _call(self, path: str, body: bytes | None) -> Any:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(urllib.request.Request(f"{self.url}/_sandbox/{path}", body), timeout=30) as answer:
            return json.load(answer)


def start_sandbox(tmp: Path, *args: str) -> SandboxProcess:
    """Start ``python -m topmast_sandbox`` on a free port and wait until it is ready.

    Parameters
    ----------
    tmp : Path
        Where its log and ready file go.
    *args : str
        More of its options, such as ``--scale 0.01`` or ``--catalog DIR``.

    Raises
    ------
    RuntimeError
        It ended, or was not ready in time; with its output.
    """
    ready, log = tmp / "sandbox.url", tmp / "sandbox.log"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "topmast_sandbox", "--port", "0", "--ready-file", str(ready)]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "--die-with-parent", *args], stdout=output, stderr=subprocess.STDOUT)
    until = time.monotonic() + START_WITHIN
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            process.wait()
            raise RuntimeError(f"the sandbox did not start: {log.read_text(errors='replace')}")
        time.sleep(0.05)
    return SandboxProcess(ready.read_text().strip(), process, log)
