"""What users of other webhook and job systems complained about, as it would look here."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.memory.desk import MemoryDesk
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Origin
from core.domain.events import WorkItem
from core.features.event_handlers import Context, Event, RetryPolicy
from core.features.event_handlers.registry import Handler
from core.ids import EventId
from core.ports.ledger_reading import EventFilter
from tests.unit.pipeline.conftest import STORE, Pipeline
from tests.unit.pipeline.flowing import Gate, customers, flowing, soon

ORDER = {"id": 5, "order_status": {"code": "new"}, "updated_at": "2026-01-01 10:00:00"}


async def redrive(service: Pipeline, *ids: EventId) -> list[WorkItem]:
    entry = AuditEntry("event.redriven", STORE)
    return list(await MemoryDesk(service.database).redrive(EventFilter(store_id=STORE), list(ids), audit=entry))


async def only_event(service: Pipeline) -> EventId:
    [event] = await service.reader.events(EventFilter(store_id=STORE, origin=Origin.ZID))
    return event.event_id


async def test_a_handler_longer_than_the_indexs_patience_is_not_started_a_second_time(
    pipeline: Callable[..., Pipeline],
) -> None:
    """svix-webhooks#2181: a visibility shorter than the time-out led to overlapping deliveries."""
    gate = Gate()

    async def long_one(event: Event, _: Context) -> None:
        await gate.stay(event.entity_id)

    service = pipeline(Handler("h", "customer.create", long_one))
    await customers(service, 1)
    async with flowing(service) as stage:
        await soon(lambda: gate.inside == ["1"])
        for _ in range(5):
            service.clock.advance(6)  # the index would hand an entry out again after five seconds
            await stage.lease.renew()
            await stage.publish()
            assert await service.runs.look_at([run.run_id for run in service.database.runs.values()]) == []
        gate.out.set()
        await stage.all_done(1)
    assert gate.came == ["1"]


async def test_a_due_retry_is_released_once_however_many_schedulers_look(pipeline: Callable[..., Pipeline]) -> None:
    """outpost#64: an edge case scheduled several retries."""
    calls: list[int] = []

    async def shaky(event: Event, _: Context) -> None:
        calls.append(event.attempt)
        if event.attempt == 1:
            raise ValueError("not yet")

    service = pipeline(Handler("h", "customer.create", shaky))
    await customers(service, 1)
    await service.run_all(await service.workers.join("first"))
    service.clock.advance(3600)
    released = [item for _ in range(3) for item in await service.maintenance.release_due(limit=10)]
    assert len(released) == 1
    async with flowing(service) as stage:
        for _ in range(3):
            await stage.index.publish(released)
        await stage.all_done(1)
    assert calls == [1, 2]


async def test_neither_a_crash_before_nor_after_the_mark_loses_or_doubles_an_effect(
    pipeline: Callable[..., Pipeline],
) -> None:
    """Accelerators#13: marking first lost work at a crash, marking last did it twice."""
    crash = True

    async def handler(_: Event, ctx: Context) -> None:
        async with ctx.unit_of_work as database:
            await database.execute("INSERT INTO effects VALUES ($1)", ctx.idempotency_key)
        if crash:
            raise BaseExceptionGroup("the process ends here", [KeyboardInterrupt()])

    service = pipeline(Handler("h", "customer.create", handler))
    await customers(service, 1)
    [run] = await service.claim_all(await service.workers.join("dies"))
    with pytest.raises(BaseExceptionGroup):
        await service.runner.handle(run)
    assert service.database.effects == []
    service.clock.advance(60)
    await service.maintenance.release_orphans()
    crash = False
    await service.run_all(await service.workers.join("next"))
    assert len(service.database.effects) == 1


async def test_one_change_told_several_times_is_handled_once(pipeline: Callable[..., Pipeline]) -> None:
    """woocommerce#25183: one change, several deliveries by design."""
    changes: list[object] = []

    async def handler(event: Event, _: Context) -> None:
        changes.append((event.data["old"], event.data["new"]))

    service = pipeline(Handler("h", "order.status_changed", handler))
    install = await service.install()
    await service.receive(install, "order.create", ORDER)
    ready = {**ORDER, "order_status": {"code": "ready"}, "updated_at": "2026-01-01 11:00:00"}
    for topic in ("order.status.update", "order.payment_status.update", "order.status.update"):
        await service.receive(install, topic, {**ready, "note": topic})
    await service.consume_all()
    await service.run_all(await service.workers.join("consumer"))
    assert changes == [("new", "ready")]


async def test_what_always_fails_is_tried_less_and_less_often_and_then_no_more(
    pipeline: Callable[..., Pipeline],
) -> None:
    """outpost#663: retried twice a minute for ever, 50,000 warnings a day."""
    calls = 0

    async def broken(_: Event, __: Context) -> None:
        nonlocal calls
        calls += 1
        raise ValueError("never")

    service = pipeline(Handler("h", "customer.create", broken, retry=RetryPolicy(max_attempts=6, first_wait=10)))
    await customers(service, 1)
    waits = []
    for _ in range(20):
        for handled in await service.run_all(await service.workers.join("consumer")):
            if handled.settlement.due_at:
                waits.append(handled.settlement.due_at - service.clock.now())
        service.clock.advance(timedelta(hours=2).total_seconds())
        await service.maintenance.release_due(limit=10)
    assert calls == 6
    assert waits == sorted(waits)
    assert waits[-1] > 4 * waits[0]


async def test_what_died_stays_with_its_body_until_a_person_decides(pipeline: Callable[..., Pipeline]) -> None:
    """river#360: no place for the dead; discarded jobs are cleaned away."""

    async def broken(_: Event, __: Context) -> None:
        raise ValueError("never")

    service = pipeline(Handler("h", "customer.create", broken, retry=RetryPolicy(max_attempts=1)))
    await customers(service, 1)
    await service.run_all(await service.workers.join("consumer"))
    service.clock.advance(timedelta(days=90).total_seconds())
    for _ in range(3):
        await service.maintenance.release_due(limit=10)
        await service.maintenance.release_orphans()
        await service.maintenance.forget_expired(limit=10)
    found = await service.reader.event(await only_event(service))
    assert found is not None
    assert (found.summary.state, found.body is None) == (EventState.DEAD, False)
    assert found.attempts[-1].failure is not None


async def test_a_redriven_run_is_really_called_again(pipeline: Callable[..., Pipeline]) -> None:
    """reconbanker#65: a re-enqueue was a silent no-op because the old job id was still known."""
    calls: list[int] = []

    async def mended(event: Event, _: Context) -> None:
        calls.append(event.attempt)
        if len(calls) == 1:
            raise ValueError("before it was mended")

    service = pipeline(Handler("h", "customer.create", mended, retry=RetryPolicy(max_attempts=1)))
    await customers(service, 1)
    async with flowing(service) as stage:
        await soon(lambda: bool(service.database.attempts))
        items = await redrive(service, await only_event(service))
        assert len(items) == 1
        await stage.index.publish(items)
        await stage.all_done(1)
    assert calls == [1, 1], "with fresh attempts"


async def test_what_is_done_cannot_be_retried(pipeline: Callable[..., Pipeline]) -> None:
    """stargate-backend#136: an item that had been delivered was retried."""

    async def handler(_: Event, __: Context) -> None: ...

    service = pipeline(Handler("h", "customer.create", handler))
    await customers(service, 1)
    await service.run_all(await service.workers.join("consumer"))
    assert await redrive(service, await only_event(service)) == []
