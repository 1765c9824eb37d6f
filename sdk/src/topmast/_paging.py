"""Lists that come in pages, read as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._clock import Deadline
from ._errors import BadAnswer
from ._messages import Params
from ._session import Session

PAGE = 1000  # the service's limit; fewer round trips than its default of 100


def pages(
    session: Session, path: str, params: Params = (), *, limit: int = PAGE, deadline: Deadline | None = None
) -> Iterator[dict[str, Any]]:
    """The pages of `path`, one request each, as they are asked for.

    The service's `next` is used as a cursor, never as an address: the key goes nowhere else.

    Raises
    ------
    BadAnswer
        A page that is no page, or a cursor seen before, which would never end.
    """
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        extra = (("limit", str(limit)), *((("cursor", cursor),) if cursor else ()))
        page = session.get(path, (*params, *extra), deadline=deadline)
        if not isinstance(page.get("items"), list):
            raise BadAnswer(f"GET {path} answered without items", method="GET", url=session.url + path)
        yield page
        cursor = page.get("next") or None
        if cursor is None:
            return
        if cursor in seen:
            raise BadAnswer(f"GET {path} came back to a page it had given", method="GET", url=session.url + path)
        seen.add(cursor)


def items(
    session: Session, path: str, params: Params = (), *, limit: int = PAGE, deadline: Deadline | None = None
) -> Iterator[dict[str, Any]]:
    """The entries of all pages; anything that is no object is passed over."""
    for page in pages(session, path, params, limit=limit, deadline=deadline):
        yield from (item for item in page["items"] if isinstance(item, dict))
