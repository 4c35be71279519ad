"""What one bulk transaction writes: mirror rows, settled and derived events, stock movements, runs. In bulk each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

import orjson

from adapters.postgres.connection import Connection
from adapters.postgres.event_rows import run_item
from adapters.postgres.mirror_tables import MIRROR_TABLES
from adapters.postgres.moves import BY_KEY, leaving_for
from adapters.postgres.stock_ledger import write_movements
from core.domain.event_states import EventState
from core.domain.events import BatchResult, ClaimedEvent, DerivedEvent, SettledEvent, WorkItem
from core.domain.mirror import MirrorRow
from core.errors import Conflict
from core.ids import Entity, EntityKind, EventId, Seq, StoreId, lane_of

Keyed = tuple[StoreId, MirrorRow]

_SETTLE: Final = f"""
    UPDATE events e
    SET state = CASE WHEN given.runs = 0 THEN 'done' ELSE 'running' END,
        open_runs = given.runs, stale = given.stale, reason = NULL, due_at = NULL,
        settled_at = CASE WHEN given.runs = 0 THEN now() END
    FROM unnest($1::uuid[], $2::int[], $3::bool[]) AS given (event_id, runs, stale)
    WHERE e.event_id = given.event_id AND e.open_runs = 0
      AND e.state{BY_KEY} IN {leaving_for(EventState.RUNNING, EventState.DONE)}
"""

# New events in the order they were derived, each with its dedupe key and its count. They are past
# the mirror when they are born: running when handlers want them, done otherwise.
_DERIVE: Final = """
    WITH given AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                             $8::bigint[], $9::int[], $10::timestamptz[], $11::bytea[], $12::bytea[], $13::text[])
        WITH ORDINALITY AS g (event_id, parent_id, store_id, install_id, topic, entity_kind, entity_id,
                              lane, runs, received_at, body, key, trace, place)
    ),
    known AS (
        INSERT INTO dedupe (key, event_id, store_id, origin, expires_at)
        SELECT key, event_id, store_id, 'derived', now() + interval '3 days' FROM given
    ),
    counted AS (
        INSERT INTO intake (store_id, origin, accepted)
        SELECT store_id, 'derived', count(*) FROM given GROUP BY store_id
    )
    INSERT INTO events (event_id, parent_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane,
                        state, open_runs, received_at, settled_at, size, body, trace)
    SELECT event_id, parent_id, store_id, install_id, 'derived', topic, entity_kind, entity_id, lane,
           CASE WHEN runs = 0 THEN 'done' ELSE 'running' END, runs, received_at,
           CASE WHEN runs = 0 THEN now() END, length(body), body, trace
    FROM given ORDER BY place
    RETURNING event_id, seq
"""

_OPEN_RUNS: Final = """
    INSERT INTO runs (event_id, handler, store_id, install_id, lane, seq, state)
    SELECT event_id, handler, store_id, install_id, lane, seq, 'queued'
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
         WITH ORDINALITY AS g (event_id, handler, store_id, install_id, lane, seq, place)
    ORDER BY seq, place
    RETURNING run_id, store_id
"""


async def lock_mirror(
    connection: Connection, kind: EntityKind, keys: Sequence[tuple[StoreId, Entity]]
) -> dict[tuple[StoreId, Entity], MirrorRow]:
    """The rows of one kind that exist, locked."""
    table = MIRROR_TABLES[kind]
    stores, ids = [store_id for store_id, _ in keys], [entity.id for _, entity in keys]
    return dict(map(table.read, await connection.fetch(table.select_locked, stores, ids)))


async def write_mirror(connection: Connection, result: BatchResult) -> None:
    """Conflict when a row to insert is there by now: the transaction must not be committed then."""
    for kind, rows in _by_kind(result.inserts):
        tag = await connection.execute(MIRROR_TABLES[kind].insert, *MIRROR_TABLES[kind].arrays(rows))
        _expect(len(rows), tag, f"a {kind} row appeared since the batch looked")
    for kind, rows in _by_kind(result.updates):
        tag = await connection.execute(MIRROR_TABLES[kind].update, *MIRROR_TABLES[kind].arrays(rows))
        _expect(len(rows), tag, f"a {kind} row vanished since the batch looked")


async def settle(connection: Connection, settled: Sequence[SettledEvent]) -> None:
    """Conflict when one of them is no longer queued."""
    if settled:
        rows = [(event.event_id, len(event.handlers), event.stale) for event in settled]
        tag = await connection.execute(_SETTLE, *zip(*rows, strict=True))
        _expect(len(rows), tag, "an event of the batch was settled by somebody else")


async def write_derived(connection: Connection, derived: Sequence[DerivedEvent]) -> Mapping[EventId, Seq]:
    """The numbers they got, which grow in the order they were derived."""
    if not derived:
        return {}
    rows = await connection.fetch(_DERIVE, *zip(*map(_derived_row, derived), strict=True))
    await write_movements(connection, derived)
    return {EventId(row["event_id"]): Seq(row["seq"]) for row in rows}


def _derived_row(derived: DerivedEvent) -> tuple[object, ...]:
    parent, entity = derived.parent, derived.entity
    return (
        derived.event_id,
        parent.event_id,
        parent.store_id,
        parent.install_id,
        derived.topic,
        entity.kind.value,
        entity.id,
        lane_of(parent.store_id, entity),
        len(derived.handlers),
        parent.received_at,
        orjson.dumps(dict(derived.data)),
        sha256(derived.event_id.bytes).digest(),
        parent.trace,
    )


async def open_runs(
    connection: Connection, claimed: Sequence[ClaimedEvent], result: BatchResult, seqs: Mapping[EventId, Seq]
) -> Sequence[WorkItem]:
    """One queued run per event and handler, numbered in the order of their events."""
    events = {event.event_id: event for event in claimed}
    rows = [row for settled in result.settled for row in _runs_of_claimed(events[settled.event_id], settled)]
    rows += [row for derived in result.derived for row in _runs_of_derived(derived, seqs)]
    if not rows:
        return []
    return [run_item(row) for row in await connection.fetch(_OPEN_RUNS, *zip(*rows, strict=True))]


def _runs_of_claimed(event: ClaimedEvent, settled: SettledEvent) -> Iterator[tuple[object, ...]]:
    for handler in settled.handlers:
        lane = lane_of(event.store_id, event.entity, handler)
        yield event.event_id, handler, event.store_id, event.install_id, lane, event.seq


def _runs_of_derived(derived: DerivedEvent, seqs: Mapping[EventId, Seq]) -> Iterator[tuple[object, ...]]:
    parent = derived.parent
    for handler in derived.handlers:
        lane = lane_of(parent.store_id, derived.entity, handler)
        yield derived.event_id, handler, parent.store_id, parent.install_id, lane, seqs[derived.event_id]


def _by_kind(rows: Sequence[Keyed]) -> Iterable[tuple[EntityKind, list[Keyed]]]:
    """In one order everywhere, so that concurrent batches that insert the same rows do not deadlock."""
    found: defaultdict[EntityKind, list[Keyed]] = defaultdict(list)
    for keyed in rows:
        found[keyed[1].entity.kind].append(keyed)
    return sorted(found.items())


def _expect(rows: int, command_tag: str, problem: str) -> None:
    if int(command_tag.rpartition(" ")[2]) != rows:
        raise Conflict(problem)
