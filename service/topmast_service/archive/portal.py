"""Asks MAST's Portal services through astroquery, with the limits that astroquery 0.4.11 lacks.

What is added around the unmodified client, each for a measured defect:

* a timeout on every socket and on every answer as a whole, and a pause between identical polls (`patience.py`);
* one object per job, since its objects share state between threads;
* pages of 10,000 rows read as JSON, one at a time and once: its own tables of 200,000 rows took 1.15 GB, mask a real
  -999, and turn unknown types into a crash;
* no copy of every answer for a log that nobody reads, which would also hold the token;
* its eleven kinds of exception become three of ours.
"""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import requests
from astroquery.exceptions import RemoteServiceError
from astroquery.mast import MastClass

from topmast_service.archive.bounded import retry_after
from topmast_service.archive.patience import PatientAdapter
from topmast_service.archive.quiet import hush
from topmast_service.errors import RejectedByArchive, TopmastError, UpstreamDown

hush()

PAGE_ROWS = 10_000
"""Rows per page: some 40 MB while one is read, whatever the size of the whole."""

MOST_ROWS = 500_000
"""Rows that one query may have, by MAST's documentation of its API; beyond that the connection is reset."""

ROUND = 50_000
"""An answer of a multiple of so many rows is suspected of being cut off, and counted."""

EMPTY_PAUSES = (0.2, 1.0)
"""Seconds before an empty answer is asked for again; after the last one it is believed: MAST may mean "busy"."""

_PASSING = re.compile(r"deadlock|timeout|timed out|try again|temporar|connection|busy|unavailable", re.IGNORECASE)
"""What an ERROR says when it is the database's state, not the query, that is wrong (SQL Server's own words)."""

_CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
_NARROWER = "Add criteria, or search in parts (by t_min, by proposal_id); `count_only` tells how large each would be."


class Portal:
    """One conversation with the Portal, for one job.

    Parameters
    ----------
    url
        MAST's address, or the sandbox's; nothing here knows which.
    timeout
        Longest total wait for one page, polls included, in seconds.

    Attributes
    ----------
    tell_truncated
        Who is told, once, that MAST has more rows than it gives. With nobody to be told, that is an error.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._mast = MastClass()
        api = self._mast._portal_api_connection
        # astroquery freezes its addresses when it is imported; the instance's own attributes win (mast-protocol §13.4).
        api.MAST_REQUEST_URL = f"{url}/api/v0/invoke"
        api.COLUMNS_CONFIG_URL = f"{url}/portal/Mashup/Mashup.asmx/columnsconfig"
        api.TIMEOUT = timeout
        self._adapter = PatientAdapter(timeout)
        api._session.mount(url, self._adapter)
        api._session.hooks["response"] = [_parse_once]
        # A token must not follow a redirect to wherever it points, nor a POST become a GET without its query.
        api._session.max_redirects = 0
        self._session = api._session
        self._api, self._hurried = api, False
        self.tell_truncated: Callable[[str], None] | None = None

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def hurry(self, seconds: float) -> None:
        """From now on no page may take (much) longer than this, and what is empty is believed at once."""
        self._api.TIMEOUT, self._hurried = min(seconds, self._api.TIMEOUT), True
        self._adapter.hurry(seconds)

    def rows(self, service: str, params: Mapping[str, Any], page_rows: int = PAGE_ROWS) -> Iterator[dict[str, Any]]:
        """All rows of a query, a page at a time; an empty answer is asked for again before it is believed.

        Parameters
        ----------
        page_rows
            Rows per page; fewer than usual where a row has hundreds of columns.

        Raises
        ------
        UpstreamDown
            No answer, an answer that is not one, fewer rows than MAST itself announced, or more than it gives.
        RejectedByArchive
            MAST understood and refused; its words are in `detail`.
        """
        page, pages, seen = 1, 1, 0
        while page <= pages and seen < MOST_ROWS:
            ask = self._page if page > 1 else self._first
            answer = ask(service, params, page, page_rows)
            paging = answer.get("paging") or {}
            pages = int(paging.get("pagesFiltered") or 1)
            seen += len(answer["data"])
            yield from answer["data"]
            page += 1
        announced = int(paging.get("rowsFiltered") or seen)
        if seen != announced and (seen < MOST_ROWS or announced < seen):
            raise UpstreamDown(f"{service} announced {announced} rows and gave {seen}.")
        if seen and (announced > seen or seen % ROUND == 0):
            self._tell_cut_off(service, params, seen, announced)

    def _tell_cut_off(self, service: str, params: Mapping[str, Any], seen: int, announced: int) -> None:
        """MAST may cut an answer off and not say so: such an answer has a round number of rows."""
        there = max(announced, self.count(service, params)) if "filters" in params else announced
        if there > seen:
            self.cut_off(f"{service} gave {seen} of {there} rows, as many as one query may have.")

    def cut_off(self, reason: str) -> None:
        """Tell that MAST has more rows than it gave; with nobody to be told, that is an error (`UpstreamDown`)."""
        if self.tell_truncated is None:
            raise UpstreamDown(reason)
        self.tell_truncated(reason)

    def count(self, service: str, params: Mapping[str, Any]) -> int:
        """How many rows a query with `filters` has.

        Raises
        ------
        UpstreamDown, RejectedByArchive
            As for `rows`.
        """
        for pause in (*self._pauses(), None):
            (answer,) = self._page(service, {**params, "columns": "COUNT_BIG(*)"}, 1)["data"] or [{"": 0}]
            if (number := int(next(iter(answer.values())) or 0)) or pause is None:
                break
            time.sleep(pause)
        return number

    def _first(self, service: str, params: Mapping[str, Any], page: int, size: int) -> dict[str, Any]:
        try:
            for pause in self._pauses():
                if (answer := self._page(service, params, page, size))["data"]:
                    return answer
                time.sleep(pause)
            return self._page(service, params, page, size)
        except (UpstreamDown, RejectedByArchive) as failed:
            if isinstance(failed, RejectedByArchive) or isinstance(failed.__cause__, _CUT):
                self._refuse_too_many(service, params)
            raise

    def _pauses(self) -> Sequence[float]:
        return () if self._hurried else EMPTY_PAUSES

    def _refuse_too_many(self, service: str, params: Mapping[str, Any]) -> None:
        """A query with more rows than MAST gives is reset or refused, and waiting does not help it: then say so."""
        try:
            number = self.count(service, params) if "filters" in params else 0
        except TopmastError:
            return
        if number > MOST_ROWS:
            most = f"it gives {MOST_ROWS:,} at most in one answer"
            raise RejectedByArchive(f"{service} has {number:,} rows for this; {most}.", hint=_NARROWER)

    def _page(self, service: str, params: Mapping[str, Any], page: int, size: int = PAGE_ROWS) -> dict[str, Any]:
        try:
            answers = self._mast.service_request_async(service, dict(params), pagesize=size, page=page)
            answer: dict[str, Any] = answers[0].json()
            # The answer remembers what was read of it, and so itself: such a ring waits long for the collector.
            del answers[0].json
        except (requests.RequestException, RemoteServiceError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise translated(error, service) from error
        if answer.get("status") == "ERROR":
            said = str(answer.get("msg") or "no reason given")
            raise (UpstreamDown if _PASSING.search(said) else RejectedByArchive)(f"{service}: {said}")
        if not isinstance(answer.get("data"), list):
            raise UpstreamDown(f"{service} answered {answer.get('status')} without data.")
        return answer


def translated(error: Exception, service: str) -> TopmastError:
    """One of our errors for whatever the client raised; never its text, which may hold a URL or a cookie."""
    response: Any = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status is not None and 400 <= status < 500 and status not in {408, 429}:
        return RejectedByArchive(f"{service} answered HTTP {status}.")
    if status is not None:
        return UpstreamDown(f"{service} answered HTTP {status}.", retry_after=retry_after(response.headers))
    if isinstance(error, json.JSONDecodeError):
        return UpstreamDown(f"{service} answered with something that is not JSON (a maintenance page?).")
    return UpstreamDown(f"{service} does not answer ({type(error).__name__}).")


def _parse_once(response: Any, **_: Any) -> None:
    """The client reads the JSON for the status, and we for the rows; a large page takes a second each time."""
    response.json = functools.cache(response.json)
