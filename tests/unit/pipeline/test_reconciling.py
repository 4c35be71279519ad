"""The loop that reconciles: it schedules, reads, measures, and keeps nothing when it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.memory.metrics import RecordingMetrics
from core.domain.backfill import BackfillState
from core.domain.gaps import Gap
from entrypoints.background import reconciling
from entrypoints.background.loop import work_together
from entrypoints.background.reconciling import Reconciling
from tests.unit.pipeline.conftest import STORE, Pipeline
from tests.unit.pipeline.reconciled_world import Reconciled, order


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


async def test_what_is_due_is_read_and_what_was_missed_is_exported(
    pipeline: Callable[..., Pipeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "LOOK_EVERY", 0.01)
    world = await Reconciled(pipeline()).ready()
    await world.tell("order.create", order(1))
    world.orders(order(1), order(2), order(3), order(4))
    world.pipeline.clock.advance(2 * 3600)
    metrics, stop = RecordingMetrics(), asyncio.Event()
    world.worker = await world.pipeline.workers.join("scheduler")
    loops = Reconciling(world.reader(), world.reconciliations, world.gaps, metrics)
    task = asyncio.create_task(work_together(loops.loops(), stop))
    rows = world.reconciliations._rows
    await until(lambda: any(row.state is BackfillState.DONE for row in rows.values()))
    stop.set()
    await asyncio.wait_for(task, 20)
    install = world.install
    now = world.pipeline.clock.now()
    await world.gaps.open([Gap(STORE, install.install_id, None, now, now + timedelta(minutes=1), "restored")])
    await loops.measure()
    assert metrics.gauge("missed_webhooks_ratio", topic="order.create") == 0.75
    assert metrics.gauge("open_gaps") == 1
