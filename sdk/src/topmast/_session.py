"""One conversation with a service: send, judge the answer, try again within limits."""

from __future__ import annotations

import copy
import itertools
import logging
import platform
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from ._api_errors import RedirectRefused
from ._clock import Clock, Deadline
from ._errors import TimedOut, TopmastError
from ._messages import Params, Reply, Request
from ._problems import error_for
from ._retry import RetryPolicy
from ._transport import Stream, Transport

log = logging.getLogger("topmast")

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5


class Session:
    """What every snapshot of one client speaks through; safe to use from several threads.

    Parameters
    ----------
    silence
        Seconds that the service may be silent within one try.
    """

    def __init__(
        self, base_url: str, api_key: str, *, retry: RetryPolicy, silence: float, clock: Clock, version: str
    ) -> None:
        self.retry = retry
        self.silence = silence
        self.clock = clock
        self.transport = Transport(
            base_url,
            headers={
                "Authorization": f"Bearer {api_key}",
                "User-Agent": f"topmast-sdk/{version} python/{platform.python_version()}",
                "Accept": "application/json",
            },
        )
        self.headers: Mapping[str, str] = {}  # of every request

    def acting_for(self, user: str) -> Session:
        """The same conversation, connections and all, on behalf of `user`."""
        acting = copy.copy(self)
        acting.headers = {"X-On-Behalf-Of": user}
        return acting

    @property
    def url(self) -> str:
        """Where the service is."""
        return self.transport.base_url

    def close(self) -> None:
        """Close the connections; safe to repeat."""
        self.transport.close()

    def get(self, path: str, params: Params = (), *, deadline: Deadline | None = None) -> dict[str, Any]:
        """The JSON document at `path`."""
        return self.call(Request("GET", path, params), deadline=deadline).json()

    def submit(
        self, path: str, body: dict[str, Any] | None, *, params: Params = (), deadline: Deadline | None = None
    ) -> dict[str, Any]:
        """POST `body`. One Idempotency-Key covers all tries: an answer that was lost makes no second job."""
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return self.call(Request("POST", path, params, json=body, headers=key), deadline=deadline).json()

    def call(self, request: Request, *, deadline: Deadline | None = None, follow: bool = True) -> Reply:
        """Send `request`, again where the policy says so, until it is answered; without `follow` by a redirect too.

        Raises
        ------
        ApiError, TransportError
            The last one, when the tries or the time are used up.
        """
        limit = self._shorter(deadline)
        request = replace(request, headers={"X-Request-Id": uuid.uuid4().hex, **request.headers})
        for attempt in itertools.count(1):
            try:
                return self.once(request, limit, follow=follow)
            except TopmastError as error:
                pause = self.retry.pause(error, attempt, self.clock.fraction())
                if pause is None or pause >= limit.left():
                    raise
                log.debug("try %d of %s %s failed: %s", attempt, request.method, request.path, error)
                self.clock.sleep(pause)
        raise AssertionError("unreachable")  # itertools.count never ends; mypy cannot know

    def once(self, request: Request, deadline: Deadline, *, silence: float | None = None, follow: bool = True) -> Reply:
        """One try, with redirects inside the same host."""
        for _ in range(MAX_REDIRECTS):
            with self.open(request, deadline, silence=silence) as stream:
                reply = stream.read()
            if reply.status in REDIRECTS and follow:
                request = self._redirected(request, reply)
            elif reply.status >= 400:
                raise error_for(reply)
            else:
                return reply
        raise _refuse(reply, "it redirects in a circle")

    @contextmanager
    def open(self, request: Request, deadline: Deadline, *, silence: float | None = None) -> Iterator[Stream]:
        """One try, the body still to be read; the status is the caller's to judge."""
        if deadline.passed:
            raise TimedOut(f"no time left for {request.method} {request.path}", method=request.method, url=request.path)
        request = replace(request, headers={**self.headers, **request.headers})
        quiet = self.silence if silence is None else silence
        with self.transport.open(request, silence=quiet, deadline=deadline) as stream:
            yield stream

    def _shorter(self, deadline: Deadline | None) -> Deadline:
        own = self.clock.deadline(self.retry.total)
        return own if deadline is None or own.moment < deadline.moment else deadline

    def _redirected(self, request: Request, reply: Reply) -> Request:
        """The same question at the new address, only within this service: elsewhere the key would leak."""
        target = urljoin(reply.url, reply.headers.get("location", ""))
        base, new = urlsplit(self.url), urlsplit(target)
        prefix = base.path.rstrip("/")
        if request.method not in ("GET", "HEAD"):
            raise _refuse(reply, "it redirects a submit")
        if (base.scheme, base.netloc) != (new.scheme, new.netloc) or not new.path.startswith(prefix + "/"):
            raise _refuse(reply, f"it redirects to {new.scheme}://{new.netloc}")
        query = f"?{new.query}" if new.query else ""
        return replace(request, path=new.path.removeprefix(prefix) + query, params=())


def _refuse(reply: Reply, why: str) -> RedirectRefused:
    return RedirectRefused(
        f"{reply.method} {reply.url} was not followed: {why}, and the API key would go along",
        status=reply.status,
        code="redirect_refused",
        hint="Give the service's final address (https?) as url.",
        request_id=reply.headers.get("x-request-id", ""),
    )
