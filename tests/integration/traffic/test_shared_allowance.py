"""Many processes on one allowance: Zid refuses nothing, nearly everything is used, nobody starves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from core.domain.rate import SHARES, Traffic
from tests.integration.traffic.crowd import Crowd, unleash, zid

BURST_OVER = 20.0
"""Sandbox seconds after which the first burst is over."""
USED = 0.95


async def best_of_three(claim: Callable[[], Awaitable[None]]) -> None:
    """How much is used is measured beside whatever else the machine does: one good measurement shows it."""
    for _ in range(2):
        try:
            return await claim()
        except AssertionError as failed:
            print(f"measured again: {failed}")
    return await claim()


async def one_store(redis_url: str, *, processes: int, minutes: float, scale: float) -> None:
    """Every process presses with people and backfill for one store."""
    async with zid(scale, stores=1) as world:
        [store] = map(int, world.tokens)
        callers = [(store, Traffic.INTERACTIVE, 3), (store, Traffic.BACKFILL, 3)]
        begun, counts = await unleash(world, redis_url, Crowd(processes, minutes * 60 / scale, callers))
        served = world.served(since=begun + BURST_OVER, until=begun + minutes * 60)
    allowed = minutes * 60 - BURST_OVER
    assert {status for _, status in served} == {200}, "in steady state nothing is refused"
    assert allowed * USED <= served.total() <= allowed * 1.03
    backfill, people = counts[f"{store} BACKFILL"], counts[f"{store} INTERACTIVE"]
    assert backfill >= SHARES[Traffic.BACKFILL] * minutes * 60 * USED
    assert people >= backfill * 2, "what others leave goes to people first"
    assert counts["fallbacks"] == 0


async def many_stores(redis_url: str, *, stores: int, processes: int, minutes: float, scale: float) -> None:
    """Each store has its own allowance, also beside one that wants far more than its own."""
    async with zid(scale, stores) as world:
        greedy, *modest = map(int, world.tokens)
        callers = [(greedy, Traffic.HANDLER, 20), *((store, Traffic.HANDLER, 1) for store in modest)]
        begun, _ = await unleash(world, redis_url, Crowd(processes, minutes * 60 / scale, callers))
        served = world.served(since=begun + BURST_OVER, until=begun + minutes * 60)
    assert {status for _, status in served} == {200}
    own = minutes * 60 - BURST_OVER
    short = {store: served[store, 200] for store in (greedy, *modest) if served[store, 200] < own * USED}
    assert short == {}, f"of {own:g} each"
    assert served[greedy, 200] <= own * 1.03


async def test_processes_share_one_stores_allowance(redis_url: str) -> None:
    await best_of_three(lambda: one_store(redis_url, processes=3, minutes=1.5, scale=15))


async def test_each_store_has_its_own_allowance(redis_url: str) -> None:
    await best_of_three(lambda: many_stores(redis_url, stores=12, processes=1, minutes=1.0, scale=10))


@pytest.mark.prove
async def test_eight_processes_use_one_stores_allowance_for_three_minutes(redis_url: str) -> None:
    await one_store(redis_url, processes=8, minutes=3, scale=12)


@pytest.mark.prove
async def test_two_hundred_stores_at_once(redis_url: str) -> None:
    await many_stores(redis_url, stores=200, processes=2, minutes=1.5, scale=1)
