"""What is held about one customer: found by scanning a store's rows window by window, judged by core.domain.people.

The database only narrows down: a row is looked at when an id, an address or a number of the
person stands anywhere in its body.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
import orjson

from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.moves import BY_KEY, sql_list
from adapters.postgres.store_erasing import EMPTY_EVENT
from core.domain.documents import Document, sub, text
from core.domain.entities.catalogue import unwrap
from core.domain.erasures import Removed
from core.domain.event_states import EventState, sources_of
from core.domain.people import Person, folded_email, folded_phone
from core.domain.redaction import redacted_order
from core.ids import EntityKind, StoreId
from core.ports.erasing import PersonalData

WINDOW: Final = 2000
"""Rows that one statement looks at; most of them are of other people."""

# Escaped, bytes that are no text do not matter, and what is looked for is ASCII.
_MENTIONS: Final = """
    EXISTS (SELECT FROM (SELECT lower(encode(body, 'escape')) AS written) AS b, unnest($5::text[]) AS needle
            WHERE position(needle IN b.written) > 0)
"""
_EVENTS: Final = f"""
    SELECT event_id, seq, entity_kind, entity_id, topic, origin, state, received_at, body FROM events
    WHERE store_id = $1 AND seq > $2 AND seq <= $3 AND state <> 'erased'
        AND (entity_kind = 'customer' AND entity_id = ANY ($4) OR {_MENTIONS})
    ORDER BY seq
"""
_EVENTS_END: Final = """
    SELECT max(seq) FROM (SELECT seq FROM events WHERE store_id = $1 AND seq > $2 ORDER BY seq LIMIT $3) AS page
"""
_ROWS: Final = """
    SELECT entity_id, body FROM {table}
    WHERE store_id = $1 AND entity_id > $2 AND entity_id <= $3 AND ({owner} = ANY ($4) OR {mentions})
    ORDER BY entity_id
"""
_ROWS_END: Final = """
    SELECT max(entity_id) FROM (
        SELECT entity_id FROM {table} WHERE store_id = $1 AND entity_id > $2 ORDER BY entity_id LIMIT $3) AS page
"""

# A run that a worker is at keeps its event; what only waits is cancelled with it, so that a running event goes
# through cancelled to erased. Locked as settling does it: the runs before their event.
_HOLD_RUNS: Final = """
    SELECT event_id, state FROM runs WHERE event_id = ANY ($1) ORDER BY run_id FOR UPDATE SKIP LOCKED
"""
_COUNT_RUNS: Final = "SELECT event_id, count(*) AS runs FROM runs WHERE event_id = ANY ($1) GROUP BY event_id"
_ERASABLE: Final = f"state{BY_KEY} IN {sql_list(sources_of(EventState.ERASED) | {EventState.RUNNING})}"
_HOLD_EVENTS: Final = f"""
    SELECT event_id FROM events
    WHERE event_id = ANY ($1) AND {_ERASABLE}
    ORDER BY seq FOR UPDATE SKIP LOCKED
"""
_ERASE: Final = f"UPDATE events e SET {EMPTY_EVENT} WHERE event_id = ANY ($1) AND {_ERASABLE}"
_DROP_RUNS: Final = "DELETE FROM runs WHERE event_id = ANY ($1)"
_DROP_ATTEMPTS: Final = "DELETE FROM attempts WHERE event_id = ANY ($1)"

_IDENTITIES: Final = """
    SELECT entity_id, email, mobile FROM mirror_customers
    WHERE store_id = $1 AND NOT deleted AND (
        entity_id = ANY ($2) OR lower(btrim(email)) = ANY ($3)
        OR right(regexp_replace(mobile, '[^0-9]', '', 'g'), 9) = ANY ($4))
"""
_CONTACTS: Final = """
    SELECT body FROM mirror_orders WHERE store_id = $1 AND customer_id = ANY ($2) AND NOT deleted LIMIT 200
"""
_RECORDS: Final = "SELECT * FROM customer_records WHERE store_id = $1 AND customer_id = ANY ($2)"
_ATTEMPTS: Final = """
    SELECT handler, number, started_at, ended_at, outcome, reason, failure FROM attempts
    WHERE event_id = $1 ORDER BY attempt_id
"""
_REDACT_ORDER: Final = """
    UPDATE mirror_orders SET body = $3, customer_id = NULL, code = NULL WHERE store_id = $1 AND entity_id = $2
"""
_DELETE_ROW: Final = "DELETE FROM {table} WHERE store_id = $1 AND entity_id = ANY ($2)"
_DELETE_HASHES: Final = """
    DELETE FROM reconciled_rows WHERE store_id = $1 AND kind = 'customer' AND entity_id = ANY ($2)
"""
_DELETE_RECORDS: Final = "DELETE FROM customer_records WHERE store_id = $1 AND customer_id = ANY ($2)"
# Not the key: a repeat must not be done a second time. It gets an answer without content.
_EMPTY_ANSWERS: Final = f"""
    UPDATE idempotency_keys SET body = '{{}}', headers = '{{}}'
    WHERE store_id = $1 AND state = 'finished' AND length(body) > 2 AND {_MENTIONS.replace("$5", "$2")}
"""


@dataclass(frozen=True, slots=True)
class _Table:
    """A mirror table whose rows may be about a person, and the column that names its customer."""

    kind: EntityKind
    name: str
    owner: str

    @property
    def rows(self) -> str:
        return _ROWS.format(table=self.name, owner=self.owner, mentions=_MENTIONS)

    @property
    def end(self) -> str:
        return _ROWS_END.format(table=self.name)


_CUSTOMERS: Final = _Table(EntityKind.CUSTOMER, "mirror_customers", "entity_id")
_ORDERS: Final = _Table(EntityKind.ORDER, "mirror_orders", "customer_id")
_CARTS: Final = _Table(EntityKind.CART, "mirror_carts", "customer_id")


class PostgresPersonalData(PersonalData):
    """Events, mirror, records and kept answers of one store."""

    def __init__(self, pool: Pool, *, window: int = WINDOW) -> None:
        self._pool = pool
        self._window = window

    async def identify(self, store_id: StoreId, person: Person) -> Person:
        async with acquire(self._pool) as connection:
            named = [sorted(part) for part in (person.ids, person.emails, person.phones)]
            found = await connection.fetch(_IDENTITIES, store_id, *named)
            ids = person.ids | {row["entity_id"] for row in found}
            bodies = await connection.fetch(_CONTACTS, store_id, sorted(ids))
        buyers = [sub(unwrap(EntityKind.ORDER, _document(row["body"])), "customer") for row in bodies]
        emails = [row["email"] for row in found] + [text(buyer.get("email")) for buyer in buyers]
        phones = [row["mobile"] for row in found] + [text(buyer.get("mobile")) for buyer in buyers]
        return person.with_known(ids=ids, emails=_folded(folded_email, emails), phones=_folded(folded_phone, phones))

    async def held(self, store_id: StoreId, person: Person) -> Mapping[str, object]:
        return {
            "customer": [_content(row["body"]) async for row in self._mirrored(_CUSTOMERS, store_id, person)],
            "orders": [_content(row["body"]) async for row in self._mirrored(_ORDERS, store_id, person)],
            "carts": [_content(row["body"]) async for row in self._mirrored(_CARTS, store_id, person)],
            "record": await self._records(store_id, person),
            "events": [await self._event(row) async for row in self._events(store_id, person)],
        }

    async def erase(self, store_id: StoreId, person: Person) -> AsyncIterator[Removed]:
        """Events first, and the rest when none is busy: what is under way could bring rows back into the mirror."""
        busy = 0
        async for rows in _batches(self._events(store_id, person)):
            removed = await self._erase_events([row["event_id"] for row in rows])
            busy += removed.busy
            yield removed
        if busy:
            return
        async for row in self._mirrored(_ORDERS, store_id, person):
            yield await self._redact(store_id, row)
        for table in (_CARTS, _CUSTOMERS):
            async for rows in _batches(self._mirrored(table, store_id, person)):
                ids = [row["entity_id"] for row in rows]
                yield await self._execute(table.name, _DELETE_ROW.format(table=table.name), store_id, ids)
        yield await self._execute("reconciled_rows", _DELETE_HASHES, store_id, sorted(person.ids))
        yield await self._execute("customer_records", _DELETE_RECORDS, store_id, sorted(person.ids))
        yield await self._execute("idempotency_keys", _EMPTY_ANSWERS, store_id, list(person.needles))

    async def _events(self, store_id: StoreId, person: Person) -> AsyncIterator[asyncpg.Record]:
        after: object = 0
        while (end := await self._value(_EVENTS_END, store_id, after, self._window)) is not None:
            for row in await self._fetch(_EVENTS, store_id, after, end, sorted(person.ids), list(person.needles)):
                kind = EntityKind(row["entity_kind"]) if row["entity_kind"] else None
                if _owns(person, kind, row):
                    yield row
            after = end

    async def _mirrored(self, table: _Table, store_id: StoreId, person: Person) -> AsyncIterator[asyncpg.Record]:
        after: object = ""
        while (end := await self._value(table.end, store_id, after, self._window)) is not None:
            for row in await self._fetch(table.rows, store_id, after, end, sorted(person.ids), list(person.needles)):
                if _owns(person, table.kind, row):
                    yield row
            after = end

    async def _erase_events(self, ids: Sequence[object]) -> Removed:
        async with transaction(self._pool) as connection:
            free = await _hold(connection, ids)
            for statement in (_DROP_RUNS, _DROP_ATTEMPTS, _ERASE):
                await connection.execute(statement, free)
        return Removed("events", len(free), busy=len(ids) - len(free))

    async def _redact(self, store_id: StoreId, row: asyncpg.Record) -> Removed:
        body = orjson.dumps(redacted_order(_document(row["body"])))
        return await self._execute("mirror_orders", _REDACT_ORDER, store_id, row["entity_id"], body)

    async def _records(self, store_id: StoreId, person: Person) -> list[dict[str, object]]:
        return [dict(row) for row in await self._fetch(_RECORDS, store_id, sorted(person.ids))]

    async def _event(self, row: asyncpg.Record) -> dict[str, object]:
        attempts = [dict(attempt) for attempt in await self._fetch(_ATTEMPTS, row["event_id"])]
        shown = {name: row[name] for name in ("event_id", "topic", "origin", "state", "received_at")}
        return {**shown, "body": _content(row["body"]), "attempts": attempts}

    async def _execute(self, table: str, sql: str, *arguments: object) -> Removed:
        async with acquire(self._pool) as connection:
            return Removed(table, int((await connection.execute(sql, *arguments)).rpartition(" ")[2]))

    async def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with acquire(self._pool) as connection:
            return list(await connection.fetch(sql, *arguments))

    async def _value(self, sql: str, *arguments: object) -> object:
        async with acquire(self._pool) as connection:
            return await connection.fetchval(sql, *arguments)


async def _hold(connection: Connection, ids: Sequence[object]) -> list[object]:
    """Those of the events that nobody is at, locked with their runs."""
    free: dict[object, int] = {}
    running = set()
    for run in await connection.fetch(_HOLD_RUNS, ids):
        free[run["event_id"]] = free.get(run["event_id"], 0) + 1
        if run["state"] == "running":
            running.add(run["event_id"])
    all_runs = {row["event_id"]: row["runs"] for row in await connection.fetch(_COUNT_RUNS, ids)}
    wanted = [one for one in ids if one not in running and free.get(one, 0) == all_runs.get(one, 0)]
    return [row["event_id"] for row in await connection.fetch(_HOLD_EVENTS, wanted)]


async def _batches(rows: AsyncIterator[asyncpg.Record], size: int = 200) -> AsyncIterator[list[asyncpg.Record]]:
    batch: list[asyncpg.Record] = []
    async for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _folded(fold: Callable[[str], str], written: Sequence[str | None]) -> frozenset[str]:
    return frozenset(filter(None, (fold(one) for one in written if one)))


def _owns(person: Person, kind: EntityKind | None, row: asyncpg.Record) -> bool:
    """A body that nobody can read is theirs when it holds one of their needles, which the database has seen."""
    if kind is EntityKind.CUSTOMER and row["entity_id"] in person.ids:
        return True
    content = _content(row["body"])
    return person.owns(kind, content) if isinstance(content, dict) else isinstance(content, str)


def _content(body: bytes | None) -> object:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return body.decode(errors="replace") if body else None


def _document(body: bytes | None) -> Document:
    content = _content(body)
    return content if isinstance(content, dict) else {}
