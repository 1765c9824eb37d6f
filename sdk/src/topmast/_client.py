"""The client: one service, one key."""

from __future__ import annotations

import copy
import datetime as dt
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from ._account import Account
from ._baskets import Baskets
from ._choice import Choice
from ._clock import Clock
from ._config import checked_user, endpoint_settings, settings
from ._direct import mrp
from ._groups import Bundles, Jobs, Searches, search_body, search_options
from ._job import seconds
from ._keys import Keys
from ._lookups import Lookups
from ._plan import Plan
from ._progress import ProgressOption
from ._retry import RetryPolicy
from ._search import Search
from ._session import Session
from ._wait import wait_for

SILENCE = 30.0  # seconds within which any service says something
SEARCH_TIMEOUT = 600.0  # seconds; MAST itself gives a query ten minutes


class Client(Lookups, Account):
    """A topmast service, seen by one user. May be shared by threads.

    Parameters
    ----------
    url, api_key
        Where the service is and the key it gave. What is left out comes from ``TOPMAST_URL`` and
        ``TOPMAST_API_KEY``, then from ``~/.config/topmast/config.toml`` (``url`` and ``api_key``).
    timeout
        Seconds that the service may be silent within one try of one request.
    retry
        What is tried again, and how often.

    Attributes
    ----------
    searches, bundles, jobs, baskets, keys
        What the service keeps for this user.

    Raises
    ------
    ConfigError
        No address or no key is to be found.

    Examples
    --------
    >>> with topmast.Client() as client:  # doctest: +SKIP
    ...     found = client.search("m57 r=1m", mission="JWST", instrument_name="MIRI*")
    ...     job = client.bundle(found, sub_groups=["I2D"]).wait(timeout=3600, progress=True)
    ...     job.download("m57")
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = SILENCE,
        retry: RetryPolicy | None = None,
    ) -> None:
        found = settings(url, api_key)
        session = Session(
            found.url,
            found.api_key,
            retry=retry or RetryPolicy(),
            silence=timeout,
            clock=Clock(),
            version=_version(),
        )
        self._shares_connections = False
        self._speak_through(session)

    def _speak_through(self, session: Session) -> None:
        self._session = session
        self.searches = Searches(session)
        self.bundles = Bundles(session)
        self.jobs = Jobs(session)
        self.baskets = Baskets(session)
        self.keys = Keys(session)
        #: Start a bundle; wait for it with ``.wait()``. Short for `bundles.submit`, which has the parameters.
        self.bundle = self.bundles.submit

    @classmethod
    def from_endpoint(
        cls, path: str | os.PathLike[str], *, timeout: float = SILENCE, retry: RetryPolicy | None = None
    ) -> Self:
        """The service whose ``endpoint.json`` is at `path`, as ``topmast-service up`` writes it."""
        found = endpoint_settings(path)
        return cls(found.url, found.api_key, timeout=timeout, retry=retry)

    def on_behalf_of(self, user: str) -> Self:
        """A client that acts for `user`, for the back end of a portal: what it does is theirs, with their MAST token.

        It is cheap, so that each request of a portal can have its own: the connections are this client's, which stays
        as it is. Closing it closes nothing.

        Parameters
        ----------
        user
            A user of the service. The role of this client's key has to be ``portal``.

        Raises
        ------
        UsageError
            This cannot be a user's name.
        MissingRole, UnknownUser
            Once it asks for something: this key may not, or there is no such user.

        Examples
        --------
        >>> portal = topmast.Client()  # doctest: +SKIP
        >>> portal.on_behalf_of("carol").bundle("jw01558-o001_t001_miri_f1000w")  # doctest: +SKIP
        """
        acting = copy.copy(self)
        acting._shares_connections = True
        acting._speak_through(self._session.acting_for(checked_user(user)))
        return acting

    @property
    def url(self) -> str:
        """Where the service is."""
        return self._session.url

    def search(
        self,
        target: str | None = None,
        *,
        mission: str | None = None,
        collection: str = "observations",
        criteria: Mapping[str, Any] | None = None,
        expand: str | None = None,
        count_only: bool = False,
        max_age: float | dt.timedelta | None = None,
        label: str | None = None,
        timeout: float | dt.timedelta | None = SEARCH_TIMEOUT,
        progress: ProgressOption = False,
        **columns: Any,
    ) -> Search:
        """Search and wait for the result.

        Parameters
        ----------
        target
            A name or coordinates with a radius, as in MAST's own forms: ``"m57 r=1m"``, ``"283.396 33.029 r=30s"``.
        mission
            Short for ``obs_collection``.
        collection
            What is searched; `collections` lists them, `collection` has the form of one.
        criteria, **columns
            MAST's columns; all have to hold. Text (``"NIRCAM*"``), number, list (any of), ``(min, max)`` with None
            for an open end, ``{"not": …}``, None (no value). `criteria` is for names that Python does not allow.
        expand
            ``"observations"`` turns rows of keywords into the whole observations that they belong to.
        count_only
            Only how many rows there are: ``found.count``.
        max_age
            Seconds: an answer to the same question that is not older will do. By default MAST is asked.
        label
            A name of your own.
        timeout
            Seconds in all.

        Raises
        ------
        UsageError
            Nothing was asked, or a value is no criterion; nothing was sent.
        Invalid
            A column or target that the service cannot read, with the nearest names.
        JobFailed
            MAST does not know the target, or refused; ``error.code`` says which.
        WaitTimeout
            The time is over; the search goes on.
        """
        limit = self._session.clock.deadline(seconds(timeout))
        body = search_body(target, mission, collection, {**(criteria or {}), **columns})
        body |= search_options(expand, count_only, max_age, label)
        submitted = self.searches._submit(body, limit)
        return wait_for(submitted, self._session, limit, progress, raise_on_failure=True)

    def plan(
        self,
        origin: Any,
        *,
        label: str | None = None,
        timeout: float | dt.timedelta | None = SEARCH_TIMEOUT,
        progress: ProgressOption = False,
        **choice: Unpack[Choice],
    ) -> Plan:
        """What a bundle would hold and cost, before any byte moves; `Plan.bundle` then stages just that.

        The parameters are those of `bundles.submit`, which has them all.

        Raises
        ------
        JobFailed
            It cannot be planned; ``error.code`` says why.
        WaitTimeout
            The time is over; planning goes on.
        """
        limit = self._session.clock.deadline(seconds(timeout))
        submitted = self.bundles.plan(origin, label=label, **choice)
        return wait_for(submitted, self._session, limit, progress, raise_on_failure=True)

    def mrp(
        self,
        obs_id: str,
        path: str | os.PathLike[str],
        *,
        timeout: float | dt.timedelta | None = None,
        progress: ProgressOption = None,
    ) -> Path:
        """The Minimum Recommended Products of one observation as a zip at `path`.

        Its bundle of today is found, or begun and waited for; it is among your `bundles`.

        Parameters
        ----------
        obs_id
            MAST's obs_id, or an obsid.
        timeout
            Seconds in all; None for no limit.

        Raises
        ------
        JobFailed, WaitTimeout
            As for any bundle.
        """
        return mrp(self._session, obs_id, path, self._session.clock.deadline(seconds(timeout)), progress)

    def close(self) -> None:
        """Close the connections that this client made; jobs go on."""
        if not self._shares_connections:
            self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        acting = "".join(f".on_behalf_of({user!r})" for user in self._session.headers.values())
        return f"topmast.Client({self.url!r}){acting}"


def _version() -> str:
    try:
        return version("topmast")
    except PackageNotFoundError:  # run from a source tree
        return "0"
