"""Rows of `events` and `runs` as the values the core knows."""

from __future__ import annotations

from typing import Final

import asyncpg

from core.domain.event_states import Origin
from core.domain.events import ClaimedEvent, WorkItem, WorkKind
from core.ids import Entity, EntityKind, EventId, InstallId, Seq, StoreId

EVENT_COLUMNS: Final = """
    e.event_id, e.seq, e.store_id, e.install_id, e.topic, e.entity_kind, e.entity_id, e.body, e.received_at,
    e.origin, e.attempts, e.stale, e.tries, now() AS claimed_at, e.trace
"""


def claimed_event(row: asyncpg.Record) -> ClaimedEvent:
    """From EVENT_COLUMNS. A body that was dropped reads as empty."""
    return ClaimedEvent(
        EventId(row["event_id"]),
        Seq(row["seq"]),
        StoreId(row["store_id"]),
        InstallId(row["install_id"]),
        row["topic"],
        Entity(EntityKind(row["entity_kind"]), row["entity_id"]),
        row["body"] or b"",
        row["received_at"],
        Origin(row["origin"]),
        row["attempts"],
        row["stale"],
        row["tries"],
        row["claimed_at"],
        row["trace"],
    )


def event_item(row: asyncpg.Record) -> WorkItem:
    """From event_id and store_id."""
    return WorkItem(WorkKind.EVENT, str(row["event_id"]), StoreId(row["store_id"]))


def run_item(row: asyncpg.Record) -> WorkItem:
    """From run_id and store_id."""
    return WorkItem(WorkKind.RUN, str(row["run_id"]), StoreId(row["store_id"]))


def work_item(row: asyncpg.Record) -> WorkItem:
    """From kind, id (as text) and store_id."""
    return WorkItem(WorkKind(row["kind"]), row["id"], StoreId(row["store_id"]))
