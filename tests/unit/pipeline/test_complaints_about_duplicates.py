"""What users of such software complained of about events that came twice, or were taken for it: a test for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from core.domain.event_states import Origin
from core.domain.events import Receipt
from core.features.event_handlers import Context, Event
from core.features.event_handlers.registry import Handler
from core.features.ingest_webhook import Received
from tests.unit.pipeline.conftest import Pipeline

Build = Callable[..., Pipeline]
ORDER = {"id": 5, "order_status": {"code": "new"}, "payment_status": "pending", "updated_at": "2026-01-01 10:00:00"}


async def duplicates(service: Pipeline) -> int:
    return (await service.reader.books()).of(Origin.ZID).duplicates


async def test_saleor_339_every_event_has_an_id_that_a_repeat_and_a_retry_keep(pipeline: Build) -> None:
    """There an app is told nothing by which it could tell a repeat."""
    told: list[tuple[object, str]] = []

    async def handler(event: Event, ctx: Context) -> None:
        told.append((event.id, ctx.idempotency_key))
        if len(told) == 1:
            raise ConnectionError("the first time it fails")

    service = pipeline(Handler("h", "order.create", handler))
    install = await service.install()
    for _ in range(2):
        received = await service.receive(install, "order.create", ORDER)
        assert isinstance(received, Received)
    await service.consume_all()
    for _ in range(2):
        await service.run_all(await service.workers.join("consumer"))
        service.clock.advance(3600)
        await service.maintenance.release_due(limit=10)
    assert len(told) == 2, "the repeat is no event of its own"
    assert len(set(told)) == 1, "and the retry is the same event with the same key"
    assert await duplicates(service) == 1


async def test_trinity_1437_the_same_words_said_again_later_are_another_event(pipeline: Build) -> None:
    """There a hash of the body swallowed them for a day, and nobody could see it. A login's body never changes."""
    logins: list[str | None] = []

    async def handler(event: Event, _: Context) -> None:
        logins.append(event.entity_id)

    service = pipeline(Handler("h", "customer.login", handler))
    install = await service.install()
    login = {"id": 7, "name": "نورة"}
    receipts = []
    for pause in (timedelta(0), timedelta(minutes=1), timedelta(hours=2)):
        service.clock.advance(pause.total_seconds())
        received = await service.receive(install, "customer.login", login)
        assert isinstance(received, Received)
        receipts.append(received.receipt)
    assert receipts == [Receipt.ACCEPTED, Receipt.DUPLICATE, Receipt.ACCEPTED]
    await service.consume_all()
    await service.run_all(await service.workers.join("consumer"))
    assert logins == ["7", "7"]
    assert await duplicates(service) == 1, "what was left out is counted where everybody sees it"


async def test_trinity_1437_a_changed_body_is_never_a_repeat(pipeline: Build) -> None:
    service = pipeline()
    install = await service.install()
    for second in range(3):
        changed = {**ORDER, "updated_at": f"2026-01-01 10:00:0{second}"}
        received = await service.receive(install, "order.status.update", changed)
        assert isinstance(received, Received)
        assert received.receipt is Receipt.ACCEPTED


async def test_woocommerce_25183_one_change_told_by_several_deliveries_is_one_change(pipeline: Build) -> None:
    changes: list[tuple[object, object]] = []

    async def handler(event: Event, _: Context) -> None:
        assert isinstance(event.data, dict)
        changes.append((event.data["old"], event.data["new"]))

    service = pipeline(Handler("h", "order.status_changed", handler))
    install = await service.install()
    await service.receive(install, "order.create", ORDER)
    await service.consume_all()
    ready = {**ORDER, "order_status": {"code": "ready"}, "updated_at": "2026-01-01 10:05:00"}
    for topic in ("order.status.update", "order.payment_status.update"):
        await service.receive(install, topic, ready)
        await service.consume_all()
    await service.run_all(await service.workers.join("consumer"))
    assert changes == [("new", "ready")]
