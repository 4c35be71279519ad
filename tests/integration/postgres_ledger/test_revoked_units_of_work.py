"""A handler that sits in a statement when its time is over: its connection is cut, the pool stays whole."""

import asyncio

import pytest

from core.domain.event_states import EventState
from core.domain.events import Settlement
from tests.contract.postgres_world import postgres_world
from tests.contract.scenes import claimed, install, queued, run_states, through_the_mirror
from tests.contract.worlds import EFFECT
from tests.servers import Database


async def test_a_statement_under_way_is_cut_off_and_the_pool_stays_whole(database: Database) -> None:
    async with postgres_world(database) as world:
        ids = await queued(world, await install(world), *range(1, 13))
        items = await through_the_mirror(world, ids, "courier")
        runs = await claimed(world, await world.workers.join("consumer"), *items)
        for run in runs:  # more often than the pool has connections
            async with world.runs.open(run) as scope:
                begun = asyncio.Event()

                async def sits(run=run, scope=scope, begun=begun) -> None:
                    async with scope.unit_of_work as transaction:
                        await transaction.execute(EFFECT, run.idempotency_key)
                        begun.set()
                        await transaction.execute("SELECT pg_sleep(60)")

                task = asyncio.create_task(sits())
                await begun.wait()
                await asyncio.sleep(0)
                await scope.revoke()
                await scope.settle(Settlement(EventState.DEAD, reason="too long"))
                with pytest.raises(Exception):  # noqa: B017 - whatever the driver says of a cut connection
                    await task
        assert await world.hands.effects() == []
        for event_id in ids:
            assert await run_states(world, event_id) == {"courier": EventState.DEAD}
