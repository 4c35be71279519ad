"""What users of such software complained of about webhooks out of order, or not at all: each a test named after it."""

from __future__ import annotations

from collections.abc import Callable

from core.domain.documents import Document
from core.domain.operations.orders import GetOrder
from core.domain.results.order import Order
from core.features.event_handlers import Context, Event
from core.features.event_handlers.registry import Handler
from core.ids import Entity, EntityKind
from core.ports.ledger_reading import EventFilter
from tests.unit.pipeline.conftest import STORE, Pipeline

Build = Callable[..., Pipeline]


def order(status: str, second: int, **more: object) -> Document:
    return {
        "id": 7,
        "order_status": {"code": status},
        "payment_status": "pending",
        "updated_at": f"2026-01-01 10:00:{second:02}",
        **more,
    }


async def held(world: Pipeline, kind: EntityKind, entity_id: str) -> str | None:
    """The status or name that the mirror shows."""
    row = world.database.mirror[STORE, Entity(kind, entity_id)]
    shown = row.columns["status" if kind is EntityKind.ORDER else "name_ar"]
    return str(shown)


async def test_shopify_app_js_603_an_update_that_comes_before_its_create_stays_what_counts(pipeline: Build) -> None:
    changes: list[tuple[object, object]] = []

    async def note(event: Event, _ctx: Context) -> None:
        assert isinstance(event.data, dict)
        changes.append((event.data["old"], event.data["new"]))

    world = pipeline(Handler("note", "order.status_changed", note))
    install = await world.install()
    await world.receive(install, "order.status.update", order("preparing", 5))
    await world.consume_all()
    await world.receive(install, "order.create", order("new", 4))
    await world.consume_all()
    await world.receive(install, "order.status.update", order("ready", 9))
    await world.consume_all()
    await world.run_all(await world.workers.join("consumer"))
    assert await held(world, EntityKind.ORDER, "7") == "ready"
    assert changes == [("preparing", "ready")], "no step back to new"
    stale = [one.topic for one in await world.reader.events(EventFilter()) if one.stale]
    assert stale == ["order.create"], "and the late one is recorded as such"


async def test_stripe_cli_418_two_changes_within_one_second_both_count_in_the_order_of_arrival(pipeline: Build) -> None:
    world = pipeline()
    install = await world.install()
    for status in ("preparing", "ready"):
        await world.receive(install, "order.status.update", order(status, 5))
        await world.consume_all()
    assert await held(world, EntityKind.ORDER, "7") == "ready"


async def test_mirakl_hyperwallet_35_a_late_earlier_status_does_not_overwrite_the_final_one(pipeline: Build) -> None:
    world = pipeline()
    install = await world.install()
    for status, second in (("delivered", 9), ("indelivery", 8), ("new", 1)):
        await world.receive(install, "order.status.update", order(status, second))
    await world.consume_all()
    assert await held(world, EntityKind.ORDER, "7") == "delivered"


async def test_tryghost_members_240_and_pay_rails_339_a_handler_may_take_the_event_as_a_trigger_and_ask_for_the_latest(
    pipeline: Build,
) -> None:
    """Whatever order the events come in, and whatever they say, what the handler asks Zid for is how it stands now."""
    seen: list[str | None] = []

    async def fetch(event: Event, ctx: Context) -> None:
        assert event.entity_id is not None
        seen.append((await ctx.zid.perform(GetOrder(event.entity_id))).status)

    world = pipeline(Handler("fetch", "order.status.update", fetch))
    install = await world.install()
    world.gateway.on(GetOrder, Order.read(order("ready", 9)))
    for status, second in (("ready", 9), ("preparing", 5)):
        await world.receive(install, "order.status.update", order(status, second))
    await world.consume_all()
    await world.run_all(await world.workers.join("consumer"))
    assert seen == ["ready", "ready"]


async def test_bitcore_4216_what_has_no_time_of_change_goes_by_arrival(pipeline: Build) -> None:
    world = pipeline()
    install = await world.install()
    for name in ("first", "second"):
        await world.receive(install, "category.update", {"id": 3, "name": name})
        await world.consume_all()
    assert await held(world, EntityKind.CATEGORY, "3") == "second"


async def test_reapit_foundations_9608_a_delete_that_comes_late_does_not_remove_what_was_changed_after_it(
    pipeline: Build,
) -> None:
    world = pipeline()
    install = await world.install()
    later = f"{world.clock.now().year + 1}-01-01T10:00:00Z"
    await world.receive(install, "product.delete", {"id": "p"})
    await world.consume_all()
    await world.receive(install, "product.update", {"id": "p", "name": "old", "updated_at": "2020-01-01T10:00:00Z"})
    await world.consume_all()
    assert world.database.mirror[STORE, Entity(EntityKind.PRODUCT, "p")].deleted, "an older version lifts no tombstone"
    await world.receive(install, "product.update", {"id": "p", "name": "new", "updated_at": later})
    await world.consume_all()
    assert await held(world, EntityKind.PRODUCT, "p") == "new"
