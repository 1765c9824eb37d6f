"""What a DOI stands for, from DataCite's public REST API."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

import urllib3

from topmast_service.archive.bounded import TooLarge, TooSlow, body, retry_after
from topmast_service.archive.outgoing import Outgoing
from topmast_service.errors import DoiNotFound, UpstreamDown

LONGEST_ANSWER = 32 << 20
"""Bytes. A MAST DOI may list 10,000 observations, each some 150 bytes of JSON."""

CONNECT_TIMEOUT, SILENT_TIMEOUT = 10, 30

_GONE = frozenset({404, 410})


class DataCite:
    """DataCite's REST API.

    Parameters
    ----------
    url
        Its address, or the sandbox's.
    timeout
        Longest wait for one whole answer, in seconds.
    outgoing
        Where it may be.
    """

    def __init__(self, url: str, timeout: float, outgoing: Outgoing) -> None:
        self._url = url
        self._timeout = timeout
        waits = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=min(SILENT_TIMEOUT, timeout))
        self._pool = outgoing.pool(answer_within=timeout, timeout=waits, retries=False)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.clear()

    def metadata(self, doi: str) -> dict[str, Any]:
        """The attributes of a DOI (DataCite Metadata Schema 4), its own name among them.

        Raises
        ------
        DoiNotFound
            DataCite does not know it.
        UpstreamDown
            No answer, or one that is not DataCite's.
        AddressRefused
            It is where topmast does not call.
        """
        try:
            document = json.loads(self._body(f"{self._url}/dois/{quote(doi, safe='/')}", doi))
            return {**document["data"]["attributes"], "doi": doi}
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
            raise UpstreamDown(f"DataCite does not answer ({type(error).__name__}).") from error

    def _body(self, address: str, doi: str) -> bytes:
        until = time.monotonic() + self._timeout
        asks = {"Accept": "application/vnd.api+json"}
        answer = self._pool.request("GET", address, headers=asks, redirect=False, preload_content=False)
        try:
            if answer.status in _GONE:
                raise DoiNotFound(f"DataCite knows no DOI {doi}.")
            if answer.status != 200:
                raise UpstreamDown(f"DataCite answered HTTP {answer.status}.", retry_after=retry_after(answer.headers))
            return body(answer, until=until, most=LONGEST_ANSWER)
        except (TooLarge, TooSlow):
            raise UpstreamDown("DataCite's answer does not end.") from None
        finally:
            answer.close()
