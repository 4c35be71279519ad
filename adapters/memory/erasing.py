"""Forgetting, in memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import EventRow
from core.domain.audit import AuditEntry
from core.domain.documents import Document, sub, text
from core.domain.erasures import Erasure, ErasureId, ErasureKind, ErasureLine, Removed
from core.domain.event_states import EventState
from core.domain.people import Person, folded_email, folded_phone
from core.domain.redaction import redacted_order
from core.domain.stores import LIVE
from core.ids import Entity, EntityKind, StoreId
from core.ports.erasing import ErasureLog, Erasures, PersonalData, StoreEraser

K = TypeVar("K")
V = TypeVar("V")


class MemoryErasures(Erasures):
    """A dict by id."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def ask(self, store_id: StoreId, person: Person | None, *, audit: AuditEntry) -> Erasure:
        for known in await self.open_ones(limit=len(self._database.erasures)):
            if (known.store_id, known.person) == (store_id, person):
                return known
        erasure_id = ErasureId(next(self._database.numbers))
        kind = ErasureKind.STORE if person is None else ErasureKind.CUSTOMER
        asked = Erasure(erasure_id, kind, store_id, self._database.now(), audit.actor, person)
        self._database.erasures[erasure_id] = asked
        self._database.note(audit)
        return asked

    async def open_ones(self, *, limit: int) -> Sequence[Erasure]:
        return [one for one in self._database.erasures.values() if one.finished_at is None][:limit]

    async def get(self, erasure_id: ErasureId) -> Erasure | None:
        return self._database.erasures.get(erasure_id)

    async def of_store(self, store_id: StoreId, *, limit: int = 50) -> Sequence[Erasure]:
        found = [one for one in self._database.erasures.values() if one.store_id == store_id]
        return found[::-1][:limit]

    async def count(self, erasure_id: ErasureId, removed: Sequence[Removed]) -> None:
        erasure = self._database.erasures[erasure_id]
        if erasure.finished_at is None:
            counts = dict(erasure.counts)
            for one in removed:
                counts[one.table] = counts.get(one.table, 0) + one.rows
            self._database.erasures[erasure_id] = replace(erasure, counts=counts)

    async def finish(self, erasure_id: ErasureId, *, audit: AuditEntry) -> bool:
        erasure = self._database.erasures[erasure_id]
        if erasure.finished_at is not None:
            return False
        self._database.erasures[erasure_id] = replace(erasure, finished_at=self._database.now(), person=None)
        self._database.note(replace(audit, details={**audit.details, **erasure.counts}))
        return True


class MemoryStoreEraser(StoreEraser):
    """Every dict that knows the store."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def erase(self, store_id: StoreId) -> AsyncIterator[Removed]:
        due = [event for event in self._events(store_id) if event.state is not EventState.RUNNING]
        for event in due:
            _empty(self._database, event)
        if due:
            yield Removed("events", len(due))
        for table, rows in _tables(self._database, store_id).items():
            for remove in rows:
                remove()
            if rows:
                yield Removed(table, len(rows))
        if self._is_named(store_id):
            self._unname(store_id)
            yield Removed("stores", 1)

    async def left(self, store_id: StoreId) -> Mapping[str, int]:
        counts = {table: len(rows) for table, rows in _tables(self._database, store_id).items()}
        counts["events"] = len(self._events(store_id))
        counts["stores"] = int(self._is_named(store_id))
        return {table: rows for table, rows in counts.items() if rows}

    def _events(self, store_id: StoreId) -> list[EventRow]:
        kept = (event for event in self._database.events.values() if event.store_id == store_id)
        return [event for event in kept if event.state is not EventState.ERASED]

    def _is_named(self, store_id: StoreId) -> bool:
        install = self._database.current_install(store_id)
        if install is None or install.state in LIVE:
            return False
        return (install.identity.title, install.identity.uuid, install.identity.url) != (_title(store_id), None, None)

    def _unname(self, store_id: StoreId) -> None:
        for install_id, install in self._database.installs.items():
            if install.store_id == store_id:
                nameless = replace(install.identity, title=_title(store_id), uuid=None, url=None, currency=None)
                self._database.installs[install_id] = replace(install, identity=nameless)


class MemoryPersonalData(PersonalData):
    """Events, mirror and records of one store."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def identify(self, store_id: StoreId, person: Person) -> Person:
        people = [d for kind, _, d in self._documents(store_id) if kind is EntityKind.CUSTOMER and _is(person, d)]
        ids = person.ids | {str(one["id"]) for one in people}
        buyers = [sub(d, "customer") for kind, _, d in self._documents(store_id) if kind is EntityKind.ORDER]
        named = [*people, *(buyer for buyer in buyers if text(buyer.get("id")) in ids)]
        emails = frozenset(folded_email(str(one["email"])) for one in named if one.get("email"))
        phones = frozenset(folded_phone(str(one["mobile"])) for one in named if one.get("mobile"))
        return person.with_known(ids=ids, emails=emails, phones=phones)

    async def held(self, store_id: StoreId, person: Person) -> Mapping[str, object]:
        mine = [(kind, document) for kind, _, document in self._documents(store_id) if person.owns(kind, document)]
        events = [event for event in self._events(store_id, person) if event.body is not None]
        return {
            "customer": [document for kind, document in mine if kind is EntityKind.CUSTOMER],
            "orders": [document for kind, document in mine if kind is EntityKind.ORDER],
            "carts": [document for kind, document in mine if kind is EntityKind.CART],
            "record": [self._database.records[key] for key in self._records(store_id, person)],
            "events": [{"event_id": event.event_id, "body": _content(event.body), "attempts": []} for event in events],
        }

    async def erase(self, store_id: StoreId, person: Person) -> AsyncIterator[Removed]:
        events = self._events(store_id, person)
        busy = [e for e in events if any(r.state is EventState.RUNNING for r in self._database.runs_of(e.event_id))]
        for event in events:
            if event not in busy:
                _empty(self._database, event)
        yield Removed("events", len(events) - len(busy), busy=len(busy))
        if busy:
            return
        for kind, entity, document in list(self._documents(store_id)):
            if person.owns(kind, document):
                yield self._forget(store_id, entity, document)
        for key in self._records(store_id, person):
            del self._database.records[key]
            yield Removed("customer_records", 1)
        yield Removed("idempotency_keys", self._empty_answers(store_id, person))

    def _empty_answers(self, store_id: StoreId, person: Person) -> int:
        emptied = 0
        for row in self._database.idempotency.values():
            answer = row.answer if row.store_id == store_id else None
            content = answer.body.decode(errors="replace").lower() if answer else ""
            if answer and len(content) > 2 and any(needle in content for needle in person.needles):
                row.answer = replace(answer, body=b"{}", headers={})
                emptied += 1
        return emptied

    def _forget(self, store_id: StoreId, entity: Entity, document: Document) -> Removed:
        row = self._database.mirror[store_id, entity]
        if entity.kind is not EntityKind.ORDER:
            del self._database.mirror[store_id, entity]
        else:
            body = json.dumps(redacted_order(document)).encode()
            columns = {**row.columns, "customer_id": None, "code": None}
            self._database.mirror[store_id, entity] = replace(row, body=body, columns=columns)
        return Removed(f"mirror_{entity.kind}s", 1)

    def _documents(self, store_id: StoreId) -> list[tuple[EntityKind, Entity, Document]]:
        rows = [(entity, row) for (owner, entity), row in self._database.mirror.items() if owner == store_id]
        found = [(entity.kind, entity, _content(row.body)) for entity, row in rows if not row.deleted]
        return [(kind, entity, document) for kind, entity, document in found if isinstance(document, dict)]

    def _events(self, store_id: StoreId, person: Person) -> list[EventRow]:
        kept = [event for event in self._database.events.values() if event.store_id == store_id]
        return [event for event in kept if event.state is not EventState.ERASED and _is_about(person, event)]

    def _records(self, store_id: StoreId, person: Person) -> list[tuple[StoreId, str]]:
        return [key for key in self._database.records if key[0] == store_id and key[1] in person.ids]


class MemoryErasureLog(ErasureLog):
    """A list of lines."""

    def __init__(self) -> None:
        self.lines: list[ErasureLine] = []

    async def append(self, line: ErasureLine) -> None:
        self.lines.append(line)

    async def since(self, at: datetime) -> Sequence[ErasureLine]:
        return [line for line in self.lines if line.at >= at]


def _title(store_id: StoreId) -> str:
    return f"Store {store_id}"


def _empty(database: MemoryDatabase, event: EventRow) -> None:
    if event.state is EventState.RUNNING:
        event.move(EventState.CANCELLED, now=database.now())
    event.move(EventState.ERASED, now=database.now())
    event.body, event.entity, event.parent_id, event.open_runs, event.dead_runs = None, None, None, 0, 0
    for run in database.runs_of(event.event_id):
        del database.runs[run.run_id]
    database.attempts = [one for one in database.attempts if one[0] != event.event_id]


def _tables(database: MemoryDatabase, store_id: StoreId) -> dict[str, list[Callable[[], object]]]:
    """What removes each row of the store, by table."""
    installs = {install_id for install_id, install in database.installs.items() if install.store_id == store_id}
    mirror = _removals(database.mirror, lambda key, _: key[0] == store_id)
    return {
        "runs": _removals(database.runs, lambda _, row: row.store_id == store_id),
        "mirror": mirror,
        "customer_records": _removals(database.records, lambda key, _: key[0] == store_id),
        "segments": _removals(database.segments, lambda key, _: key[0] == store_id),
        "stock_movements": [
            partial(database.movements.remove, one) for one in database.movements if one[0] == store_id
        ],
        "idempotency_keys": _removals(database.idempotency, lambda _, row: row.store_id == store_id),
        "gaps": _removals(database.gaps, lambda _, known: known.gap.store_id == store_id),
        "backfills": _removals(database.backfills, lambda key, _: key[0] in installs),
        "webhook_subscriptions": _removals(database.subscriptions, lambda key, _: key in installs),
        "refresh_intents": _removals(database.intents, lambda key, _: key[0] in installs),
        "refresh_due": _removals(database.refresh_due, lambda key, _: key in installs),
        "alerts": [partial(database.alerts.remove, row) for row in database.alerts if row.alert.store_id == store_id],
        "tokens": _removals(database.tokens, lambda key, _: key in installs),
        "data_keys": _removals(database.data_keys, lambda key, _: key in installs),
        "key_quarantine": _removals(database.quarantine, lambda key, _: key in installs),
    }


def _removals(table: MutableMapping[K, V], mine: Callable[[K, V], bool]) -> list[Callable[[], object]]:
    return [partial(table.pop, key) for key, row in table.items() if mine(key, row)]


def _content(body: bytes | None) -> object:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace") if body else None


def _is(person: Person, customer: Document) -> bool:
    """Whether whoever asks has named this customer of the mirror."""
    return (
        text(customer.get("id")) in person.ids
        or folded_email(text(customer.get("email")) or "") in person.emails
        or folded_phone(text(customer.get("mobile")) or "") in person.phones
    )


def _is_about(person: Person, event: EventRow) -> bool:
    if event.entity and event.entity.kind is EntityKind.CUSTOMER and event.entity.id in person.ids:
        return True
    content = _content(event.body)
    if isinstance(content, dict):
        return person.owns(event.entity.kind if event.entity else None, content)
    return isinstance(content, str) and any(needle in content.lower() for needle in person.needles)
