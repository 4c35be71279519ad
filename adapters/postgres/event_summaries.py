"""Rows of `events` as lists show them."""

from __future__ import annotations

from typing import Final

import asyncpg

from core.domain.event_states import EventState, Origin
from core.ids import EntityKind, EventId, InstallId, Seq, StoreId
from core.ports.ledger_reading import EventSummary

SUMMARY_COLUMNS: Final = """
    e.event_id, e.seq, e.store_id, e.install_id, e.topic, e.entity_kind, e.entity_id, e.origin, e.state, e.reason,
    e.attempts, e.received_at, e.settled_at, e.due_at, e.size, e.stale
"""


def event_summary(row: asyncpg.Record) -> EventSummary:
    """From SUMMARY_COLUMNS."""
    return EventSummary(
        event_id=EventId(row["event_id"]),
        seq=Seq(row["seq"]),
        store_id=StoreId(row["store_id"]),
        install_id=InstallId(row["install_id"]),
        topic=row["topic"],
        entity_kind=EntityKind(row["entity_kind"]) if row["entity_kind"] else None,
        entity_id=row["entity_id"],
        origin=Origin(row["origin"]),
        state=EventState(row["state"]),
        reason=row["reason"],
        attempts=row["attempts"],
        received_at=row["received_at"],
        settled_at=row["settled_at"],
        due_at=row["due_at"],
        size=row["size"],
        stale=row["stale"],
    )
