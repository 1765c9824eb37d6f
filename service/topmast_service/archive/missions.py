"""Asks MAST's mission search (one row for each file set) through astroquery's MastMissions, with the limits it lacks.

What is added around the unmodified client of astroquery 0.4.11, each for a measured defect (mast-protocol §9, §16):

* timeouts on every socket and every answer, the column list's too, which it asks for with a bare ``requests.get``;
* one object for each job: shared by eight threads, 77 of 200 of its calls were right;
* pages by offset and limit until all announced rows are there: it stops after 5,000 with a warning;
* answers read as JSON: its tables crash on an answer without column descriptions and mask a real -999;
* a server's 500 is the server's fault: it says "invalid query" and throws the server's words away;
* it appends to the caller's list of columns; here each request has a list of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
from astroquery.exceptions import InvalidQueryError
from astroquery.exceptions import TimeoutError as AnsweredTooLate
from astroquery.mast.missions import MastMissionsClass

from topmast_service.archive.patience import PatientAdapter
from topmast_service.archive.portal import EMPTY_PAUSES, translated
from topmast_service.errors import RejectedByArchive, UpstreamDown

PAGE_ROWS = 5_000
"""Rows per page: the most that MAST gives at once."""

FILE_SET = "fileSetName"
"""The column that names a row of the JWST mission; pages are cut in its order."""

_LONGEST_WORDS = 300


class Missions:
    """One conversation with the mission search of JWST, for one job.

    Parameters
    ----------
    url
        MAST's address, or the sandbox's; nothing here knows which.
    timeout
        Longest wait for one answer, in seconds. There is no polling: MAST may be silent for 90 s.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._missions = MastMissionsClass(mission="jwst")
        api = self._missions._service_api_connection
        # astroquery freezes its address when it is imported; set anew, the mission makes its own of it (§13.4).
        api.SERVICE_URL = url
        self._missions.mission = "jwst"
        api.TIMEOUT = timeout
        self._session = api._session
        self._session.mount(url, PatientAdapter(timeout, silent=timeout))
        self._session.hooks["response"] = [_refuse]
        self._session.max_redirects = 0

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def columns(self) -> frozenset[str]:
        """The names of the columns that MAST has today.

        Raises
        ------
        UpstreamDown
            No answer, or one that is not a list of columns.
        """
        try:
            answer = self._session.get(f"{self._url}/search/util/api/v0.1/column_list", params={"mission": "jwst"})
            return frozenset(str(entry["column_name"]) for entry in answer.json())
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise translated(error, "column_list") from error

    def rows(
        self, conditions: Mapping[str, str], columns: Sequence[str], page_rows: int = PAGE_ROWS
    ) -> Iterator[dict[str, Any]]:
        """All rows that fit, a page at a time, in the order of their file sets; nothing found is asked for again.

        Parameters
        ----------
        conditions
            Values in MAST's syntax by column: ``{"program": "1558,2733"}``.
        columns
            Which cells to give; `FILE_SET` always comes along.

        Raises
        ------
        UpstreamDown
            No answer, an answer that is not one, or fewer rows than MAST itself announced.
        RejectedByArchive
            MAST understood and refused; its words are in `detail`.
        """
        asked = {
            "limit": page_rows,
            "select_cols": list(dict.fromkeys([*columns, FILE_SET])),
            "conditions": [{name: value} for name, value in conditions.items()],
            "sort_by": [FILE_SET],
            "sort_desc": [False],
        }
        answer, seen = self._first({**asked, "offset": 0}), 0
        while found := _rows(answer):
            yield from found
            seen += len(found)
            if seen >= _announced(answer, page_rows, seen):
                return
            answer = self._page({**asked, "offset": seen})
        if seen < _announced(answer, page_rows, seen):
            raise UpstreamDown(f"The mission search announced {answer['totalResults']} rows and gave {seen}.")

    def _first(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        for pause in EMPTY_PAUSES:
            if _rows(answer := self._page(asked)):
                return answer
            time.sleep(pause)
        return self._page(asked)

    def _page(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        api = self._missions._service_api_connection
        try:
            answer = api.missions_request_async("search", dict(asked)).json()
            if not isinstance(answer["results"], list):
                raise TypeError("results are no list")
        except (
            requests.RequestException,
            InvalidQueryError,
            AnsweredTooLate,
            ValueError,
            KeyError,
            TypeError,
        ) as error:
            raise _told(error) from error
        return dict(answer)


def _rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows, also where they come as lists of cells in the order of `info`."""
    names = [entry.get("name") or entry.get("column_name") for entry in answer.get("info") or ()]
    return [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in answer["results"]]


def _announced(answer: Mapping[str, Any], page_rows: int, seen: int) -> int:
    """How many rows there are; where MAST did not count, one more than seen as long as the pages are full."""
    total = answer.get("totalResults")
    return seen + (len(answer["results"]) >= page_rows) if total is None else int(total)


def _refuse(response: requests.Response, **_: Any) -> None:
    """Raise for an HTTP error here, before astroquery calls it an invalid query."""
    if not response.ok:
        response.content  # noqa: B018 - read to the end, it gives its connection back
        response.raise_for_status()


def _told(error: Exception) -> Exception:
    told = translated(error, "The mission search")
    response = getattr(error, "response", None)
    if not isinstance(told, RejectedByArchive) or response is None:
        return told
    return RejectedByArchive(f"{told.detail} {_words(response)}".strip())


def _words(response: requests.Response) -> str:
    """What MAST says of a question it refused."""
    try:
        said = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return ""
    return said[:_LONGEST_WORDS] if isinstance(said, str) and said.isprintable() else ""
