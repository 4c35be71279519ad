"""What every attempt came to, in memory."""

from __future__ import annotations

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import RunRow
from core.domain.attempts import MIRROR, AttemptEnd
from core.domain.events import ClaimedEvent, Settlement
from core.ids import EventId
from core.ports.ledger_reading import AttemptSummary


def keep_run_attempt(database: MemoryDatabase, run: RunRow, settlement: Settlement) -> None:
    """Of a run as it was before it is settled."""
    shown = AttemptSummary(
        run.handler,
        run.attempts,
        run.worker,
        run.started_at,
        database.now(),
        settlement.end,
        settlement.reason,
        settlement.failure,
    )
    database.attempts.append((run.event_id, shown))


def keep_unsettled_attempt(database: MemoryDatabase, run: RunRow, end: AttemptEnd) -> None:
    """Of a run that its worker did not settle."""
    shown = AttemptSummary(run.handler, run.attempts, run.worker, run.started_at, database.now(), end, None, None)
    database.attempts.append((run.event_id, shown))


def keep_mirror_attempt(database: MemoryDatabase, event: ClaimedEvent, number: int, settlement: Settlement) -> None:
    """Of an event that the mirror stage put off."""
    shown = AttemptSummary(
        MIRROR,
        number,
        None,
        event.claimed_at,
        database.now(),
        settlement.end,
        settlement.reason,
        settlement.failure,
    )
    database.attempts.append((event.event_id, shown))


def attempts_of(database: MemoryDatabase, event_id: EventId) -> list[AttemptSummary]:
    return [shown for owner, shown in database.attempts if owner == event_id]
