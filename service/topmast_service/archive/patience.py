"""Limits on every request of astroquery's client.

It has no timeout at all, so that a server that never answers, or drips, blocks it for ever; and it repeats an EXECUTING
query without sleeping, at 100 % CPU.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError

POLL_PAUSE = 0.5
"""Seconds between two identical requests; MAST holds a poll up to 20 s itself, so this only slows a spinning one."""

CONNECT_TIMEOUT = 10
SOCKET_TIMEOUT = 60
"""Seconds without a byte; three times what MAST says it holds a poll."""

_PIECE = 1 << 16


class PatientAdapter(HTTPAdapter):
    """Timeouts on every request, and a pause before one that was just sent (an EXECUTING poll).

    `longest` is how many seconds the body of one answer may take, `silent` how many may pass without a byte.
    """

    def __init__(self, longest: float, silent: float | None = None) -> None:
        super().__init__(max_retries=0)
        self._longest = longest
        self._silent = SOCKET_TIMEOUT if silent is None else silent
        self._last: tuple[Any, float] = (None, 0.0)

    def hurry(self, seconds: float) -> None:
        """Wait no longer than this from now on."""
        self._longest, self._silent = min(seconds, self._longest), min(seconds, self._silent)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["timeout"] = (CONNECT_TIMEOUT, self._silent)
        body, when = self._last
        if request.body is not None and request.body == body:
            time.sleep(max(0.0, when + POLL_PAUSE - time.monotonic()))
        self._last = (request.body, time.monotonic())
        response = super().send(request, *args, **kwargs)
        # requests reads a body by this method, and would read for as long as bytes come now and then.
        response.raw.stream = functools.partial(_stream, response.raw, time.monotonic() + self._longest)
        return response


def _stream(raw: Any, until: float, _amount: int, decode_content: bool) -> Iterator[bytes]:
    while chunk := raw.read1(_PIECE, decode_content=decode_content):
        yield chunk
        if time.monotonic() > until:
            raw.close()
            raise ReadTimeoutError(raw, raw.url, "The answer takes too long.")
