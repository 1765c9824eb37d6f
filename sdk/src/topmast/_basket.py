"""A basket: files on a list, before they are a bundle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from ._api_errors import NotFound
from ._errors import BadAnswer, UsageError
from ._html import card, folded, size
from ._job import path_part, seconds
from ._messages import Params, Request
from ._paging import items
from ._progress import ProgressOption
from ._reading import entries, members, moment, text, whole
from ._search import Search
from ._session import Session
from ._source import source
from ._wait import wait_for
from ._where import Names, Where, row_params, where_texts

ADD_TIMEOUT = 600.0  # seconds; MAST lists the files of few observations at a time


@dataclass(frozen=True)
class Totals:
    """How many files, and their bytes.

    Attributes
    ----------
    count, bytes : int
        All files, each once.
    ticked, ticked_bytes : int
        Those that a bundle of this basket would have.
    barred : int
        Those that cannot be staged; each says `why_not`.
    listed : int
        Rows of MAST's lists that the files were, duplicates included.
    """

    count: int = 0
    bytes: int = 0
    ticked: int = 0
    ticked_bytes: int = 0
    barred: int = 0
    listed: int = 0

    @classmethod
    def from_json(cls, document: Any) -> Totals:
        """From the `totals` of a basket, or a node of its tree."""
        told = members(document)
        return cls(**{name: whole(told.get(name)) or 0 for name in cls.__dataclass_fields__})


class Basket:
    """A basket as its last answer showed it. Its verbs change it at the service, and bring this object up to date.

    (A job is a snapshot; a basket is what somebody holds and changes, so that one object stays the same basket.)

    Attributes
    ----------
    raw : dict
        The whole document, with members that this version does not know.
    listing : Search or None
        The last search that MAST was asked for this basket: its notes say what was left out.
    """

    def __init__(self, document: Mapping[str, Any], session: Session) -> None:
        self._session = session
        self.listing: Search | None = None
        self.raw: Mapping[str, Any] = {}
        self._take(document)

    @property
    def id(self) -> str:
        """``k_…``."""
        return text(self.raw.get("id"))

    @property
    def name(self) -> str:
        """Yours; no two of your baskets have the same."""
        return text(self.raw.get("name"))

    @property
    def version(self) -> int | None:
        """Grows with each change, also of what is in it."""
        return whole(self.raw.get("version"))

    @property
    def created(self) -> dt.datetime | None:
        """UTC."""
        return moment(self.raw.get("created"))

    @property
    def changed(self) -> dt.datetime | None:
        """UTC; a year later the basket is removed."""
        return moment(self.raw.get("changed"))

    @property
    def totals(self) -> Totals:
        """How many files are in it, and how many of them are ticked."""
        return Totals.from_json(self.raw.get("totals"))

    @property
    def missions(self) -> dict[str, Totals]:
        """The same of each mission: the top of the tree."""
        return {text(members(told).get("name")): Totals.from_json(told) for told in entries(self.raw.get("missions"))}

    def refresh(self) -> Self:
        """How it is now."""
        return self._take(self._session.get(self._path()))

    def add(
        self,
        origin: Any,
        *,
        where: Where = None,
        wait: bool = True,
        timeout: float | dt.timedelta | None = ADD_TIMEOUT,
        progress: ProgressOption = None,
    ) -> Self:
        """Put files in, each once: of observations what MAST lists, with its Minimum Recommended Products ticked.

        Files that you name (dataURIs, rows of a search of files, engineering samples) are all ticked.

        Parameters
        ----------
        origin
            A `Search` or its id, obs_ids or obsids, rows of a search, or dataURIs.
        where
            Of a search only these rows, as for `Search.rows`.
        wait
            False to go on while MAST lists the files: `listing` is the search to wait for, `refresh` shows them.
        timeout
            Seconds in all.

        Raises
        ------
        JobFailed
            MAST could not be asked, or the basket is full; nothing was added.
        WaitTimeout
            The time is over; the files come all the same.
        """
        body = {"from": source(origin)} | ({"where": where_texts(where)} if where is not None else {})
        return self._add(body, wait, timeout, progress)

    def add_series(self, mnemonics: str | Iterable[str], start: dt.datetime | str, end: dt.datetime | str) -> Self:
        """Put engineering data in: each mnemonic's samples from `start` to `end`, RFC 3339 or datetimes."""
        names = [mnemonics] if isinstance(mnemonics, str) else list(mnemonics)
        span = {"start": _time(start), "end": _time(end)}
        return self._add({"from": {"series": [{"mnemonic": name, **span} for name in names]}}, True, None, None)

    def tree(self, parent: str = "", *, where: Where = None) -> Iterator[dict[str, Any]]:
        """What lies under `parent`: missions; of ``JWST`` its observations; of ``JWST/<obs_id>`` its files.

        Yields
        ------
        dict
            ``name``, ``path`` (for the next level), ``count``, ``bytes``, ``ticked``, ``ticked_bytes``, ``barred``, and
            ``where``, which `tick`, `untick` and `remove` take.
        """
        return items(self._session, f"{self._path()}/items", (*row_params(where), ("parent", parent)))

    def items(self, *, where: Where = None, sort: Names = None, columns: Names = None) -> Iterator[dict[str, Any]]:
        """The files, with MAST's columns of a product, ``ticked`` and ``why_not``; parameters as for `Search.rows`."""
        return items(self._session, f"{self._path()}/items", row_params(where, sort, columns))

    def facets(self, columns: Names = None, *, where: Where = None, bins: int | None = None) -> dict[str, Any]:
        """How many files there are of each category, group, level, extension …; as `Search.facets`."""
        params = (*row_params(where, None, columns), *((("bins", str(bins)),) if bins is not None else ()))
        return self._session.get(f"{self._path()}/facets", params)

    def tick(self, *, where: Where = None) -> Self:
        """Tick the files that fit, or all; what cannot be staged stays unticked."""
        return self._change("PATCH", where, {"ticked": True})

    def untick(self, *, where: Where = None) -> Self:
        """Untick the files that fit, or all."""
        return self._change("PATCH", where, {"ticked": False})

    def remove(self, *, where: Where) -> Self:
        """Take the files that fit out of the basket; with None all of them."""
        return self._change("DELETE", where, None)

    def rename(self, name: str) -> Self:
        """Give it another name.

        Raises
        ------
        Conflict
            Another of your baskets has it.
        """
        return self._take(self._session.call(Request("PATCH", self._path(), json={"name": name})).json())

    def delete(self) -> None:
        """Remove it; one that is gone already is no error."""
        with suppress(NotFound):
            self._session.call(Request("DELETE", self._path()))

    def _add(
        self, body: dict[str, Any], wait: bool, timeout: float | dt.timedelta | None, progress: ProgressOption
    ) -> Self:
        limit = self._session.clock.deadline(seconds(timeout))
        answer = self._session.submit(f"{self._path()}/items", body, deadline=limit)
        if "basket" in answer:
            return self._take(members(answer["basket"]))
        self.listing = Search._received(answer, self._session)
        if not wait:
            return self
        self.listing = wait_for(self.listing, self._session, limit, progress, raise_on_failure=True)
        return self.refresh()

    def _change(self, method: str, where: Where, body: dict[str, bool] | None) -> Self:
        params: Params = row_params(where)
        request = Request(method, f"{self._path()}/items", params, json=body)
        return self._take(members(self._session.call(request).json().get("basket")))

    def _take(self, document: Mapping[str, Any]) -> Self:
        if not document.get("id"):
            raise BadAnswer("the answer is not a basket", url=self._session.url)
        self.raw = document
        return self

    def _path(self) -> str:
        return f"/v1/baskets/{path_part(self.id)}"

    def __repr__(self) -> str:
        told = self.totals
        return f"<Basket {self.id} {self.name!r} {told.ticked} of {told.count} files ticked>"

    def _repr_html_(self) -> str:
        told, head = self.totals, ("", "files", "bytes", "ticked", "bytes ticked", "cannot be staged")
        rows = [(name, *_shown(sums)) for name, sums in self.missions.items()]
        facts = [("id", self.id), ("files", f"{told.ticked} of {told.count} ticked"), ("bytes", size(told.bytes))]
        return card(f"Basket {self.name}", facts, folded(f"{len(rows)} missions", head, rows) if rows else "")


def _shown(told: Totals) -> tuple[object, ...]:
    return told.count, size(told.bytes), told.ticked, size(told.ticked_bytes), told.barred or ""


def _time(value: dt.datetime | str) -> str:
    # naive times are the user's local ones, as everywhere in Python
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    if not isinstance(value, str) or not value:
        raise UsageError("a time is needed", hint="As 2022-02-01T00:00:00Z, or a datetime.")
    return value
