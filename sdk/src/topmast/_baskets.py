"""The client's baskets."""

from __future__ import annotations

from ._basket import Basket
from ._errors import UsageError
from ._job import path_part
from ._session import Session
from ._source import BASKET_ID


class Baskets:
    """Baskets of this client's user."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, name: str) -> Basket:
        """Begin a basket.

        Raises
        ------
        Conflict
            You have one of this name, or as many as the service keeps for one user.
        """
        return Basket(self._session.submit("/v1/baskets", {"name": name}), self._session)

    def list(self) -> list[Basket]:
        """All of them, those changed last first."""
        found = self._session.get("/v1/baskets").get("items", [])
        return [Basket(entry, self._session) for entry in found if isinstance(entry, dict)]

    def get(self, id_or_name: str) -> Basket:
        """The basket with this id, or with this name.

        Raises
        ------
        NotFound, UsageError
            There is none.
        """
        if BASKET_ID.fullmatch(id_or_name):
            return Basket(self._session.get(f"/v1/baskets/{path_part(id_or_name)}"), self._session)
        known = {basket.name: basket for basket in self.list()}
        if id_or_name not in known:
            names = ", ".join(known) or "none yet"
            raise UsageError(f"you have no basket named {id_or_name!r}", hint=f"Yours: {names}.")
        return known[id_or_name]
