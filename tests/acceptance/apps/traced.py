"""An app that asks Zid in its handler, and one whose handler fails."""

from core.domain.operations.orders import GetOrder
from core.features.event_handlers import Context, Event, RetryPolicy, on


@on("order.create")
async def looks_it_up(event: Event, ctx: Context) -> None:
    await ctx.zid.perform(GetOrder(event.entity_id))
    ctx.log.info("looked_up")


@on("category.create", retry=RetryPolicy(max_attempts=1))
async def falls(event: Event, ctx: Context) -> None:
    raise LookupError(f"nothing like {event.entity_id}")
