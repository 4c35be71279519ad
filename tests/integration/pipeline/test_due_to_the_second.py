"""What is snoozed or put off comes when it is due: never before, and on a machine that keeps up within the second."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

from core.domain.event_states import EventState, Origin
from entrypoints.background import sweeping
from entrypoints.background.loop import work_together
from tests.integration.pipeline import punctual_app
from tests.integration.pipeline.scene import working
from tests.servers import Database

SECOND = timedelta(seconds=1)


async def test_snoozed_and_put_off_runs_start_within_a_second_of_their_time_and_never_early(
    database: Database, redis_url: str
) -> None:
    async with working(database, redis_url, handlers=punctual_app.__name__) as scene:
        stop = asyncio.Event()
        sweeps = asyncio.create_task(work_together(sweeping.loops(scene.parts), stop))
        await scene.deliver("category.create", json.dumps({"id": 1, "name": "قهوة"}).encode())
        ledger = await scene.settled()
        stop.set()
        await sweeps
        assert ledger.of(Origin.ZID).count(EventState.DONE) == 1
        for handler, dues in punctual_app.dues.items():
            started = scene.rows("SELECT started_at FROM attempts WHERE handler = %s ORDER BY started_at", handler)
            assert len(started) == len(dues) + 1
            delays = [at - due for (at,), due in zip(started[1:], dues, strict=True)]
            assert min(delays) >= timedelta(0), handler
            assert min(delays) <= SECOND, handler
