"""Runs opened together settle together; a unit of work can be taken from a handler that does not stop."""

import asyncio
from contextlib import suppress

import pytest

from core.domain.event_states import EventState
from core.domain.events import ClaimedRun, Settlement
from core.errors import LostClaim, WaslError
from core.ids import EventId
from tests.contract.scenes import DEAD, DONE, claimed, detail, install, queued, run_states, settle, through_the_mirror
from tests.contract.worlds import EFFECT, LedgerWorld


async def runs_of(world: LedgerWorld, orders: int) -> tuple[list[EventId], list[ClaimedRun]]:
    ids = await queued(world, await install(world), *range(1, orders + 1))
    items = await through_the_mirror(world, ids, "courier")
    return ids, await claimed(world, await world.workers.join("consumer"), *items)


async def states(world: LedgerWorld, ids: list[EventId]) -> list[EventState]:
    return [(await run_states(world, event_id))["courier"] for event_id in ids]


async def test_their_effects_and_settlings_are_one(world: LedgerWorld) -> None:
    ids, runs = await runs_of(world, 3)
    async with world.runs.open(*runs) as scope:
        async with scope.unit_of_work as database:
            for run in runs:
                await database.execute(EFFECT, run.idempotency_key)
        assert await world.hands.effects() == []
        await scope.settle(DONE)
    assert len(await world.hands.effects()) == 3
    assert await states(world, ids) == [EventState.DONE] * 3
    assert [len((await detail(world, event_id)).attempts) for event_id in ids] == [1, 1, 1]


async def test_one_lost_claim_loses_all_of_them(world: LedgerWorld) -> None:
    ids, runs = await runs_of(world, 3)
    await settle(world, runs[1])
    async with world.runs.open(*runs) as scope:
        async with scope.unit_of_work as database:
            await database.execute(EFFECT, "of all")
        with pytest.raises(LostClaim):
            await scope.settle(DONE)
    assert await world.hands.effects() == []
    assert await states(world, ids) == [EventState.RUNNING, EventState.DONE, EventState.RUNNING]


@pytest.mark.parametrize("end", [EventState.WAITING, EventState.DEAD, EventState.CANCELLED])
async def test_any_other_end_drops_the_effects_of_all(world: LedgerWorld, end: EventState) -> None:
    ids, runs = await runs_of(world, 2)
    async with world.runs.open(*runs) as scope:
        async with scope.unit_of_work as database:
            await database.execute(EFFECT, "dropped")
        await scope.settle(Settlement(end, due_at=world.now()))
    assert await world.hands.effects() == []
    assert await states(world, ids) == [end, end]


async def test_what_they_free_is_told(world: LedgerWorld) -> None:
    ids = await queued(world, await install(world), 1, 2, 1, 2)
    items = await through_the_mirror(world, ids, "courier")
    runs = await claimed(world, await world.workers.join("consumer"), *items)
    assert len(runs) == 2
    async with world.runs.open(*runs) as scope:
        assert sorted(await scope.settle(DONE)) == sorted(items[2:])


async def test_a_revoked_unit_of_work_keeps_nothing_and_the_run_can_be_settled(world: LedgerWorld) -> None:
    [event_id], [run] = await runs_of(world, 1)
    refused = asyncio.Event()
    inside = asyncio.Event()
    go_on = asyncio.Event()

    async with world.runs.open(run) as scope:

        async def stubborn() -> None:
            async with scope.unit_of_work as database:
                await database.execute(EFFECT, "first")
                inside.set()
                await go_on.wait()
                try:
                    await database.execute(EFFECT, "second")
                except (RuntimeError, WaslError):
                    refused.set()

        task = asyncio.create_task(stubborn())
        await inside.wait()
        await scope.revoke()
        assert not scope.in_unit_of_work
        await scope.settle(DEAD)
        go_on.set()
        with suppress(RuntimeError, WaslError):
            await task
    assert refused.is_set()
    assert await world.hands.effects() == []
    assert await run_states(world, event_id) == {"courier": EventState.DEAD}


async def test_no_unit_of_work_begins_after_the_end(world: LedgerWorld) -> None:
    _, [run] = await runs_of(world, 1)
    async with world.runs.open(run) as scope:
        await scope.settle(DONE)
        with pytest.raises(RuntimeError, match="over"):
            await scope.unit_of_work.__aenter__()
    with pytest.raises(RuntimeError, match="over"):
        await scope.unit_of_work.__aenter__()
