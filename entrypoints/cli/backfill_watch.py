"""Asking for a backfill and watching it: the reading itself is done by schedulers."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Final

from core.domain.backfill import BackfillState, BackfillStatus, is_over
from core.features.backfill import AskForBackfill, BackfillRefused
from core.ids import EntityKind, StoreId
from entrypoints.cli.backfill_screen import Screen, screen_on
from entrypoints.cli.filters import ACTOR
from entrypoints.cli.output import Row
from entrypoints.failures import CommandFailed

BACKFILL_COLUMNS: Final = ("kind", "state", "read", "total", "percent", "per_minute", "reason")
LOOK_EVERY: Final = 0.3
PATIENCE: Final = 15.0
"""Seconds in which a scheduler that is running would have begun."""


async def ask_and_follow(
    ask: AskForBackfill, store_id: StoreId, kinds: Sequence[EntityKind], *, detach: bool
) -> Sequence[BackfillStatus]:
    """Queues them and, unless detached, shows how far they are until all are closed; how they stand then."""
    asked = await ask.request(store_id, kinds, actor=ACTOR)
    if isinstance(asked, BackfillRefused):
        raise CommandFailed(f"store {store_id} has no live install; `wasl stores list` shows those that have")
    if detach:
        return asked
    with screen_on(sys.stderr) as screen:
        return await _follow(ask, store_id, kinds, screen)


async def _follow(
    ask: AskForBackfill, store_id: StoreId, kinds: Sequence[EntityKind], screen: Screen
) -> Sequence[BackfillStatus]:
    hint_at = time.monotonic() + PATIENCE
    while True:
        statuses = [status for status in await ask.progress(store_id) if status.kind in kinds]
        screen.show(statuses)
        if is_over(statuses):
            return statuses
        if time.monotonic() >= hint_at and all(status.state is BackfillState.QUEUED for status in statuses):
            screen.say("nobody reads it yet: is `wasl scheduler` running? What was asked for is kept")
            hint_at = float("inf")
        await asyncio.sleep(LOOK_EVERY)


def backfill_row(status: BackfillStatus) -> Row:
    """A backfill as commands show it."""
    return {
        "kind": status.kind.value,
        "state": status.state.value,
        "read": status.read,
        "total": status.total,
        "percent": status.percent,
        "per_minute": status.per_minute,
        "seconds_left": None if status.time_left is None else round(status.time_left.total_seconds()),
        "pages": status.pages,
        "reason": status.reason,
        "requested_at": status.requested_at,
        "started_at": status.started_at,
        "finished_at": status.finished_at,
        "due_at": status.due_at,
    }
