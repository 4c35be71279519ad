"""An app whose failures say what they should not: names of customers in messages and reasons."""

from core.domain.documents import sub
from core.features.event_handlers import Context, Event, RetryPolicy, on


@on("order.create", retry=RetryPolicy(max_attempts=2, first_wait=0.1))
async def telling(event: Event, ctx: Context) -> None:
    buyer = sub(event.data, "customer")
    raise ValueError(f"no courier for {buyer.get('name')}, {buyer.get('email')}, {buyer.get('mobile')}")
