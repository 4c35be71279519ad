"""Every process's view of one allowance per store, kept in Redis and reckoned on its clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, cast

from adapters.redis.connection import RedisClients, driver_errors
from core.domain.rate import MOST_TOLD, REMEMBERED, Allowance, Bucket, HeldBack, Traffic, believed, held_back
from core.ids import StoreId
from core.ports.guards import RateLimiter

# The tag keeps one store on one cluster node and spreads stores over the nodes.
_KEY: Final = "wasl:rate:{%s:%d}"
_REFUSED: Final = "wasl:rate-refused:%s"
"""The stores that Zid refused lately, by the server's time of the refusal."""
_FIELDS: Final = ("level", "at", "trust", "closed_until")


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What the script answered: the wait, and the server's time it reckoned with."""

    wait: float
    now: float


class RateScript:
    """The rules on one hash per key, gone once it has been quiet. Raises Unavailable while Redis is away."""

    def __init__(self, clients: RedisClients) -> None:
        script = files("adapters.redis") / "scripts" / "rate.lua"
        self._line = clients.line
        self._script = clients.writer.register_script(script.read_text())

    async def run(self, key: str, allowance: Allowance, verb: str, argument: float | str) -> Reckoned:
        """Goes the driver's way until the server knows the script."""
        given = (verb, argument, allowance.per_minute, allowance.most_at_once)
        answer = await self._line.ask("EVALSHA", self._script.sha, 1, key, *given)
        if answer is None:
            with driver_errors():
                answer = await self._script([key], given)
        wait, now = cast("tuple[str, str]", answer)
        return Reckoned(float(wait), float(now))


class RedisRateLimiter(RateLimiter):
    """One hash per store, gone once the store has been quiet. Raises Unavailable while Redis is away.

    `app` tells apart the applications that share a Redis: Zid counts per application and store.
    """

    def __init__(self, clients: RedisClients, allowance: Allowance, *, app: str = "app") -> None:
        self._clients = clients
        self._script = RateScript(clients)
        self._allowance = allowance
        self._app = app

    async def take(self, store_id: StoreId, traffic: Traffic) -> float:
        return (await self.reckon_take(store_id, traffic)).wait

    async def learn(self, store_id: StoreId, retry_after: float | None) -> None:
        await self.reckon_learn(store_id, retry_after)

    async def reckon_take(self, store_id: StoreId, traffic: Traffic) -> Reckoned:
        """A take, with the time it was reckoned at."""
        return await self._run(store_id, "take", int(traffic))

    async def reckon_learn(self, store_id: StoreId, retry_after: float | None) -> Reckoned:
        """A lesson, with the time it was reckoned at."""
        named = believed(retry_after)
        learned = await self._run(store_id, "learn", "" if named is None else named)
        await self._note(store_id, learned.now)
        return learned

    async def held_back(self) -> Sequence[HeldBack]:
        refused = _REFUSED % self._app
        with driver_errors():
            seconds, micros = await self._clients.writer.time()
            now = seconds + micros / 1_000_000
            named = await self._clients.writer.zrevrangebyscore(refused, "+inf", now - REMEMBERED, 0, MOST_TOLD)
            stores = sorted(StoreId(int(name)) for name in cast("list[str]", named))
            found = await asyncio.gather(*(self._read(store_id, now) for store_id in stores))
        return [one for one in found if one]

    async def _read(self, store_id: StoreId, now: float) -> HeldBack | None:
        kept = await self._clients.writer.hmget(_KEY % (self._app, store_id), list(_FIELDS))
        if None in kept:
            return None
        level, at, trust, closed_until = (float(value) for value in cast("list[str]", kept))
        nothing = (0.0, 0.0, 0.0)
        bucket = Bucket(level, at, nothing, trust=trust, closed_until=closed_until)
        return held_back(store_id, bucket, self._allowance, now)

    async def _note(self, store_id: StoreId, now: float) -> None:
        refused = _REFUSED % self._app
        with driver_errors():
            await self._clients.writer.zadd(refused, {str(store_id): now})
            await self._clients.writer.zremrangebyscore(refused, "-inf", now - REMEMBERED)
            await self._clients.writer.expire(refused, int(REMEMBERED))

    async def _run(self, store_id: StoreId, verb: str, argument: float | str) -> Reckoned:
        return await self._script.run(_KEY % (self._app, store_id), self._allowance, verb, argument)
