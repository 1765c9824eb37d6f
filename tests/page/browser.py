"""A headless Chromium, spoken to over two pipes (its DevTools protocol without a socket, which tests may not open).

    with Browser(tmp_path) as browser:
        page = browser.open(path.as_uri())
        page.run("document.title"); page.click("th:nth-child(2) button"); page.press("Escape")

Whatever it asks of any network goes to `proxy`, a port of loopback that a test listens on.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
CALL_WITHIN = 90


class Browser:
    """A Chromium with a profile of its own; ended with its block."""

    def __init__(self, folder: Path, *more: str) -> None:
        if shutil.which("chromium") is None:
            pytest.fail("chromium is missing") if os.environ.get("CI") else pytest.skip("chromium is not installed")
        (folder / "profile").mkdir()
        theirs, self._write = os.pipe()
        self._read, answers = os.pipe()
        command = ["chromium", *FLAGS, f"--user-data-dir={folder / 'profile'}", *more, "about:blank"]
        with (folder / "chromium.log").open("wb") as log:
            # The protocol's pipes are 3 and 4 in the browser; through a shell, since only it can renumber them safely.
            line = f'exec "$@" 3<&{theirs} 4>&{answers}'
            self._process = subprocess.Popen(
                ["bash", "-c", line, "bash", *command], pass_fds=[theirs, answers], stdout=log, stderr=log
            )
        os.close(theirs)
        os.close(answers)
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        os.close(self._write)  # it ends when nobody speaks to it any more
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Ask, and wait for the answer; events that come before it are kept in `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        os.write(self._write, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def until(self, method: str) -> dict[str, Any]:
        """The next event of this name."""
        while not (found := [event for event in self.events if event.get("method") == method]):
            self.events.append(self._next())
        self.events.remove(found[0])
        return found[0]

    def open(
        self,
        address: str,
        *,
        width: int = 1440,
        height: int = 1000,
        media: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Page:
        """A page, loaded; `headers` go with every request that it makes."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Network", "Log", "Runtime"):
            page.call(f"{domain}.enable")
        features = [{"name": name, "value": value} for name, value in (media or {}).items()]
        page.call("Emulation.setEmulatedMedia", features=features)
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        page.call("Network.setExtraHTTPHeaders", headers=headers or {})
        self.events.clear()
        page.call("Page.navigate", url=address)
        self.until("Page.loadEventFired")
        return page

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "chromium has ended"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        read: dict[str, Any] = json.loads(message)
        return read


class Page:
    """One page, as a person handles it."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **parameters: Any) -> Any:
        """Ask the page something of the protocol."""
        return self._browser.call(method, self._session, **parameters)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Click into the middle of what `selector` finds first."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{found}.scrollIntoView({{block: 'center'}})")
        box = self.run(f"{found}.getBoundingClientRect().toJSON()")
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key."""
        said = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **said, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **said)

    def picture(self, path: Path) -> Path:
        """A screenshot of what is in view."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return path
