"""The records of baskets in Redis; what is in them lies in `basket_table`.

Keys: ``baskets:<owner>`` hash of all records of one user by id, so that a name or a place is taken in one step;
``baskets-end`` ``<owner>/<id>`` by the time when nobody has changed it for a year, and upkeep removes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from topmast_service.domain.basket import Basket
from topmast_service.errors import BasketExists, TooManyBaskets, UnknownBasket
from topmast_service.store.connection import PREFIX, Client, time_of
from topmast_service.store.jobs import IDEMPOTENCY_SECONDS

_ENDS = f"{PREFIX}baskets-end"


class BasketStore:
    """All baskets of this installation. Another user's basket does not exist."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    def create(self, owner: str, name: str, basket_id: str, most: int) -> Basket:
        """A new basket; the one that has this id already, when a request is repeated.

        Raises
        ------
        BasketExists
            The user has another basket of this name.
        TooManyBaskets
            The user has `most` of them.
        """
        now = time_of(self._redis)
        new = Basket(basket_id, owner, name, 1, now, now)

        def make(known: dict[str, Basket]) -> Basket:
            if basket_id in known:
                return known[basket_id]
            _check_name(known, new)
            if len(known) >= most:
                raise TooManyBaskets(f"You have {len(known)} baskets; {most} is the most here.")
            return new

        return self._change(owner, make)

    def get(self, owner: str, basket_id: str) -> Basket:
        """The basket as it is; `UnknownBasket` if the user has none of this id."""
        raw = self._redis.hget(f"{PREFIX}baskets:{owner}", basket_id)
        if raw is None:
            raise UnknownBasket(f"There is no basket {basket_id}.")
        return _load(raw)

    def of(self, owner: str) -> list[Basket]:
        """The user's baskets, those changed last first."""
        found = map(_load, self._redis.hvals(f"{PREFIX}baskets:{owner}"))
        return sorted(found, key=lambda basket: (basket.changed, basket.id), reverse=True)

    def change(self, owner: str, basket_id: str, function: Callable[[Basket], Basket]) -> Basket:
        """Apply a pure function to the record, exactly once on the latest; it is kept for another year from now.

        Raises
        ------
        UnknownBasket, BasketExists
            It is gone; another has the name.
        """
        now = time_of(self._redis)

        def make(known: dict[str, Basket]) -> Basket:
            if basket_id not in known:
                raise UnknownBasket(f"There is no basket {basket_id}.")
            changed = replace(function(known[basket_id]), changed=now)
            _check_name(known, changed)
            return changed

        return self._change(owner, make)

    def due(self, now: datetime) -> list[Basket]:
        """Some of those that nobody has changed for too long."""
        found = []
        for member in self._redis.zrangebyscore(_ENDS, "-inf", now.timestamp(), start=0, num=100):
            owner, _, basket_id = member.partition("/")
            if raw := self._redis.hget(f"{PREFIX}baskets:{owner}", basket_id):
                found.append(_load(raw))
            else:  # its record was lost
                self._redis.zrem(_ENDS, member)
        return found

    def remove(self, basket: Basket) -> None:
        """Forget the record; who repeats the request that made it is told so for a day."""
        with self._redis.pipeline() as pipe:
            pipe.set(f"{PREFIX}removed:{basket.id}", 1, ex=IDEMPOTENCY_SECONDS)
            pipe.hdel(f"{PREFIX}baskets:{basket.owner}", basket.id)
            pipe.zrem(_ENDS, f"{basket.owner}/{basket.id}")
            pipe.execute()

    def _change(self, owner: str, make: Callable[[dict[str, Basket]], Basket]) -> Basket:
        key = f"{PREFIX}baskets:{owner}"

        def step(pipe: Any) -> Basket:
            made = make({i: _load(raw) for i, raw in pipe.hgetall(key).items()})
            pipe.multi()
            pipe.hset(key, made.id, _dump(made))
            pipe.zadd(_ENDS, {f"{owner}/{made.id}": made.destruction.timestamp()})
            return made

        changed: Basket = self._redis.transaction(step, key, value_from_callable=True)
        return changed


def _check_name(known: dict[str, Basket], wanted: Basket) -> None:
    if any(other.name == wanted.name and other.id != wanted.id for other in known.values()):
        raise BasketExists(f"You have a basket named {wanted.name!r} already.")


def _dump(basket: Basket) -> str:
    times = {name: getattr(basket, name).isoformat() for name in ("created", "changed")}
    return json.dumps({**asdict(basket), **times})


def _load(raw: str) -> Basket:
    told = json.loads(raw)
    times = {name: datetime.fromisoformat(told[name]) for name in ("created", "changed")}
    return Basket(**{f.name: told[f.name] for f in fields(Basket)} | times)
