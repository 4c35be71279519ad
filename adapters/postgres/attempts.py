"""The table `attempts`: what every attempt came to. Rows are written by the statements that settle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres.connection import Connection
from adapters.postgres.storable_text import storable
from core.domain.attempts import AttemptEnd
from core.domain.events import Failure
from core.ids import EventId, WorkerId
from core.ports.ledger_reading import AttemptSummary

_OF_EVENT: Final = """
    SELECT handler, number, worker_id, started_at, ended_at, outcome, reason, failure FROM attempts
    WHERE event_id = $1 ORDER BY attempt_id
"""


def keep_unsettled(runs: str, end: AttemptEnd) -> str:
    """Inside a statement: an attempt of each row of `runs`, as it was before, that its worker did not settle."""
    return f"""
        INSERT INTO attempts (event_id, handler, number, worker_id, started_at, outcome)
        SELECT event_id, handler, attempts, worker_id, started_at, '{end}' FROM {runs}"""


async def attempts_of(connection: Connection, event_id: EventId) -> Sequence[AttemptSummary]:
    """In order of their ends."""
    return [_attempt(row) for row in await connection.fetch(_OF_EVENT, event_id)]


def failure_document(failure: Failure | None) -> dict[str, str | None] | None:
    """As `runs` and `attempts` keep it."""
    if failure is None:
        return None
    return {name: storable(getattr(failure, name)) for name in ("type", "message", "traceback")}


def _attempt(row: asyncpg.Record) -> AttemptSummary:
    failure = row["failure"]
    return AttemptSummary(
        row["handler"],
        row["number"],
        None if row["worker_id"] is None else WorkerId(row["worker_id"]),
        row["started_at"],
        row["ended_at"],
        AttemptEnd(row["outcome"]),
        row["reason"],
        Failure(failure["type"], failure["message"], failure["traceback"]) if failure else None,
    )
