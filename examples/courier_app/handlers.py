"""What this app does when something happens in a store."""

from __future__ import annotations

from core.domain.operations.orders import GetOrder
from core.features.event_handlers import Cancel, Context, Event, Outcome, on


@on("order.status_changed")
async def book_a_courier(event: Event, ctx: Context) -> Outcome:
    """Once per order that becomes ready, however often Zid tells us."""
    if event.data["new"] != "ready":
        return Cancel("only ready orders are shipped")
    order = await ctx.zid.perform(GetOrder(event.entity_id))
    async with ctx.unit_of_work as database:
        await database.execute(
            "INSERT INTO courier_bookings (booking_key, store_id, order_id, city) VALUES ($1, $2, $3, $4)",
            ctx.idempotency_key,
            event.store_id,
            event.entity_id,
            order.shipping.address.city,
        )
    ctx.log.info("courier_booked", order_id=event.entity_id)
    return None


@on("inventory.changed")
async def note_stock(event: Event, ctx: Context) -> None:
    """Every change of stock, as a line of the app's own table."""
    async with ctx.unit_of_work as database:
        await database.execute(
            "INSERT INTO stock_notes (note_key, store_id, product_id, delta) VALUES ($1, $2, $3, $4)",
            ctx.idempotency_key,
            event.store_id,
            event.entity_id,
            event.data["delta"],
        )
