"""How a caller waits for a store's allowance, and what happens when it cannot be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock
from adapters.process.fallback_limiter import FallbackLimiter
from adapters.process.local_rate import LocalRateLimiter
from adapters.process.shared import TRY_AGAIN_AFTER
from adapters.zid.limited import PATIENCE, LimitedWire, Patience
from adapters.zid.wire import Request, Wire
from core.domain.exchange import Answer, Sent
from core.domain.rate import Allowance, HeldBack, Traffic
from core.errors import RateLimited, Unavailable
from core.ids import StoreId
from core.ports.guards import RateLimiter

STORE = StoreId(7)
ALLOWANCE = Allowance(60)


class Zid(Wire):
    """Answers as told, and remembers when it was asked."""

    def __init__(self, clock: ManualClock, *answers: Answer) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.asked: list[float] = []

    async def send(self, request: Request) -> Sent:
        self.asked.append(self.clock.monotonic())
        return self.answers.pop(0) if self.answers else Answer(200)


def request(store_id: StoreId | None = STORE, until: float | None = None) -> Request:
    return Request("GET", "http://zid", "products", "GetProduct", store_id, until=until)


class Scene:
    """A wire over the rules on a clock that jumps."""

    def __init__(self, traffic: Traffic, *answers: Answer, patience: Patience | None = None) -> None:
        self.clock, self.metrics = ManualClock(), RecordingMetrics()
        self.zid = Zid(self.clock, *answers)
        self.limiter = LocalRateLimiter(self.clock, ALLOWANCE)
        self.wire = LimitedWire(
            self.zid,
            self.limiter,
            traffic=traffic,
            allowance=ALLOWANCE,
            clock=self.clock,
            metrics=self.metrics,
            patience=patience,
        )


async def test_requests_go_when_the_allowance_has_room() -> None:
    scene = Scene(Traffic.BACKFILL)
    for _ in range(30):
        await scene.wire.send(request())
    assert scene.zid.asked[:15] == [0.0] * 15
    assert scene.zid.asked[15:] == pytest.approx([float(second) for second in range(1, 16)], abs=0.01)
    assert len(scene.metrics.observed("rate_wait_seconds")) == 30


async def test_a_person_waits_ten_seconds_at_most() -> None:
    scene = Scene(Traffic.INTERACTIVE)
    await scene.limiter.learn(STORE, 30.0)
    with pytest.raises(RateLimited) as caught:
        await scene.wire.send(request())
    assert caught.value.retry_after >= 30
    assert scene.zid.asked == []
    await scene.limiter.learn(StoreId(8), 8.0)
    await scene.wire.send(request(StoreId(8)))
    assert scene.clock.monotonic() >= 8


async def test_nobody_waits_past_the_end_of_his_operation() -> None:
    scene = Scene(Traffic.INTERACTIVE)
    await scene.limiter.learn(STORE, 5.0)
    with pytest.raises(RateLimited):
        await scene.wire.send(request(until=4.0))
    assert scene.clock.monotonic() == 0


async def test_backfill_waits_as_long_as_it_takes() -> None:
    scene = Scene(Traffic.BACKFILL)
    await scene.limiter.learn(STORE, 100.0)
    await scene.wire.send(request())
    assert scene.zid.asked[0] >= 100


async def test_those_who_cannot_have_their_turn_in_time_are_told_at_once_when_to_come_back() -> None:
    scene = Scene(Traffic.HANDLER)
    results = await asyncio.gather(*(scene.wire.send(request()) for _ in range(100)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, RateLimited)]
    assert len(results) - len(refused) == len(scene.zid.asked)
    assert 15 <= len(scene.zid.asked) <= 15 + PATIENCE[Traffic.HANDLER].for_allowance + 1  # type: ignore[operator]
    assert len({error.retry_after for error in refused}) > 50, "they do not all come back together"


async def test_a_turn_that_does_not_come_ends_with_the_patience() -> None:
    clock = ManualClock(autojump=False)
    zid, limiter = Zid(clock), LocalRateLimiter(clock, ALLOWANCE)
    await limiter.learn(STORE, 0.04)
    wire = LimitedWire(
        zid,
        limiter,
        traffic=Traffic.HANDLER,
        allowance=Allowance(6000),
        clock=clock,
        metrics=RecordingMetrics(),
        patience=Patience(0.05, None),
    )
    results = await asyncio.gather(*(wire.send(request()) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [RateLimited] * 3


async def test_a_waiter_that_is_cancelled_leaves_its_place_to_the_next() -> None:
    clock = ManualClock(autojump=False)
    zid, limiter = Zid(clock), LocalRateLimiter(clock, ALLOWANCE)
    await limiter.learn(STORE, 2.0)
    wire = LimitedWire(
        zid,
        limiter,
        traffic=Traffic.BACKFILL,
        allowance=ALLOWANCE,
        clock=clock,
        metrics=RecordingMetrics(),
    )
    first, second = (asyncio.create_task(wire.send(request())) for _ in range(2))
    async with asyncio.timeout(30):
        while not clock.sleeping:
            await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        while clock.sleeping < 2:
            await asyncio.sleep(0)
        clock.advance(30)
        await second
    assert len(zid.asked) == 1


async def test_what_zid_refuses_is_learned() -> None:
    scene = Scene(Traffic.BACKFILL, Answer(429, retry_after=20.0), Answer(429))
    await scene.wire.send(request())
    await scene.wire.send(request())
    await scene.wire.send(request())
    assert scene.zid.asked[1] >= 20
    assert scene.zid.asked[2] >= scene.zid.asked[1] + 15, "a refusal without Retry-After pauses too"


async def test_requests_of_no_store_are_not_limited() -> None:
    scene = Scene(Traffic.INTERACTIVE)
    for _ in range(100):
        await scene.wire.send(request(store_id=None))
    assert scene.clock.monotonic() == 0


class Away(RateLimiter):
    """A shared limiter that may be away, or hang."""

    def __init__(self) -> None:
        self.away: BaseException | None = Unavailable("redis")
        self.asked = 0
        self.learned: list[float | None] = []

    async def take(self, store_id: StoreId, traffic: Traffic) -> float:
        self.asked += 1
        if self.away:
            raise self.away
        return 0.0

    async def learn(self, store_id: StoreId, retry_after: float | None) -> None:
        if self.away:
            raise self.away
        self.learned.append(retry_after)

    async def held_back(self) -> Sequence[HeldBack]:
        if self.away:
            raise self.away
        return []


class Fallback:
    """The fallback at an eighth of the rate."""

    def __init__(self) -> None:
        self.clock, self.metrics, self.shared = ManualClock(), RecordingMetrics(), Away()
        local = LocalRateLimiter(self.clock, Allowance(60 / 8))
        self.limiter = FallbackLimiter(self.shared, local, self.metrics, self.clock)

    async def granted(self, seconds: float) -> int:
        """How many go in that time when everybody asks all the time."""
        count, end = 0, self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            wait = await self.limiter.take(STORE, Traffic.HANDLER)
            count += not wait
            self.clock.advance(wait)
        return count


async def test_without_the_shared_limiter_each_process_takes_an_eighth_and_counts_it() -> None:
    scene = Fallback()
    await scene.granted(60)
    assert await scene.granted(600) <= 600 / 8 + 1
    assert scene.metrics.counted("rate_fallback_total") >= 80


async def test_it_is_asked_again_once_a_second_and_used_when_it_is_back() -> None:
    scene = Fallback()
    for _ in range(50):
        await scene.limiter.take(STORE, Traffic.HANDLER)
    assert scene.shared.asked == 1
    scene.shared.away = None
    scene.clock.advance(TRY_AGAIN_AFTER)
    assert [await scene.limiter.take(STORE, Traffic.HANDLER) for _ in range(50)] == [0.0] * 50
    assert scene.metrics.counted("rate_fallback_total") == 50


async def test_what_was_learned_holds_on_both_sides() -> None:
    scene = Fallback()
    scene.shared.away = None
    await scene.limiter.learn(STORE, 40.0)
    assert scene.shared.learned == [40.0]
    scene.shared.away = Unavailable("redis")
    assert await scene.limiter.take(STORE, Traffic.INTERACTIVE) >= 40
    assert [one.store_id for one in await scene.limiter.held_back()] == [STORE], "as this process learned it"
    await scene.limiter.learn(STORE, 50.0)


async def test_a_limiter_that_hangs_is_not_waited_for() -> None:
    scene = Fallback()

    class Hanging(Away):
        async def take(self, store_id: StoreId, traffic: Traffic) -> float:
            await asyncio.Event().wait()
            return 0.0

    local = LocalRateLimiter(scene.clock, ALLOWANCE)
    limiter = FallbackLimiter(Hanging(), local, scene.metrics, scene.clock, patience=0.01)
    async with asyncio.timeout(30):
        assert await limiter.take(STORE, Traffic.HANDLER) == 0
    assert scene.metrics.counted("rate_fallback_total") == 1
