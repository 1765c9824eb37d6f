"""What has arrived of a bundle that is still being made, fetched before the rest is there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future

from ._api_errors import NotFound
from ._clock import Deadline
from ._errors import TopmastError
from ._fetch import Wanted
from ._manifest import ManifestRow
from ._messages import Request
from ._reading import entries, members, whole
from ._report import DownloadedFile
from ._session import Session

log = logging.getLogger("topmast")

AT_ONCE = 1000

Outcome = tuple[DownloadedFile, Exception | None]
"""What became of a file, and the error if it did not come."""


class Arrivals:
    """Gives each file to `start` as soon as a look finds that it has arrived.

    A look that fails is no harm: there will be another, and in the end the manifest has everything.
    """

    def __init__(
        self, session: Session, box: str, deadline: Deadline, start: Callable[[Wanted], Future[tuple[str, Outcome]]]
    ) -> None:
        self._session, self._box, self._deadline, self._start = session, box, deadline, start
        self._known, self._over = 0, False
        self._started: dict[str, Future[tuple[str, Outcome]]] = {}

    @property
    def any(self) -> bool:
        """Whether something has arrived so far."""
        return bool(self._started)

    def look(self) -> None:
        """Begin to fetch what is new; raises what a thread could not deal with (a user's own callable)."""
        for future in list(self._started.values()):
            if future.done():
                future.result()
        try:
            while not self._over and self._page():
                pass
        except NotFound:
            self._over = True  # an older service, which knows no arrivals
        except TopmastError as error:
            log.debug("the arrivals of %s cannot be read now: %s", self._box, error)

    def fetched(self) -> dict[str, Outcome]:
        """What became of all that was begun, once that is over; by path."""
        return dict(future.result() for future in self._started.values())

    def _page(self) -> bool:
        """Begin with the files of one more answer; whether it had any."""
        asked = (("after", str(self._known)), ("limit", str(AT_ONCE)))
        page = self._session.once(Request("GET", f"{self._box}/arrivals", asked), self._deadline).json()
        rows = [ManifestRow.from_json(members(item)) for item in entries(page.get("items"))]
        for row in rows:
            if row.path not in self._started:
                self._started[row.path] = self._start(Wanted(row.path, row.size, row.sha256))
        before, self._known = self._known, whole(page.get("next")) or 0
        self._over = page.get("final") is True
        return bool(rows) and self._known > before
