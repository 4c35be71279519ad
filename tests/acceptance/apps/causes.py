"""Handlers that died of something: seven on one topic, of which `still_broken` fails as before; one for live work.

Each leaves a row in a table that keeps every one.
"""

from core.features.event_handlers import Context, Event, on
from core.features.event_handlers.registry import HandlerFunction

HEALED = tuple(f"healed_{number}" for number in range(6))
BROKEN = "still_broken"


async def _leave_a_row(event: Event, ctx: Context, handler: str) -> None:
    async with ctx.unit_of_work as database:
        await database.execute("INSERT INTO effects (event_id, handler) VALUES ($1, $2)", event.id, handler)
        if handler == BROKEN:
            raise RuntimeError(f"no courier for {event.entity_id}")


def _cause(name: str) -> HandlerFunction:
    @on("product.create", name=name)
    async def handle(event: Event, ctx: Context) -> None:
        await _leave_a_row(event, ctx, name)

    return handle


healed_0, healed_1, healed_2, healed_3, healed_4, healed_5 = map(_cause, HEALED)
still_broken = _cause(BROKEN)


@on("order.create", name="live")
async def live(event: Event, ctx: Context) -> None:
    await _leave_a_row(event, ctx, "live")
