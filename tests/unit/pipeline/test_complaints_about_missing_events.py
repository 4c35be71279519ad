"""What users of such software complained of about events that never came: each a test named after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from adapters.memory.desk import MemoryDesk
from adapters.memory.metrics import RecordingMetrics
from adapters.memory.work_index import MemoryWorkIndex
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Origin
from core.domain.events import WorkKind
from core.domain.operations.products import GetProduct
from core.errors import NotFound
from core.features.event_handlers import Context, Event
from core.features.event_handlers.registry import Handler
from core.features.ingest_webhook import Received
from core.features.sweep import Sweep
from core.ids import Entity, EntityKind
from core.ports.ledger_reading import EventFilter
from entrypoints.background.reconciling import Reconciling, tell
from tests.unit.pipeline.conftest import STORE, Pipeline
from tests.unit.pipeline.reconciled_world import Reconciled, order

AUDIT = AuditEntry("test", STORE)


class Listener:
    """An app's handler that notes what it hears, and fails as often as told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str | None]] = []
        self.fails = 0

    async def __call__(self, event: Event, _: Context) -> None:
        self.heard.append((event.topic, event.entity_id))
        if self.fails:
            self.fails -= 1
            raise ConnectionError("the app's own server answers 500")

    def on(self, topic: str) -> Handler:
        return Handler("listener", topic, self)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def world(pipeline: Callable[..., Pipeline], listener: Listener) -> Reconciled:
    return await Reconciled(pipeline(listener.on("order.create"))).ready()


async def test_woocommerce_59381_a_webhook_that_is_never_sent_reaches_the_handlers_all_the_same(
    world: Reconciled, listener: Listener
) -> None:
    """Webhooks "randomly don't send", and nobody can tell which."""
    await world.tell("order.create", order(1))
    world.orders(order(1), order(2))
    report = await world.reconcile()
    assert listener.heard == [("order.create", "1"), ("order.create", "2")]
    assert report.progress is not None
    assert report.progress.missed == {"order.create": 1}, "and the report says how many there were"


async def test_wp_shopify_68_what_was_missed_is_looked_for_again_and_again_without_being_asked(
    world: Reconciled, listener: Listener
) -> None:
    for number in (1, 2):
        world.orders(*(order(one) for one in range(1, number + 1)))
        world.pipeline.clock.advance(25 * 3600)
        assert await world.reader().schedule() == 1
        assert (await world.turn()).decided is None
        await world.settle()
        assert len(listener.heard) == number


async def test_openlinker_904_an_order_that_both_webhook_and_list_tell_of_is_handled_once(
    world: Reconciled, listener: Listener
) -> None:
    await world.tell("order.create", order(1))
    world.orders(order(1))
    for _ in range(2):
        await world.reconcile()
    assert await world.entered() == []
    assert listener.heard == [("order.create", "1")]


async def test_jellyfish_3840_what_was_found_missing_is_told_and_shown_apart(world: Reconciled) -> None:
    await world.tell("order.create", order(1))
    world.orders(order(1), order(2), order(3))
    await world.ask.request(STORE)
    with capture_logs() as logs:
        tell(await world.turn())
    [line] = [one for one in logs if one["event"] == "reconciled"]
    assert (line["store_id"], line["missed"]) == (STORE, 2)
    found = await world.pipeline.reader.events(EventFilter(origin=Origin.SYNTHETIC))
    assert sorted(one.entity_id or "" for one in found) == ["2", "3"]


async def test_catalyst_1406_the_share_of_missed_webhooks_is_a_number_to_watch(world: Reconciled) -> None:
    await world.tell("order.create", order(1))
    world.orders(order(1), order(2))
    await world.reconcile()
    metrics = RecordingMetrics()
    await Reconciling(world.reader(), world.reconciliations, world.gaps, metrics).measure()
    assert metrics.gauge("missed_webhooks_ratio", topic="order.create") == 0.5


async def test_catalyst_1406_what_was_removed_is_told_from_what_never_was(world: Reconciled) -> None:
    await world.tell("product.update", {"id": "gone", "price": 1, "updated_at": "2025-12-31T10:00:00Z"})
    world.gateway.on(GetProduct, NotFound(404, "no such product"))
    await world.reconcile()
    assert world.database.mirror[STORE, Entity(EntityKind.PRODUCT, "gone")].deleted
    assert (STORE, Entity(EntityKind.PRODUCT, "never")) not in world.database.mirror


async def test_loomfeed_54_what_was_answered_is_handled_though_the_process_died_before_it_told_anybody(
    world: Reconciled, listener: Listener
) -> None:
    """There the request started a task of its own process, and went with it."""
    service = world.pipeline
    assert isinstance(await service.receive(world.install, "order.create", order(1)), Received)
    service.announcer.announced.clear()
    indexes = {kind: MemoryWorkIndex(service.clock, window=10) for kind in WorkKind}
    sweep = Sweep(
        ledger=service.ledger, maintenance=service.maintenance, indexes=indexes, clock=service.clock, window=10
    )
    service.clock.advance(1)
    await sweep.tick()
    [item] = await indexes[WorkKind.EVENT].take(limit=10, wait=0)
    assert item.store_id == STORE
    await world.settle()
    assert listener.heard == [("order.create", "1")]


async def test_woocommerce_28628_what_was_delivered_once_can_be_had_again(
    world: Reconciled, listener: Listener
) -> None:
    await world.tell("order.create", order(1))
    [event] = await world.pipeline.reader.events(EventFilter())
    assert event.state is EventState.DONE
    desk = MemoryDesk(world.database)
    assert await desk.replay(event.event_id, world.pipeline.ids.event_id(), audit=AUDIT)
    await world.settle()
    assert listener.heard == [("order.create", "1")] * 2
    books = await world.pipeline.reader.books()
    assert [books.of(origin).count(EventState.DONE) for origin in (Origin.ZID, Origin.REPLAY)] == [1, 1]


async def test_woocommerce_27045_a_delivery_that_fails_is_tried_again_by_itself(
    world: Reconciled, listener: Listener
) -> None:
    listener.fails = 2
    await world.tell("order.create", order(1))
    for _ in range(2):
        world.pipeline.clock.advance(timedelta(hours=1).total_seconds())
        await world.pipeline.maintenance.release_due(limit=10)
        await world.settle()
    assert len(listener.heard) == 3
    assert (await world.pipeline.reader.books()).of(Origin.ZID).count(EventState.DONE) == 1
