"""The courier app's handlers, without any server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import structlog

from adapters.memory.runs import MemoryAppTransaction
from adapters.memory.zid_gateway import ScriptedGateway
from core.domain.documents import Document
from core.domain.event_states import Origin
from core.domain.operations.orders import GetOrder
from core.domain.results.order import Order
from core.features.event_handlers import Cancel, Context, Event
from core.ids import EntityKind, StoreId
from examples.courier_app.handlers import book_a_courier, note_stock

STORE = StoreId(1001)
ORDER = Order.read({"id": 7, "shipping": {"address": {"city": {"name": "Riyadh"}}}})


def event(topic: str, kind: EntityKind, data: Document) -> Event:
    return Event(UUID(int=1), topic, STORE, kind, "7", data, Origin.DERIVED, datetime(2026, 1, 1, tzinfo=UTC))


def context(database: MemoryAppTransaction, zid: ScriptedGateway) -> Context:
    @asynccontextmanager
    async def unit_of_work() -> AsyncIterator[MemoryAppTransaction]:
        yield database

    return Context(zid.bound_to(STORE), unit_of_work(), structlog.get_logger(), "event:handler")


async def test_a_ready_order_gets_a_courier_to_its_city() -> None:
    database, zid = MemoryAppTransaction(), ScriptedGateway()
    zid.on(GetOrder, ORDER)
    changed = event("order.status_changed", EntityKind.ORDER, {"old": "preparing", "new": "ready"})
    assert await book_a_courier(changed, context(database, zid)) is None
    assert [arguments for _, arguments in database.executed] == [("event:handler", STORE, "7", "Riyadh")]


async def test_other_statuses_are_none_of_its_business() -> None:
    database, zid = MemoryAppTransaction(), ScriptedGateway()
    changed = event("order.status_changed", EntityKind.ORDER, {"old": "ready", "new": "delivered"})
    assert isinstance(await book_a_courier(changed, context(database, zid)), Cancel)
    assert database.executed == []


async def test_every_change_of_stock_is_noted() -> None:
    database = MemoryAppTransaction()
    changed = event("inventory.changed", EntityKind.PRODUCT, {"old": "5", "new": "3", "delta": -2})
    await note_stock(changed, context(database, ScriptedGateway()))
    assert [arguments[-1] for _, arguments in database.executed] == [-2]
