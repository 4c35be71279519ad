"""Events page by page: each look walks a bounded part of one index, so that no filter can make it slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from adapters.postgres.connection import Connection, Pool, acquire
from adapters.postgres.event_filters import Conditions
from adapters.postgres.event_summaries import SUMMARY_COLUMNS, event_summary
from adapters.postgres.moves import DEAD, UNFINISHED_OF_ANY_INSTALL, UNFINISHED_STATES, sql_list
from core.domain.event_states import UNFINISHED, EventState, Origin
from core.ids import EventId, Seq
from core.ports.event_search import Consequence, EventSearch, EventsFound, EventStory
from core.ports.ledger_reading import EventFilter, EventSummary

LOOK_AT: Final = 5_000
"""Rows that one look walks at most."""
FEW: Final = 5_000
"""So many unfinished events are sorted rather than searched for among the newest."""
CONSEQUENCES: Final = 50
_SET_ASIDE: Final = sql_list({EventState.CANCELLED, EventState.ERASED})
_LATE: Final = timedelta(minutes=10)
_SKEW: Final = timedelta(minutes=1)
"""By which clocks of machines may differ."""

# Ids are UUIDs of version 7: they begin with the millisecond at which they were made. The rows around a moment tell
# the numbers around it, whatever order they were written in; the exact times are compared afterwards.
_LAST_SEQ: Final = """
    SELECT max(seq) FROM (SELECT seq FROM events WHERE event_id < $1 ORDER BY event_id DESC LIMIT 1000) AS near
"""
_FIRST_SEQ: Final = """
    SELECT min(seq) FROM (SELECT seq FROM events WHERE event_id >= $1 ORDER BY event_id LIMIT 1000) AS near
"""

# In the order of an index that is not theirs, or the planner would sort all it believes there are.
_OPEN: Final = f"SELECT * FROM events WHERE {UNFINISHED_OF_ANY_INSTALL} ORDER BY install_id LIMIT {FEW + 1}"
COUNT_OPEN: Final = f"SELECT count(*) FROM ({_OPEN.replace('*', '1')}) AS open"

_COUNT_TOPIC: Final = "SELECT count(*) FROM (SELECT 1 FROM events WHERE topic = $1 LIMIT $2) AS few"

_EVENT: Final = f"SELECT {SUMMARY_COLUMNS}, e.parent_id FROM events e WHERE e.event_id = $1"
_SAME_ENTITY: Final = "e.entity_id = $1 AND e.store_id = $2 AND e.entity_kind = $3"
_EARLIER: Final = f"""
    SELECT {SUMMARY_COLUMNS} FROM events e WHERE {_SAME_ENTITY} AND e.seq < $4 ORDER BY e.seq DESC LIMIT $5
"""
_LATER: Final = f"SELECT {SUMMARY_COLUMNS} FROM events e WHERE {_SAME_ENTITY} AND e.seq > $4 ORDER BY e.seq LIMIT $5"
_BLOCKERS: Final = f"""
    SELECT {SUMMARY_COLUMNS} FROM events e
    WHERE {_SAME_ENTITY} AND e.seq < $4 AND e.state IN {UNFINISHED_STATES} ORDER BY e.seq LIMIT $5
"""
_CAME_OF: Final = f"""
    SELECT {SUMMARY_COLUMNS}, CASE WHEN e.origin = 'derived' THEN e.body END AS body
    FROM (SELECT * FROM events e WHERE {_SAME_ENTITY} AND e.seq > $4 ORDER BY e.seq LIMIT {FEW}) AS e
    WHERE e.parent_id = $5 ORDER BY e.seq LIMIT {CONSEQUENCES}
"""


@dataclass(frozen=True, slots=True)
class _Span:
    """Which numbers may match: above `after`, below `before`."""

    after: Seq | None
    before: Seq | None


class PostgresEventSearch(EventSearch):
    """Walks the narrowest index that the filter names; `look_at` rows of it at a time."""

    def __init__(self, pool: Pool, *, look_at: int = LOOK_AT) -> None:
        self._pool = pool
        self._look_at = look_at

    async def page(
        self, wanted: EventFilter, *, before: Seq | None = None, after: Seq | None = None, limit: int = 50
    ) -> EventsFound:
        async with acquire(self._pool) as connection:
            span = await _span(connection, wanted, _Span(after, before))
            if span is None:
                return EventsFound()
            if await _is_rare_topic(connection, wanted, self._look_at):
                found = await _of_topic(connection, wanted, span, self._look_at, limit + 1)
                return _cut(found, limit, None)
            if _is_open(wanted) and await connection.fetchval(COUNT_OPEN) <= FEW:
                return _cut(await _among_open(connection, wanted, span, limit + 1), limit, None)
            found = await _walk(connection, wanted, span, self._look_at, limit + 1)
            end = None if len(found) > limit else await _end_of_walk(connection, wanted, span, self._look_at)
        return _cut(found, limit, end)

    async def story(self, event_id: EventId, *, neighbours: int = 3) -> EventStory | None:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_EVENT, event_id)
            return None if row is None else await _story(connection, row, neighbours)


def _cut(found: Sequence[asyncpg.Record], limit: int, end: Seq | None) -> EventsFound:
    events = [event_summary(row) for row in found[:limit]]
    return EventsFound(events, events[-1].seq if len(found) > limit else end)


async def _span(connection: Connection, wanted: EventFilter, given: _Span) -> _Span | None:
    """Narrowed to the filter's times; None where nothing can be in it."""
    after, before = given.after, given.before
    if wanted.until is not None:
        last = await connection.fetchval(_LAST_SEQ, _first_id_of(wanted.until + _LATE))
        if last is None:
            return None
        before = Seq(last + 1) if before is None else min(before, Seq(last + 1))
    if wanted.since is not None:
        first = await connection.fetchval(_FIRST_SEQ, _first_id_of(wanted.since - _SKEW))
        if first is None:
            return None
        after = Seq(first - 1) if after is None else max(after, Seq(first - 1))
    return _Span(after, before)


def _first_id_of(moment: datetime) -> UUID:
    """No id that was made at this time or later sorts before it."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _is_open(wanted: EventFilter) -> bool:
    return wanted.state in UNFINISHED and wanted.entity_id is None


async def _is_rare_topic(connection: Connection, wanted: EventFilter, look_at: int) -> bool:
    """Of one store, and of a topic so rare that all its events can be looked at."""
    if wanted.store_id is None or wanted.topic is None or wanted.entity_id is not None:
        return False
    return bool(await connection.fetchval(_COUNT_TOPIC, wanted.topic, look_at + 1) <= look_at)


async def _of_topic(
    connection: Connection, wanted: EventFilter, span: _Span, look_at: int, limit: int
) -> Sequence[asyncpg.Record]:
    conditions = Conditions.of(wanted)
    conditions.require(_within(conditions, span))
    walked = f"SELECT * FROM events e WHERE e.topic = {conditions.number(wanted.topic)}"
    walked += f" ORDER BY e.seq DESC LIMIT {conditions.number(look_at)}"
    return await _matching(connection, walked, conditions, limit)


def _within(conditions: Conditions, span: _Span) -> str:
    parts = []
    if span.before is not None:
        parts.append(f"e.seq < {conditions.number(span.before)}")
    if span.after is not None:
        parts.append(f"e.seq > {conditions.number(span.after)}")
    return " AND ".join(["true", *parts])


def _key(conditions: Conditions, wanted: EventFilter) -> str:
    """What of the filter an index serves, in the order of arrival; the rarest where there are several."""
    match wanted:
        case EventFilter(entity_id=str(entity_id)):
            key = f"e.entity_id = {conditions.number(entity_id)}"
        case EventFilter(state=EventState.DEAD):
            key = f"e.state IN {DEAD}"
        case EventFilter(state=EventState.CANCELLED | EventState.ERASED):
            key = f"e.state IN {_SET_ASIDE}"
        case EventFilter(origin=Origin.REPLAY):
            key = "e.origin = 'replay'"
        case EventFilter(store_id=int(store_id)):
            key = f"e.store_id = {conditions.number(store_id)}"
        case EventFilter(topic=str(topic)):
            key = f"e.topic = {conditions.number(topic)}"
        case _:
            key = "true"
    return key


async def _walk(
    connection: Connection, wanted: EventFilter, span: _Span, look_at: int, limit: int
) -> Sequence[asyncpg.Record]:
    conditions = Conditions.of(wanted)
    walked = f"SELECT * FROM events e WHERE {_key(conditions, wanted)} AND {_within(conditions, span)}"
    walked += f" ORDER BY e.seq DESC LIMIT {conditions.number(look_at)}"
    return await _matching(connection, walked, conditions, limit)


async def _among_open(connection: Connection, wanted: EventFilter, span: _Span, limit: int) -> Sequence[asyncpg.Record]:
    conditions = Conditions.of(wanted)
    conditions.require(_within(conditions, span))
    return await _matching(connection, _OPEN, conditions, limit)


async def _matching(
    connection: Connection, walked: str, conditions: Conditions, limit: int
) -> Sequence[asyncpg.Record]:
    sql = f"SELECT {SUMMARY_COLUMNS} FROM ({walked}) AS e WHERE {conditions.sql} ORDER BY e.seq DESC"
    sql += f" LIMIT {conditions.number(limit)}"
    return list(await connection.fetch(sql, *conditions.arguments))


async def _end_of_walk(connection: Connection, wanted: EventFilter, span: _Span, look_at: int) -> Seq | None:
    """Where the walk ended for its length; None where it came to the end."""
    conditions = Conditions()
    where = f"{_key(conditions, wanted)} AND {_within(conditions, span)}"
    sql = f"SELECT e.seq FROM events e WHERE {where} ORDER BY e.seq DESC"
    sql += f" OFFSET {conditions.number(look_at - 1)} LIMIT 2"
    last_and_next = await connection.fetch(sql, *conditions.arguments)
    return Seq(last_and_next[0]["seq"]) if len(last_and_next) > 1 else None


async def _story(connection: Connection, row: asyncpg.Record, neighbours: int) -> EventStory:
    event, parent_id = event_summary(row), row["parent_id"]
    parent = await connection.fetchrow(_EVENT, parent_id) if parent_id else None
    own = EventStory(parent_id and EventId(parent_id), event_summary(parent) if parent else None)
    if event.entity_id is None:
        return own
    place = (event.entity_id, event.store_id, event.entity_kind, event.seq)
    came_of = await connection.fetch(_CAME_OF, *place, event.event_id)
    near = (*place, neighbours)
    return EventStory(
        own.parent_id,
        own.parent,
        derived=[Consequence(event_summary(one), one["body"]) for one in came_of if one["origin"] == Origin.DERIVED],
        replays=[event_summary(one) for one in came_of if one["origin"] == Origin.REPLAY],
        earlier=await _summaries(connection, _EARLIER, near),
        later=await _summaries(connection, _LATER, near),
        blockers=await _summaries(connection, _BLOCKERS, near) if event.state in UNFINISHED else (),
    )


async def _summaries(connection: Connection, sql: str, place: Sequence[object]) -> Sequence[EventSummary]:
    return [event_summary(row) for row in await connection.fetch(sql, *place)]
