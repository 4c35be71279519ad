"""The flow of runs in one process: who runs beside whom, how many at once, and together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from core.domain.attempts import AttemptEnd
from core.domain.event_states import EventState
from core.domain.suspicion import IN_COMPANY
from core.errors import SettingInvalid, Unavailable
from core.features.event_handlers import BatchContext, Cancel, Context, Event, Outcome, Retry, RetryPolicy, on
from core.features.event_handlers.registry import Handler
from entrypoints.limits import within
from tests.unit.pipeline.conftest import Pipeline
from tests.unit.pipeline.flowing import Gate, customer, customers, die, flowing, soon


async def test_a_handlers_own_concurrency_is_kept_and_others_go_on(pipeline: Callable[..., Pipeline]) -> None:
    narrow, wide = Gate(), Gate()

    async def one_at_a_time(event: Event, _: Context) -> None:
        await narrow.stay(event.entity_id)

    async def as_it_comes(event: Event, _: Context) -> None:
        await wide.stay(event.entity_id)

    service = pipeline(
        Handler("narrow", "customer.create", one_at_a_time, concurrency=2),
        Handler("wide", "customer.create", as_it_comes),
    )
    await customers(service, 10)
    async with flowing(service, concurrency=8) as stage:
        await soon(lambda: len(narrow.inside) == 2 and len(wide.inside) == 6)
        wide.out.set()
        await soon(lambda: len(wide.came) == 10 and not wide.inside)
        assert len(narrow.inside) == 2
        narrow.out.set()
        await stage.all_done(10)
    assert narrow.most == 2
    assert sorted(narrow.came, key=int) == [str(number) for number in range(1, 11)]


async def test_what_was_set_aside_follows_at_once(pipeline: Callable[..., Pipeline]) -> None:
    """Without waiting for the index to bring it anew: its clock stands still here."""
    calls: list[str] = []

    async def quick(event: Event, _: Context) -> None:
        calls.append(event.entity_id)

    service = pipeline(Handler("quick", "customer.create", quick, concurrency=1))
    await customers(service, 6)
    async with flowing(service, concurrency=8) as stage:
        await stage.all_done(6)
    assert calls == ["1", "2", "3", "4", "5", "6"]


async def test_a_suspect_runs_alone(pipeline: Callable[..., Pipeline]) -> None:
    gate = Gate()

    async def handler(event: Event, _: Context) -> None:
        await gate.stay(event.entity_id)

    service = pipeline(Handler("h", "customer.create", handler))
    await customers(service, 3)
    await die(service, times=IN_COMPANY)
    async with flowing(service) as stage:
        await soon(lambda: len(gate.inside) == 1)
        gate.out.set()
        await stage.all_done(3)
    assert gate.most == 1
    assert len(gate.came) == 3


async def test_suspects_wait_for_what_runs_and_then_nothing_runs_beside_them(
    pipeline: Callable[..., Pipeline],
) -> None:
    gate = Gate()

    async def handler(event: Event, _: Context) -> None:
        await gate.stay(event.entity_id)

    service = pipeline(Handler("h", "customer.create", handler))
    install, suspect = await customers(service, 1), "1"
    await die(service, times=IN_COMPANY)
    async with flowing(service) as stage:
        await soon(lambda: gate.inside == [suspect])
        for one in (2, 3):
            await customer(service, install, one)
        await service.consume_all()
        await stage.publish()
        assert gate.inside == [suspect]
        gate.out.set()
        await soon(lambda: len(gate.came) == 3)
    assert gate.came[0] == suspect


async def test_a_handler_of_batches_gets_events_together(pipeline: Callable[..., Pipeline]) -> None:
    batches: list[list[str]] = []

    async def together(events: Sequence[Event], ctx: BatchContext) -> None:
        batches.append([event.entity_id for event in events])
        async with ctx.unit_of_work as database:
            for event in events:
                await database.execute("INSERT INTO effects VALUES ($1)", ctx.key_of(event))

    service = pipeline(Handler("h", "customer.create", together, batch=4))
    await customers(service, 10)
    async with flowing(service, concurrency=10) as stage:
        await stage.all_done(10)
    assert sorted(map(len, batches)) == [2, 4, 4]
    assert len({args for _, args in service.database.effects}) == 10


async def test_a_failed_batch_falls_back_to_one_at_a_time(pipeline: Callable[..., Pipeline]) -> None:
    """The bad one fails alone, the others are done, each effect once and each attempt counted once."""
    sizes: list[int] = []

    async def together(events: Sequence[Event], ctx: BatchContext) -> None:
        sizes.append(len(events))
        async with ctx.unit_of_work as database:
            for event in events:
                await database.execute("INSERT INTO effects VALUES ($1)", ctx.key_of(event))
        if any(event.entity_id == "3" for event in events):
            raise ValueError("three is bad")

    service = pipeline(Handler("h", "customer.create", together, batch=5))
    await customers(service, 5)
    async with flowing(service) as stage:
        await stage.all_done(4)
        states = await stage.states()
    assert sizes == [5, 1, 1, 1, 1, 1]
    assert states == {EventState.DONE: 4, EventState.RUNNING: 1}
    assert len(service.database.effects) == 4
    assert sorted(attempt.end for _, attempt in service.database.attempts) == [AttemptEnd.DONE] * 4 + [
        AttemptEnd.FAILED
    ]


@pytest.mark.parametrize(
    ("said", "end"),
    [
        (Cancel("not ours"), AttemptEnd.CANCELLED),
        (Retry(30), AttemptEnd.RETRY),
        (Unavailable("zid"), AttemptEnd.SNOOZED),
    ],
)
async def test_what_a_batch_says_holds_for_all_of_it(
    pipeline: Callable[..., Pipeline], said: Outcome | Exception, end: AttemptEnd
) -> None:
    calls: list[int] = []

    async def together(events: Sequence[Event], _: BatchContext) -> Outcome:
        calls.append(len(events))
        if isinstance(said, Exception):
            raise said
        return said

    service = pipeline(Handler("h", "customer.create", together, batch=5))
    await customers(service, 3)
    async with flowing(service):
        await soon(lambda: len(service.database.attempts) == 3)
    assert calls == [3]
    assert [attempt.end for _, attempt in service.database.attempts] == [end] * 3


async def test_a_batch_handler_that_gets_one_event_gets_a_sequence(pipeline: Callable[..., Pipeline]) -> None:
    seen: list[object] = []

    async def together(events: Sequence[Event], _: BatchContext) -> None:
        seen.append([event.entity_id for event in events])

    service = pipeline(Handler("h", "customer.create", together, batch=5))
    await customers(service, 1)
    async with flowing(service) as stage:
        await stage.all_done(1)
    assert seen == [["1"]]


async def test_a_handler_that_overruns_is_counted(pipeline: Callable[..., Pipeline]) -> None:
    async def stuck(_: Event, __: Context) -> None:
        await asyncio.Event().wait()

    service = pipeline(Handler("h", "customer.create", stuck, time_limit=0.02, retry=RetryPolicy(max_attempts=1)))
    await customers(service, 1)
    async with flowing(service) as stage:
        await soon(lambda: bool(stage.metrics.counted("handler_time_limits_total", outcome="cancelled")))
        assert (await stage.states()).get(EventState.DEAD) == 1
    assert [attempt.end for _, attempt in service.database.attempts] == [AttemptEnd.TIMED_OUT]


async def test_work_that_ignores_its_cancellation_is_left_behind_and_keeps_nothing(
    pipeline: Callable[..., Pipeline],
) -> None:
    tried: list[str] = []
    go_on = asyncio.Event()

    async def stubborn(_: Event, ctx: Context) -> None:
        async with ctx.unit_of_work as database:
            await database.execute("INSERT INTO effects VALUES (1)")
            while not go_on.is_set():
                try:
                    await go_on.wait()
                except asyncio.CancelledError:
                    tried.append("cancelled")
            try:
                await database.execute("INSERT INTO effects VALUES (2)")
            except RuntimeError:
                tried.append("refused")

    def impatient(seconds: float, work: Awaitable[Outcome]) -> Awaitable[object]:
        return within(seconds, work, stopping=0.02)

    service = pipeline(Handler("h", "customer.create", stubborn, time_limit=0.02))
    service.calls._within = impatient  # type: ignore[assignment]  # so that nobody waits five seconds here
    await customers(service, 1)
    try:
        async with flowing(service) as stage:
            await soon(lambda: bool(stage.metrics.counted("handler_time_limits_total", outcome="ignored")))
            await soon(lambda: stage.flow.running == 0)
            [run] = service.database.runs.values()
            assert run.state is EventState.WAITING
            assert "ignored its cancellation" in (run.reason or "")
    finally:
        go_on.set()
    await soon(lambda: tried == ["cancelled", "refused"])
    assert service.database.effects == []


async def test_a_task_that_is_cancelled_from_outside_cancels_its_work() -> None:
    gone = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    outer = asyncio.create_task(within(60, work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer
    assert gone.is_set()


@pytest.mark.parametrize(
    "wrong", [{"time_limit": 0}, {"concurrency": 0}, {"batch": 0}, {"retry": RetryPolicy(max_attempts=0)}]
)
def test_numbers_that_make_no_sense_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingInvalid, match=next(iter(wrong))):
        on("customer.create", **wrong)  # type: ignore[arg-type]
