"""Carrying out erasures beside a scheduler's other work."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.features.erase_data import EraseData
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

LOOK_EVERY = 5.0


def loops(parts: Daemon) -> Sequence[Work]:
    return [erasing(parts.features.erase())]


def erasing(erase: EraseData) -> Loop:
    """What is being erased at a stop is cut off: whoever finds it open goes on with it."""

    async def carry_out() -> None:
        for carried in await erase.run_open():
            erasure = carried.erasure
            level = log.info if carried.problem is None else log.warning
            level("erasure", erasure_id=erasure.erasure_id, store_id=erasure.store_id, problem=carried.problem)

    return Loop("erase", carry_out, LOOK_EVERY, cut_off=True)
