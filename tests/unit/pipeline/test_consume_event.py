"""Queued events through the mirror, whatever the order, the batches and the bodies."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.domain.event_states import EventState, Origin
from core.domain.retry import DEFAULT_POLICY
from core.features.event_handlers import Context, Event
from core.features.event_handlers.registry import Handler
from core.features.ingest_webhook import Received
from core.ids import EntityKind, EventId
from core.ports.ledger_reading import EventFilter
from tests.unit.pipeline.conftest import STORE, Pipeline

START = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES = ["new", "preparing", "ready", "indelivery", "delivered", "cancelled"]


async def nothing(_event: Event, _ctx: Context) -> None: ...


def order(version: int, status: str, number: int = 5) -> dict[str, object]:
    at = (START + timedelta(minutes=version)).strftime("%Y-%m-%d %H:%M:%S")
    return {"id": number, "order_status": {"code": status}, "payment_status": "pending", "updated_at": at}


async def derived_of(service: Pipeline) -> list[dict[str, object]]:
    listed = await service.reader.events(EventFilter(origin=Origin.DERIVED), limit=1000)
    details = [await service.reader.event(summary.event_id) for summary in reversed(listed)]
    return [json.loads(detail.body or b"") for detail in details if detail]


@st.composite
def days(draw: st.DrawFn) -> tuple[list[str], list[int], list[int]]:
    """The statuses an order went through, the arrivals (with repeats), and batch sizes."""
    statuses = draw(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=6))
    again = draw(st.lists(st.sampled_from(range(len(statuses))), max_size=4))
    arrivals = draw(st.permutations([*range(len(statuses)), *again]))
    return statuses, arrivals, draw(st.lists(st.integers(1, 5), min_size=1, max_size=10))


@given(days())
async def test_permuted_repeated_and_batched_in_any_size(day: tuple[list[str], list[int], list[int]]) -> None:
    statuses, arrivals, sizes = day
    service = Pipeline()
    install = await service.install()
    waiting: list[EventId] = []
    for step, version in enumerate(arrivals):
        answer = await service.receive(install, "order.status.update", order(version, statuses[version]))
        assert isinstance(answer, Received)
        waiting.append(answer.event_id)
        if len(waiting) >= sizes[step % len(sizes)]:
            await service.consume(waiting)
            waiting = []
    await service.consume_all()

    path = [statuses[arrivals[0]], *[change["new"] for change in await derived_of(service)]]
    assert [change["old"] for change in await derived_of(service)] == path[:-1]
    assert path[-1] == statuses[-1]
    ledger = await service.reader.books()
    assert ledger.balanced
    assert ledger.of(Origin.ZID).count(EventState.DONE) == len(set(arrivals))
    assert (await service.reader.mirror_counts(STORE))[EntityKind.ORDER] == 1


async def test_five_hundred_first_sights_emit_nothing(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline(Handler("counts", "payment.paid", nothing))
    install = await service.install()
    for number in range(500):
        await service.receive(install, "order.create", {**order(1, "new", number + 1), "payment_status": "paid"})
    await service.consume_all()
    assert await derived_of(service) == []
    assert (await service.reader.books()).of(Origin.ZID).count(EventState.DONE) == 500


async def test_a_snapshot_handler_hears_first_sights_and_nobody_else_does(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline(
        Handler("snapshots", "payment.paid", nothing, snapshot=True), Handler("changes", "payment.paid", nothing)
    )
    install = await service.install()
    await service.receive(install, "order.create", {**order(1, "new"), "payment_status": "paid"})
    consumed = await service.consume_all()
    assert consumed.derived == 1
    assert [run.handler for run in await service.claim_all(await service.workers.join("test"))] == ["snapshots"]


async def test_one_unreadable_body_costs_only_itself(pipeline: Callable[..., Pipeline]) -> None:
    """Such a body is dead on arrival; one that got in before a reader changed must not stop a batch."""
    service = pipeline()
    install = await service.install()
    first = await service.receive(install, "order.create", order(1, "new", 1))
    second = await service.receive(install, "order.create", order(1, "new", 2))
    assert isinstance(first, Received)
    assert isinstance(second, Received)
    service.database.events[first.event_id].body = b"rotten"
    consumed = await service.consume([first.event_id, second.event_id])
    assert [event.event_id for event in consumed.settled] == [second.event_id]
    assert [(event.event_id, put_off.state) for event, put_off in consumed.put_off] == [
        (first.event_id, EventState.DEAD)
    ]
    assert (await service.reader.books()).balanced


async def test_a_broken_reader_retries_the_event_and_gives_up_in_the_end(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline()
    install = await service.install()
    answer = await service.receive(install, "order.create", order(1, "new", 1))
    assert isinstance(answer, Received)
    # Deeper than the reader's recursion: an error that no reader expects.
    service.database.events[answer.event_id].body = b"[" * 100_000
    states = []
    for _ in range(DEFAULT_POLICY.max_attempts):
        consumed = await service.consume([answer.event_id])
        states.append(consumed.put_off[0][1].state)
        service.clock.advance(DEFAULT_POLICY.longest_wait)
        await service.maintenance.release_due(limit=10)
    assert states == [EventState.WAITING] * (DEFAULT_POLICY.max_attempts - 1) + [EventState.DEAD]


async def test_a_login_is_handed_on_but_not_mirrored(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline(Handler("greets", "customer.login", nothing))
    install = await service.install()
    await service.receive(install, "customer.login", {"id": 3, "name": "Sara"})
    consumed = await service.consume_all()
    assert len(consumed.runs) == 1
    assert (await service.reader.mirror_counts(STORE)).get(EntityKind.CUSTOMER, 0) == 0
