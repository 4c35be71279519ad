"""What everybody who counts visitors promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from adapters.memory.system import ManualClock
from adapters.postgres.doors import PostgresDoorKeeper
from adapters.process.local_rate import LocalDoorKeeper
from adapters.redis.connection import open_redis
from adapters.redis.doors import RedisDoorKeeper
from core.domain.doors import Door, allowance_of
from core.domain.rate import LEAST_BURST, Allowance
from core.ports.doors import DoorKeeper
from tests.contract.two_pools import two_pools

# Real time passes on the servers: visits are a minute apart, so that a slow machine makes none fall due meanwhile.
SELDOM = allowance_of(1)
OFTEN = Allowance(120, most_at_once=1)
"""Half a second apart, so that a slow machine, too, knocks faster than that."""
VISITOR = "address 192.0.2.7"


@dataclass
class Keepers:
    """A keeper, the same as another process sees it, a way to let time pass, and what is kept as text."""

    keeper: DoorKeeper
    other: DoorKeeper
    sleep: Callable[[float], Awaitable[None]]
    kept: Callable[[], Awaitable[str]]

    async def fill(self, door: Door = Door.READ, visitor: str = VISITOR) -> int:
        """Knocks until refused; how often it was let in."""
        count = 0
        while not await self.keeper.knock(door, visitor, SELDOM):
            count += 1
        return count


@pytest.fixture(params=["local", "redis", "postgres"])
async def keepers(request: pytest.FixtureRequest) -> AsyncIterator[Keepers]:
    match request.param:
        case "local":
            clock = ManualClock()
            local = LocalDoorKeeper(clock)

            async def nothing() -> str:
                return f"{local.remembered} known"

            yield Keepers(local, local, clock.sleep, nothing)
        case "redis":
            url = request.getfixturevalue("redis_url")
            ours, theirs = open_redis(url), open_redis(url)

            async def keys() -> str:
                return " ".join([key async for key in ours.writer.scan_iter("*")])

            yield Keepers(RedisDoorKeeper(ours), RedisDoorKeeper(theirs), asyncio.sleep, keys)
            await ours.aclose()
            await theirs.aclose()
        case _:
            async with two_pools(request.getfixturevalue("database")) as (pool, second):

                async def rows() -> str:
                    return str(await pool.fetchval("SELECT string_agg(key, ' ') FROM rate_levels"))

                yield Keepers(PostgresDoorKeeper(pool), PostgresDoorKeeper(second), asyncio.sleep, rows)


async def test_the_first_visits_go_on_and_then_a_wait_is_told(keepers: Keepers) -> None:
    assert await keepers.fill() == LEAST_BURST
    assert 0 < await keepers.keeper.knock(Door.READ, VISITOR, SELDOM) <= 5 * 60


async def test_processes_share_one_count(keepers: Keepers) -> None:
    await keepers.fill()
    assert await keepers.other.knock(Door.READ, VISITOR, SELDOM) > 0


async def test_doors_and_visitors_do_not_share(keepers: Keepers) -> None:
    await keepers.fill()
    assert await keepers.keeper.knock(Door.WRITE, VISITOR, SELDOM) == 0
    assert await keepers.keeper.knock(Door.READ, "address 192.0.2.8", SELDOM) == 0


async def test_who_waits_may_come_again(keepers: Keepers) -> None:
    while not (wait := await keepers.keeper.knock(Door.PAGE, VISITOR, OFTEN)):
        pass
    await keepers.sleep(wait)
    assert await keepers.keeper.knock(Door.PAGE, VISITOR, OFTEN) == 0


async def test_a_quarter_of_a_large_allowance_may_come_at_once(keepers: Keepers) -> None:
    waits = [await keepers.keeper.knock(Door.READ, VISITOR, allowance_of(240)) for _ in range(60)]
    assert not any(waits)


async def test_what_is_kept_names_no_visitor(keepers: Keepers) -> None:
    await keepers.fill(Door.READ, "key the-shop-of-somebody")
    kept = await keepers.kept()
    assert kept
    assert "somebody" not in kept


async def test_ever_new_visitors_fill_no_memory() -> None:
    keeper = LocalDoorKeeper(ManualClock(), most=100)
    for number in range(1000):
        await keeper.knock(Door.PAGE, f"address {number}", SELDOM)
    assert keeper.remembered <= 100
