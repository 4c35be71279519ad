"""What is done twice, or never, in others' queues, on every ledger. Each test is named by the complaint it answers."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from core.domain.event_states import EventState
from core.domain.events import Receipt, Settlement
from core.errors import LostClaim
from tests.contract.scenes import claimed, delivery, install, order, queued, settle, state, through_the_mirror
from tests.contract.worlds import EFFECT, LedgerWorld


async def test_omni_958_the_same_event_at_the_same_moment_runs_one_automation(world: LedgerWorld) -> None:
    """There the second came 400 ms after the first, before anybody had looked."""
    live = await install(world)
    first = delivery(world, live, order(1), b"the same")
    repeats = [replace(first, event_id=world.ids.event_id()) for _ in range(8)]
    receipts = await asyncio.gather(*(world.inbox.accept(one) for one in (first, *repeats)))
    assert sorted(receipt is Receipt.ACCEPTED for receipt in receipts) == [False] * 8 + [True]
    [entered] = [one for one, receipt in zip((first, *repeats), receipts, strict=True) if receipt is Receipt.ACCEPTED]
    runs = await through_the_mirror(world, [entered.event_id], "automation")
    assert len(runs) == 1


async def test_accelerators_13_a_crash_on_the_way_neither_loses_nor_repeats_the_effect(world: LedgerWorld) -> None:
    """Marked before, it is lost; marked after, it is done twice. Here the effect and the mark are one commit."""
    [run] = await through_the_mirror(world, await queued(world, await install(world), 1), "automation")
    dying = await world.workers.join("consumer")
    [held] = await claimed(world, dying, run)
    with suppress(ConnectionResetError):
        async with world.runs.open(held) as scope, scope.unit_of_work as database:
            await database.execute(EFFECT, "done")
            raise ConnectionResetError("killed before the commit")
    await world.hands.expire_lease(dying)
    await world.maintenance.release_orphans()
    [again] = await claimed(world, await world.workers.join("consumer"), run)
    async with world.runs.open(again) as scope:
        async with scope.unit_of_work as database:
            await database.execute(EFFECT, "done")
        await scope.settle(Settlement(EventState.DONE))
    assert await world.hands.effects() == ["done"]
    assert await state(world, held.event.event_id) is EventState.DONE


async def test_outpost_64_a_failure_schedules_one_retry_whoever_else_looks(world: LedgerWorld) -> None:
    [run] = await through_the_mirror(world, await queued(world, await install(world), 1), "automation")
    [held] = await claimed(world, await world.workers.join("consumer"), run)
    again = Settlement(EventState.WAITING, reason="ValueError: no", due_at=world.now())
    await settle(world, held, again)
    with pytest.raises(LostClaim):
        await settle(world, held, again)
    released = await asyncio.gather(*(world.maintenance.release_due(limit=10) for _ in range(4)))
    assert [item for items in released for item in items] == [run]
    assert list(await world.maintenance.release_due(limit=10)) == []
