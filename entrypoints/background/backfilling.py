"""Reading backfills beside a daemon's other work: several stores at once, each page by page."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import structlog

from core.domain.backfill import BackfillClaim, BackfillState
from core.features.backfill import BEHIND, ReadBackfills, Turn
from entrypoints.background.claimed_turns import ClaimedTurns
from entrypoints.background.loop import Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

AT_ONCE = 16
"""Stores read by one process at a time. Each mostly waits for Zid's allowance, and holds one page at most."""
LOOK_EVERY = 0.5
"""Seconds between looks while nothing is due."""


def loops(parts: Daemon) -> Sequence[Work]:
    return [backfilling(parts.features.read_backfills())]


def backfilling(backfills: ReadBackfills, *, at_once: int = AT_ONCE) -> ClaimedTurns[BackfillClaim]:
    """What is being read at a stop is left to whoever claims it next, at its page."""

    async def read(claim: BackfillClaim) -> None:
        tell(await backfills.read(claim))

    return ClaimedTurns("backfill", claim=backfills.claim, turn=read, at_once=at_once, look_every=LOOK_EVERY)


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
