"""What callers meet when Zid has a bad day: the right error in time, and no write applied twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from adapters.memory.metrics import RecordingMetrics
from adapters.process.local_rate import LocalRateLimiter
from adapters.redis.breaker_news import CHANNEL, RedisBreakerNews
from adapters.redis.connection import RedisClients, open_redis
from adapters.system import SystemChance, SystemClock
from adapters.zid.breakers import Breakers
from adapters.zid.gateway import AiohttpZidGateway
from adapters.zid.guarded import GuardedWire
from adapters.zid.http_session import HttpLimits, HttpSession, open_http
from adapters.zid.limited import LimitedWire, Patience
from adapters.zid.measured import MeasuredWire
from adapters.zid.time_limit import TimedWire, TimeLimit
from core.domain.breaker import BreakerPolicy
from core.domain.operations.account import GetProfile
from core.domain.operations.operation import Operation
from core.domain.operations.webhooks import CreateWebhook
from core.domain.rate import Allowance, Traffic
from core.domain.secret import Secret
from core.errors import OutcomeUnknown, RateLimited, ServerFault, Unavailable, UnknownShape, WaslError
from core.ids import StoreId
from tests.integration.traffic.caller import GivenTokens
from tests.integration.traffic.crowd import Zid, zid

DEADLINE = 3.0
PLENTY = Allowance(60_000)
PATIENT = BreakerPolicy(failures=1000, family_stores=1000)
READ, PROFILE = GetProfile(), "/v1/managers/account/profile"


@dataclass
class Service:
    """One process of ours."""

    gateway: AiohttpZidGateway
    breakers: Breakers
    metrics: RecordingMetrics

    async def read(self, store: int) -> object:
        return await self.gateway.perform(StoreId(store), READ)

    async def refused(self, store: int) -> bool:
        """Without anything being sent."""
        before = self.sent
        try:
            await self.read(store)
        except Unavailable:
            return self.sent == before
        return False

    @property
    def sent(self) -> int:
        return self.metrics.counted("zid_requests_total")


@asynccontextmanager
async def service(
    world: Zid, clients: RedisClients, name: str, policy: BreakerPolicy = PATIENT
) -> AsyncIterator[Service]:
    clock, metrics = SystemClock(), RecordingMetrics()
    breakers = Breakers(RedisBreakerNews(clients), clock=clock, metrics=metrics, process=name, policy=policy)
    async with open_http(HttpLimits(read=2.0)) as http, breakers.connected():
        yield Service(_gateway(world, http, breakers, metrics, clock), breakers, metrics)


def _gateway(
    world: Zid, http: HttpSession, breakers: Breakers, metrics: RecordingMetrics, clock: SystemClock
) -> AiohttpZidGateway:
    limited = LimitedWire(
        GuardedWire(MeasuredWire(TimedWire(http, clock), metrics, clock), breakers),
        LocalRateLimiter(clock, PLENTY),
        traffic=Traffic.INTERACTIVE,
        allowance=PLENTY,
        clock=clock,
        metrics=metrics,
        patience=Patience(1.0, None),
    )
    return AiohttpZidGateway(
        limited,
        GivenTokens(world.tokens),
        SystemChance(),
        api_url=world.running.url,
        limit=TimeLimit(clock, DEADLINE),
    )


@pytest.fixture
async def world() -> AsyncIterator[Zid]:
    async with zid(1.0, stores=2) as world:
        world.running.sandbox.knobs.update({"rate.bucket": 0})
        yield world


@pytest.fixture
async def clients(redis_url: str) -> AsyncIterator[RedisClients]:
    clients = open_redis(redis_url)
    yield clients
    await clients.aclose()


@pytest.fixture
async def ours(world: Zid, clients: RedisClients) -> AsyncIterator[Service]:
    async with service(world, clients, "ours") as ours:
        yield ours


def fault(world: Zid, kind: str, **more: object) -> None:
    """Of the profile, always, unless said otherwise."""
    often = {} if {"times", "probability"} & more.keys() else {"probability": 1.0}
    world.running.sandbox.faults.add({"route": PROFILE, "kind": kind, **often, **more})


def first(world: Zid) -> int:
    return int(next(iter(world.tokens)))


@pytest.mark.parametrize(
    ("kind", "more", "ends"),
    [
        ("status", {"status": 500, "times": 2}, None),
        ("status", {"status": 503}, ServerFault),
        ("cut", {}, Unavailable),
        ("latency", {"seconds": 30.0}, Unavailable),
        ("garbage", {}, UnknownShape),
        ("truncate", {}, Unavailable),
        ("status", {"status": 429, "retry_after": "0", "times": 2}, None),
        ("status", {"status": 429}, RateLimited),
        ("status", {"status": 429, "retry_after": "999999999"}, RateLimited),
        ("status", {"status": 429, "retry_after": "-7"}, RateLimited),
        ("status", {"status": 429, "retry_after": "soon"}, RateLimited),
    ],
)
async def test_a_read_ends_in_time_and_as_what_it_is(
    world: Zid, ours: Service, kind: str, more: dict[str, object], ends: type[WaslError] | None
) -> None:
    fault(world, kind, **more)
    async with asyncio.timeout(DEADLINE + 20):
        if ends is None:
            assert await ours.read(first(world))
            return
        with pytest.raises(ends) as caught:
            await ours.read(first(world))
    if isinstance(caught.value, RateLimited):
        assert 0 < caught.value.retry_after <= 130


async def test_with_half_of_the_connections_cut_reads_succeed_or_say_unavailable(world: Zid, ours: Service) -> None:
    fault(world, "cut", probability=0.5)
    async with asyncio.timeout(60):
        results = await asyncio.gather(*(ours.read(first(world)) for _ in range(60)), return_exceptions=True)
    failed = [result for result in results if isinstance(result, BaseException)]
    assert {type(problem) for problem in failed} <= {Unavailable}
    assert len(failed) < 25, "three sendings each: one in eight fails"


def webhook(number: int) -> Operation[object]:
    return CreateWebhook("order.create", f"https://x.example/{number}", f"id {number}", "wasl", Secret("pw"))


async def test_no_write_is_applied_twice_when_answers_are_lost(world: Zid, ours: Service) -> None:
    for kind in ("cut_after_commit", "cut", "status"):
        often = 0.3 if kind == "cut_after_commit" else 0.05
        fault(world, kind, route="POST /v1/managers/webhooks", probability=often)
    ends: Counter[str] = Counter()
    for number in range(120):
        try:
            await ours.gateway.perform(StoreId(first(world)), webhook(number))
            ends["done"] += 1
        except OutcomeUnknown as unknown:
            ends["unknown"] += bool(unknown.how_to_check)
    counts = world.running.sandbox.stats.total
    applied = sum(count for name, count in counts.items() if name.startswith("writes.") and name.endswith(".applied"))
    repeated = sum(count for name, count in counts.items() if name.endswith(".repeated"))
    assert repeated == 0
    assert ends["done"] <= applied <= ends["done"] + ends["unknown"]
    assert ends["unknown"] > 20
    assert ours.sent == 120, "a write whose answer was lost is not sent again"


POLICY = BreakerPolicy(failures=4, rest=0.5, family_stores=5)
RESTING = replace(POLICY, rest=600.0)


@pytest.fixture
async def fleet(world: Zid, redis_url: str, request: pytest.FixtureRequest) -> AsyncIterator[list[Service]]:
    policy = getattr(request, "param", POLICY)
    async with AsyncExitStack() as stack:
        fleet = []
        for name in ("one", "two", "three"):
            clients = open_redis(redis_url)
            stack.push_async_callback(clients.aclose)
            fleet.append(await stack.enter_async_context(service(world, clients, name, policy)))
        async with asyncio.timeout(30):
            while dict(await clients.writer.pubsub_numsub(CHANNEL)).get(CHANNEL, 0) < len(fleet):
                await asyncio.sleep(0.005)
        yield fleet


async def fail_until_open(service: Service, store: int) -> None:
    for _ in range(10):
        if await service.refused(store):
            return
    raise AssertionError("it never opened")


@pytest.mark.parametrize("fleet", [RESTING], indirect=True)
async def test_a_breaker_that_opens_is_open_in_every_process(world: Zid, fleet: list[Service]) -> None:
    """It takes milliseconds; a tenth of a second is promised, and a loaded machine is given fifty times as long."""
    bad, good = map(int, world.tokens)
    fault(world, "status", status=500, store_id=bad)
    await fail_until_open(fleet[0], bad)
    assert fleet[0].sent == POLICY.failures
    async with asyncio.timeout(5):
        while not all(service.metrics.gauge("breakers_open", family="managers") for service in fleet):
            await asyncio.sleep(0.005)
    assert [await service.refused(bad) for service in fleet] == [True, True, True]
    assert fleet[1].sent == fleet[2].sent == 0
    for service in fleet:
        assert await service.read(good), "the other store is unaffected"


async def test_one_request_of_the_fleet_probes_and_all_go_on_when_zid_is_back(world: Zid, fleet: list[Service]) -> None:
    bad = first(world)
    fault(world, "status", status=500, store_id=bad)
    await fail_until_open(fleet[0], bad)
    world.running.sandbox.faults.remove()
    fault(world, "latency", seconds=1.5, times=1, store_id=bad)
    await asyncio.sleep(POLICY.rest + 0.2)
    before = sum(service.sent for service in fleet)
    refusals = await asyncio.gather(*(service.refused(bad) for service in fleet * 20))
    assert sum(service.sent for service in fleet) == before + 1
    assert sum(refusals) == 59
    async with asyncio.timeout(30):
        while any([await service.refused(bad) for service in fleet]):
            await asyncio.sleep(0.02)


async def test_cancelling_and_timing_out_pass_through_untouched(world: Zid, fleet: list[Service]) -> None:
    store = first(world)
    fault(world, "latency", seconds=1.0)
    for _ in range(POLICY.failures + 1):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await fleet[0].read(store)
        call = asyncio.create_task(fleet[0].read(store))
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert call.cancelled()
    world.running.sandbox.faults.remove()
    assert await fleet[0].read(store), "no cancellation counted as a failure"
