"""Handlers: each exactly once, on its own, with its own retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.domain.event_states import EventState, Origin
from core.domain.operations.orders import GetOrder
from core.errors import LostClaim, RateLimited, Unavailable
from core.features.event_handlers import Cancel, Context, Event, Outcome, Retry, RetryPolicy, Snooze
from core.features.event_handlers.registry import Handler
from tests.unit.pipeline.conftest import Pipeline

ORDER = {"id": 5, "order_status": {"code": "new"}, "updated_at": "2026-01-01 10:00:00"}


async def one_event(service: Pipeline) -> None:
    await service.receive(await service.install(), "order.create", ORDER)
    await service.consume_all()


async def test_of_two_handlers_one_fails_twice_and_the_other_ran_once(pipeline: Callable[..., Pipeline]) -> None:
    calls: list[tuple[str, int]] = []

    async def steady(event: Event, _: Context) -> None:
        calls.append(("steady", event.attempt))

    async def shaky(event: Event, _: Context) -> None:
        calls.append(("shaky", event.attempt))
        if event.attempt < 3:
            raise ValueError("not yet")

    service = pipeline(Handler("steady", "order.create", steady), Handler("shaky", "order.create", shaky))
    await one_event(service)
    worker = await service.workers.join("test")
    for _ in range(3):
        await service.run_all(worker)
        service.clock.advance(3600)
        await service.workers.renew(worker)
        worker = await service.workers.join("test")
        await service.maintenance.release_due(limit=10)
    assert sorted(calls) == [("shaky", 1), ("shaky", 2), ("shaky", 3), ("steady", 1)]
    books = (await service.reader.books()).of(Origin.ZID)
    assert books.count(EventState.DONE) == 1
    assert books.difference == 0


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Cancel("not ours"), EventState.CANCELLED),
        (Retry(30), EventState.WAITING),
        (None, EventState.DONE),
        (ValueError("broken"), EventState.WAITING),
        (TimeoutError(), EventState.WAITING),
        (RateLimited("slow down", 20), EventState.WAITING),
    ],
)
async def test_the_outcome_decides(
    pipeline: Callable[..., Pipeline], outcome: Outcome | Exception, state: EventState
) -> None:
    async def handler(_: Event, __: Context) -> Outcome:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    service = pipeline(Handler("h", "order.create", handler))
    await one_event(service)
    handled = await service.run_all(await service.workers.join("test"))
    assert [one.settlement.state for one in handled] == [state]


@pytest.mark.parametrize(
    ("error", "seconds"), [(RateLimited("slow down", 20), 20), (Unavailable("zid", retry_after=0.1), 5)]
)
async def test_waiting_for_zid_is_no_attempt(
    pipeline: Callable[..., Pipeline], error: Exception, seconds: float
) -> None:
    async def handler(_: Event, __: Context) -> None:
        raise error

    service = pipeline(Handler("h", "order.create", handler))
    await one_event(service)
    handled = await service.run_all(await service.workers.join("test"))
    assert not handled[0].settlement.counted
    assert handled[0].settlement.due_at == service.clock.now() + timedelta(seconds=seconds)


async def test_a_handler_that_outlives_its_limit_is_cancelled(pipeline: Callable[..., Pipeline]) -> None:
    cancelled = asyncio.Event()

    async def stuck(_: Event, __: Context) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    service = pipeline(Handler("stuck", "order.create", stuck, time_limit=0.01))
    await one_event(service)
    handled = await service.run_all(await service.workers.join("test"))
    assert cancelled.is_set()
    assert handled[0].settlement.reason == "TimeoutError: ran longer than 0.01 s"


async def test_after_its_last_attempt_a_run_is_dead(pipeline: Callable[..., Pipeline]) -> None:
    async def broken(_: Event, __: Context) -> None:
        raise KeyError("gone")

    service = pipeline(Handler("broken", "order.create", broken, retry=RetryPolicy(max_attempts=1)))
    await one_event(service)
    handled = await service.run_all(await service.workers.join("test"))
    assert handled[0].settlement.state is EventState.DEAD
    assert (await service.reader.books()).of(Origin.ZID).count(EventState.DEAD) == 1


async def test_zid_is_closed_inside_the_unit_of_work_and_open_outside(pipeline: Callable[..., Pipeline]) -> None:
    said: list[str] = []

    async def handler(event: Event, ctx: Context) -> None:
        await ctx.zid.perform(GetOrder(event.entity_id))
        async with ctx.unit_of_work as database:
            await database.execute("INSERT INTO effects VALUES (1)")
            try:
                await ctx.zid.perform(GetOrder(event.entity_id))
            except RuntimeError as error:
                said.append(str(error))

    service = pipeline(Handler("h", "order.create", handler))
    service.gateway.on(GetOrder, ORDER)
    await one_event(service)
    handled = await service.run_all(await service.workers.join("test"))
    assert handled[0].settlement.state is EventState.DONE
    assert said
    assert "before it" in said[0]
    assert len(service.gateway.asked(GetOrder)) == 1


async def test_a_worker_whose_lease_ran_out_settles_nothing(pipeline: Callable[..., Pipeline]) -> None:
    async def handler(_: Event, __: Context) -> None: ...

    service = pipeline(Handler("h", "order.create", handler))
    await one_event(service)
    frozen = (await service.claim_all(await service.workers.join("frozen")))[0]
    service.clock.advance(60)
    await service.maintenance.release_orphans()
    with pytest.raises(LostClaim):
        await service.runner.handle(frozen)
    handled = await service.run_all(await service.workers.join("awake"))
    assert [one.settlement.state for one in handled] == [EventState.DONE]


async def test_a_run_whose_handler_is_not_loaded_waits_for_a_worker_that_has_it(
    pipeline: Callable[..., Pipeline],
) -> None:
    async def handler(_: Event, __: Context) -> None: ...

    service = pipeline(Handler("h", "order.create", handler))
    await one_event(service)
    other_release = Pipeline()
    run = (await service.claim_all(await service.workers.join("old release")))[0]
    settlement = other_release.runner._unknown(run)
    assert (settlement.state, settlement.counted) == (EventState.WAITING, False)
    assert "WASL_HANDLERS" in (settlement.reason or "")


async def test_the_idempotency_key_is_the_same_at_every_attempt(pipeline: Callable[..., Pipeline]) -> None:
    keys: list[str] = []

    async def handler(event: Event, ctx: Context) -> Outcome:
        keys.append(ctx.idempotency_key)
        return Snooze(service.clock.now()) if event.attempt == 1 and len(keys) == 1 else None

    service = pipeline(Handler("h", "order.create", handler))
    await one_event(service)
    worker = await service.workers.join("test")
    await service.run_all(worker)
    await service.maintenance.release_due(limit=10)
    await service.run_all(worker)
    assert len(keys) == 2
    assert len(set(keys)) == 1
