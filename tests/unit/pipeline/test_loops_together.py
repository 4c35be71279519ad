"""Background loops beside each other: what one of them suffers is its own."""

from __future__ import annotations

import asyncio

import pytest

from entrypoints import process
from entrypoints.background.loop import Loop, work_together


async def test_river_1161_a_loop_that_cannot_start_holds_up_no_other_and_starts_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There the first service that failed to start left the rest of the leader unstarted, until another was elected."""
    monkeypatch.setattr(process, "PAUSE_AFTER_FAILURE", 0.0)
    stop, began = asyncio.Event(), asyncio.Event()
    tries, others = 0, 0

    async def starts_at_the_third_try() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionError("a read that fails now and then")
        began.set()

    async def goes_on() -> None:
        nonlocal others
        others += 1

    loops = [Loop("shaky", starts_at_the_third_try, 0.001), Loop("steady", goes_on, 0.001)]
    async with asyncio.timeout(60):
        working = asyncio.create_task(work_together(loops, stop))
        await began.wait()
        seen = others
        while others == seen:
            await asyncio.sleep(0)
        stop.set()
        await working
    assert tries >= 3
