"""When calls are refused, who probes, and what the processes make of each other's news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.breaker_news import MemoryBreakerNews
from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock
from adapters.zid.breakers import Breakers
from adapters.zid.guarded import GuardedWire
from adapters.zid.wire import Request, Wire
from core.domain.breaker import BreakerName, BreakerPolicy, BreakerState, News, family_fails, is_failure
from core.domain.exchange import Answer, AnswerLost, NotSent, Sent, judge
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.guards import BreakerNews

POLICY = BreakerPolicy()
PRODUCTS, MANAGERS = "products", "managers"
GOOD, FAULT, THROTTLED = Answer(200), Answer(500), Answer(429)


class Zid(Wire):
    """Answers each store as told; may make a call wait."""

    def __init__(self) -> None:
        self.answers: dict[int, Sent] = {}
        self.asked = 0
        self.go = asyncio.Event()
        self.go.set()

    async def send(self, request: Request) -> Sent:
        self.asked += 1
        answer = self.answers.get(request.store_id or 0, GOOD)
        await self.go.wait()
        return answer


class Process:
    """One process's breakers around the same Zid."""

    def __init__(self, name: str, zid: Zid, news: BreakerNews, clock: ManualClock, policy: BreakerPolicy) -> None:
        self.metrics = RecordingMetrics()
        self.breakers = Breakers(news, clock=clock, metrics=self.metrics, process=name, policy=policy)
        self.wire = GuardedWire(zid, self.breakers)

    async def call(self, store: int = 1, family: str = PRODUCTS) -> Sent:
        return await self.wire.send(Request("GET", "http://zid", family, "Op", StoreId(store)))

    async def refused(self, store: int = 1, family: str = PRODUCTS) -> bool:
        try:
            await self.call(store, family)
        except Unavailable:
            return True
        return False

    async def fail(self, store: int = 1, times: int = POLICY.failures) -> None:
        for _ in range(times):
            await self.call(store)


class Fleet:
    """Processes that hear each other."""

    def __init__(self, policy: BreakerPolicy = POLICY) -> None:
        self.clock, self.zid = ManualClock(autojump=False), Zid()
        self.news = MemoryBreakerNews(self.clock)
        self.processes = [Process(name, self.zid, self.news, self.clock, policy) for name in "abc"]
        self.first, self.second, self.third = self.processes

    async def until_heard(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0)

    async def settle(self) -> None:
        """What was said is heard."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    fleet = Fleet()
    async with AsyncExitStack() as stack:
        for process in fleet.processes:
            await stack.enter_async_context(process.breakers.connected())
        await fleet.settle()
        yield fleet


@pytest.mark.parametrize(
    ("sent", "fails"),
    [
        (GOOD, False),
        (Answer(404), False),
        (Answer(401), False),
        (THROTTLED, False),
        (FAULT, True),
        (Answer(503), True),
        (AnswerLost("cut"), True),
        (NotSent("refused"), True),
    ],
)
def test_only_what_shows_that_zid_does_not_work_is_a_failure(sent: Sent, fails: bool) -> None:
    assert is_failure(judge(sent)) is fails


async def test_it_opens_after_the_configured_failures_in_a_row(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail(times=POLICY.failures - 1)
    fleet.zid.answers[1] = THROTTLED
    await fleet.first.call()
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail(times=POLICY.failures - 1)
    assert not await fleet.first.refused()
    asked = fleet.zid.asked
    with pytest.raises(Unavailable) as caught:
        await fleet.first.call()
    assert caught.value.dependency == "Zid"
    assert caught.value.retry_after == pytest.approx(POLICY.rest)
    assert fleet.zid.asked == asked


async def test_other_stores_and_families_are_unaffected(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail()
    assert await fleet.first.refused()
    assert not await fleet.first.refused(store=2)
    assert not await fleet.first.refused(family=MANAGERS)
    assert fleet.first.metrics.gauge("breaker_state", family=PRODUCTS) == BreakerState.CLOSED
    assert fleet.first.metrics.gauge("breakers_open", family=PRODUCTS) == 1


async def test_the_others_hear_that_it_opened_and_closed(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail()
    await fleet.settle()
    assert await fleet.second.refused()
    fleet.zid.answers[1] = GOOD
    fleet.clock.advance(POLICY.rest)
    await fleet.third.call()
    await fleet.settle()
    for process in fleet.processes:
        assert not await process.refused()
        assert process.metrics.gauge("breakers_open", family=PRODUCTS) == 0


async def test_one_call_of_the_whole_fleet_probes(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail()
    await fleet.settle()
    fleet.clock.advance(POLICY.rest)
    fleet.zid.go.clear()
    asked = fleet.zid.asked
    calls = [asyncio.create_task(process.refused()) for process in fleet.processes * 30]
    await fleet.until_heard(lambda: sum(call.done() for call in calls) == 89)
    assert fleet.zid.asked == asked + 1
    fleet.zid.go.set()
    assert sum(await asyncio.gather(*calls)) == 89


async def test_after_a_bad_probe_all_rest_again(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail()
    await fleet.settle()
    for _ in range(3):
        fleet.clock.advance(POLICY.rest)
        asked = fleet.zid.asked
        assert not await fleet.second.refused()
        await fleet.settle()
        assert [await process.refused() for process in fleet.processes] == [True, True, True]
        assert fleet.zid.asked == asked + 1


async def test_a_good_probe_lets_everybody_through_again(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail()
    fleet.zid.answers[1] = GOOD
    fleet.clock.advance(POLICY.rest)
    for _ in range(10):
        assert not await fleet.first.refused()


async def test_a_cancelled_call_counts_neither_way(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail(times=POLICY.failures - 1)
    fleet.zid.go.clear()
    for _ in range(10):
        cancelled = asyncio.create_task(fleet.first.call())
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert cancelled.cancelled()
    fleet.zid.go.set()
    await fleet.first.call()
    assert await fleet.first.refused(), "the failures before the cancellations still counted"


async def test_a_timeout_around_a_call_passes_through(fleet: Fleet) -> None:
    fleet.zid.go.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await fleet.first.call()


async def test_a_cancelled_probe_is_given_back(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail()
    await fleet.settle()
    fleet.zid.answers[1] = GOOD
    fleet.clock.advance(POLICY.rest)
    fleet.zid.go.clear()
    probe = asyncio.create_task(fleet.first.call())
    await fleet.until_heard(lambda: fleet.zid.asked == POLICY.failures + 1)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    await fleet.settle()
    fleet.zid.go.set()
    assert not await fleet.second.refused()


async def test_a_late_answer_of_an_earlier_time_changes_nothing(fleet: Fleet) -> None:
    fleet.zid.go.clear()
    late = [asyncio.create_task(fleet.first.call()) for _ in range(3)]
    await asyncio.sleep(0)
    fleet.zid.answers[1] = FAULT
    early = [asyncio.create_task(fleet.first.call()) for _ in range(POLICY.failures)]
    await asyncio.sleep(0)
    late_bad = [asyncio.create_task(fleet.first.call()) for _ in range(10)]
    await asyncio.sleep(0)
    for call in late:
        call.cancel()
    await asyncio.wait(late)
    admission = await fleet.first.breakers.admit(PRODUCTS, StoreId(1))
    fleet.zid.go.set()
    await asyncio.gather(*early, *late_bad)
    assert await fleet.first.refused()
    fleet.first.breakers.record(admission, failed=False)
    assert await fleet.first.refused(), "a good answer to a call from before it opened closes nothing"
    fleet.zid.answers[1] = GOOD
    fleet.clock.advance(POLICY.rest)
    assert not await fleet.first.refused()
    for _ in range(POLICY.failures):
        fleet.first.breakers.record(admission, failed=True)
    assert not await fleet.first.refused()


async def test_a_family_opens_when_enough_stores_fail_and_one_probe_closes_it(fleet: Fleet) -> None:
    for store in range(1, 6):
        fleet.zid.answers[store] = FAULT
    for store in range(1, 6):
        assert not await fleet.first.refused(store=77)
        await fleet.first.fail(store)
    assert await fleet.first.refused(store=77), "nobody of this family is asked"
    assert not await fleet.first.refused(store=77, family=MANAGERS)
    assert fleet.first.metrics.gauge("breaker_state", family=PRODUCTS) == BreakerState.OPEN
    await fleet.settle()
    assert await fleet.second.refused(store=78)
    fleet.clock.advance(POLICY.rest)
    asked = fleet.zid.asked
    fleet.zid.go.clear()
    calls = [asyncio.create_task(process.refused(store)) for store in range(70, 90) for process in fleet.processes]
    await fleet.until_heard(lambda: sum(call.done() for call in calls) == 59)
    assert fleet.zid.asked == asked + 1
    fleet.zid.go.set()
    assert sum(await asyncio.gather(*calls)) == 59
    await fleet.settle()
    assert [await process.refused(store=99) for process in fleet.processes] == [False] * 3


async def test_failing_stores_open_their_family_however_many_do_well(fleet: Fleet) -> None:
    fleet.zid.answers = {store: FAULT for store in range(1, 6)}
    for store in range(1, 6):
        for good in range(100, 300):
            assert not await fleet.first.refused(good)
        await fleet.first.fail(store)
    assert await fleet.first.refused(store=77)


async def test_the_stores_may_fail_in_different_processes(fleet: Fleet) -> None:
    fleet.zid.answers = {store: FAULT for store in range(1, 6)}
    for store in range(1, 6):
        await fleet.processes[store % 3].fail(store)
        await fleet.settle()
    assert [await process.refused(store=77) for process in fleet.processes] == [True] * 3


async def test_single_faults_of_any_number_of_stores_are_no_outage() -> None:
    chance, fleet = Random(7), Fleet()
    process = fleet.first
    for number in range(20_000):
        store = number % 200
        fleet.zid.answers = {store: FAULT} if chance.random() < 0.01 else {}
        assert not await process.refused(store), number
    assert process.metrics.gauge("breaker_state", family=PRODUCTS) == BreakerState.CLOSED


async def test_stores_that_go_on_failing_do_not_open_their_family_again(fleet: Fleet) -> None:
    fleet.zid.answers = {store: FAULT for store in range(1, 6)}
    for store in range(1, 6):
        await fleet.first.fail(store)
    await fleet.settle()
    fleet.clock.advance(POLICY.rest)
    assert not await fleet.first.refused(store=77), "this one tries, and it goes well"
    await fleet.settle()
    for _ in range(3):
        for store in range(1, 6):
            await fleet.first.refused(store)
        assert not await fleet.first.refused(store=77)
        fleet.clock.advance(POLICY.rest)


async def test_a_store_that_is_well_again_does_not_count(fleet: Fleet) -> None:
    fleet.zid.answers = {store: FAULT for store in range(1, 6)}
    for store in range(1, 5):
        await fleet.first.fail(store)
    fleet.zid.answers[1] = GOOD
    fleet.clock.advance(POLICY.rest)
    assert not await fleet.first.refused(store=1)
    await fleet.settle()
    await fleet.first.fail(store=5)
    assert not await fleet.first.refused(store=77)


@given(st.lists(st.floats(0, 200), max_size=20))
def test_a_family_fails_when_enough_began_to_fail_of_late(opened: list[float]) -> None:
    recent = [at for at in opened if at >= 200 - POLICY.family_window]
    assert family_fails(opened, POLICY, 200) == (len(recent) >= POLICY.family_stores)


class Silence(BreakerNews):
    """Nobody can be asked or told."""

    async def tell(self, news: News) -> None:
        raise Unavailable("redis")

    async def listen(self) -> AsyncGenerator[News, None]:
        nothing: list[News] = []
        for news in nothing:
            yield news
        raise Unavailable("redis")

    async def may_probe(self, name: BreakerName, *, seconds: float) -> bool:
        raise Unavailable("redis")

    async def hold_probes(self, name: BreakerName, *, seconds: float) -> None:
        raise Unavailable("redis")


async def test_alone_each_process_probes_by_itself() -> None:
    clock, zid = ManualClock(), Zid()
    process = Process("a", zid, Silence(), clock, POLICY)
    async with process.breakers.connected():
        zid.answers[1] = FAULT
        await process.fail()
        assert await process.refused()
        clock.advance(POLICY.rest)
        zid.go.clear()
        asked = zid.asked
        calls = [asyncio.create_task(process.refused()) for _ in range(50)]
        async with asyncio.timeout(30):
            while sum(call.done() for call in calls) < 49:
                await asyncio.sleep(0)
        assert zid.asked == asked + 1
        zid.answers[1] = GOOD
        zid.go.set()
        await asyncio.gather(*calls)


async def test_only_stores_that_failed_of_late_are_remembered_and_no_more_than_allowed() -> None:
    clock, zid = ManualClock(), Zid()
    policy = BreakerPolicy(remembered=50, family_stores=10_000)
    process = Process("a", zid, MemoryBreakerNews(clock), clock, policy)
    for store in range(300):
        await process.call(store)
    assert process.breakers.remembered == 0
    zid.answers = {store: FAULT for store in range(300)}
    await process.fail(store=0)
    for store in range(1, 300):
        await process.call(store)
    assert process.breakers.remembered == 50
    assert await process.refused(store=0), "open ones are kept"
    for store in range(1, 300):
        await process.fail(store)
    assert process.breakers.remembered == 50
    assert process.metrics.gauge("breakers_open", family=PRODUCTS) == 50
    zid.answers = {}
    await process.call(store=5)
    assert process.breakers.remembered == 50


async def test_a_store_that_recovers_is_forgotten(fleet: Fleet) -> None:
    fleet.zid.answers[1] = FAULT
    await fleet.first.fail(times=2)
    assert fleet.first.breakers.remembered == 1
    fleet.zid.answers[1] = GOOD
    await fleet.first.call()
    assert fleet.first.breakers.remembered == 0
