"""The courier app's handlers, without any server: `event` and `ctx` come with Wasl."""

from __future__ import annotations

import pytest

from adapters.memory.testing.hands import RehearsedContext
from adapters.memory.testing.plugin import EventFactory
from core.domain.operations.orders import GetOrder
from core.domain.results.order import Order
from core.errors import NotFound
from core.features.event_handlers import Cancel
from examples.courier_app.handlers import book_a_courier, note_stock


async def test_a_ready_order_gets_a_courier_to_its_city(event: EventFactory, ctx: RehearsedContext) -> None:
    ctx.script.on(GetOrder, Order.read({"id": 7, "shipping": {"address": {"city": {"name": "Riyadh"}}}}))
    assert await book_a_courier(event("order.status_changed", new="ready", entity_id=7), ctx) is None
    assert [arguments for _, arguments in ctx.effects] == [(ctx.idempotency_key, 1001, "7", "Riyadh")]
    assert list(ctx.logged) == ["courier_booked"]


async def test_other_statuses_are_none_of_its_business(event: EventFactory, ctx: RehearsedContext) -> None:
    assert isinstance(await book_a_courier(event("order.status_changed", old="ready", new="delivered"), ctx), Cancel)
    assert ctx.effects == []
    assert ctx.script.asked(GetOrder) == []


async def test_an_order_that_zid_does_not_know_books_nothing(event: EventFactory, ctx: RehearsedContext) -> None:
    ctx.script.on(GetOrder, NotFound(404, "no such order"))
    with pytest.raises(NotFound):
        await book_a_courier(event("order.status_changed", new="ready"), ctx)
    assert ctx.effects == []


async def test_every_change_of_stock_is_noted(event: EventFactory, ctx: RehearsedContext) -> None:
    await note_stock(event("inventory.changed", old="5", new="3", delta=-2), ctx)
    assert [arguments[-1] for _, arguments in ctx.effects] == [-2]
