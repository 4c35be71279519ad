"""An app of which two handlers want to hear only of what happens, and one of what is there already, too."""

from core.features.event_handlers import Context, Event, on
from tests.acceptance.apps.effects import called


@on("order.create", "order.status.update", "order.payment_status.update")
async def raw(event: Event, ctx: Context) -> None:
    called("raw", event)


@on("order.status_changed", "payment.paid", "inventory.changed", "product.price_changed")
async def changes(event: Event, ctx: Context) -> None:
    called("changes", event)


@on("payment.paid", snapshot=True)
async def paid_so_far(event: Event, ctx: Context) -> None:
    called("paid_so_far", event)
