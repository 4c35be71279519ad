"""Reading backfills beside a daemon's other work: several stores at once, each page by page."""

from __future__ import annotations

import asyncio
import logging

import structlog

from core.domain.backfill import BackfillClaim, BackfillState
from core.features.backfill import BEHIND, ReadBackfills, Turn
from entrypoints.places import Places
from entrypoints.process import keep_doing, pause_or

log = structlog.get_logger()

AT_ONCE = 16
"""Stores read by one process at a time. Each mostly waits for Zid's allowance, and holds one page at most."""
LOOK_EVERY = 0.5
"""Seconds between looks while nothing is due."""


class Backfilling:
    """Runs until `stop` is set. What is being read then is left to whoever claims it next, at its page."""

    def __init__(self, backfills: ReadBackfills, *, at_once: int = AT_ONCE) -> None:
        self._backfills = backfills
        self._places = Places(at_once)
        self._reading: set[asyncio.Task[None]] = set()

    async def work(self, stop: asyncio.Event) -> None:
        try:
            await keep_doing("backfill", lambda: self._step(stop), stop=stop)
        finally:
            for task in self._reading:
                task.cancel()
            await asyncio.gather(*self._reading, return_exceptions=True)

    async def _step(self, stop: asyncio.Event) -> None:
        places = await self._places.take_all(wait=LOOK_EVERY)
        started = 0
        try:
            while started < places and (claim := await self._backfills.claim()):
                self._start(claim)
                started += 1
        finally:
            self._places.give_back(places - started)
        if places and not started:
            await pause_or(stop, LOOK_EVERY)

    def _start(self, claim: BackfillClaim) -> None:
        task = asyncio.create_task(self._read(claim), name=f"backfill {claim.kind} of {claim.store_id}")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, claim: BackfillClaim) -> None:
        try:
            tell(await self._backfills.read(claim))
        finally:
            self._places.give_back(1)


def _level(turn: Turn, state: BackfillState) -> int:
    if turn.lost or turn.unreadable or state is BackfillState.FAILED:
        return logging.WARNING
    return logging.DEBUG if turn.decided == BEHIND else logging.INFO


def tell(turn: Turn) -> None:
    """One line per turn: what was read, and what follows."""
    decided = turn.decided
    state = decided.state if decided else BackfillState.DONE
    log.log(
        _level(turn, state),
        "backfill_read",
        store_id=turn.claim.store_id,
        kind=turn.claim.kind.value,
        pages=turn.pages,
        rows=turn.rows,
        unreadable=turn.unreadable,
        outcome="lost" if turn.lost else state.value,
        reason=decided.reason if decided else None,
    )
