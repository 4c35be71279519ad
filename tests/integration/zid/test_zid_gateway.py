"""The gateway over real sockets: tokens, renewals, repetition and its limits."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock, SeededChance
from adapters.memory.zid_gateway import ScriptedTokenSource
from adapters.system import SystemClock
from adapters.zid.gateway import AiohttpZidGateway
from adapters.zid.http_session import HttpSession, open_http
from adapters.zid.measured import MeasuredWire
from adapters.zid.time_limit import TimeLimit
from adapters.zid.token_source import SharedRenewals
from core.domain.operations.account import GetProfile
from core.domain.operations.orders import GetOrder
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks
from core.domain.secret import Secret
from core.domain.tokens import Tokens, TokenSet
from core.errors import (
    MissingScope,
    NeedsReauthorization,
    OutcomeUnknown,
    RateLimited,
    RefreshInProgress,
    ServerFault,
    Unavailable,
    UnknownShape,
)
from core.ids import Generation, InstallId, StoreId
from core.ports.zid_gateway import TokenSource
from tests.integration.zid.cutting_server import CUT, CuttingServer, cutting_server, reply

STORE = StoreId(1001)
OLD = TokenSet(
    STORE,
    InstallId(1),
    Generation(1),
    Tokens(Secret("bearer-1"), Secret("manager-1"), Secret("refresh-1"), datetime(2027, 1, 1, tzinfo=UTC)),
)
NEW = replace(OLD, generation=Generation(2), tokens=replace(OLD.tokens, authorization=Secret("bearer-2")))
ORDER = json.dumps({"status": "object", "order": {"id": 5}}).encode()
CREATE = CreateWebhook("order.create", "https://x.example/h", "1292", "wasl", Secret("pw"))
UNAUTHORIZED = reply(401, b'{"detail":"No such user"}')


class NoWait(SeededChance):
    """Full jitter at its luckiest: no pause at all."""

    def fraction(self) -> float:
        return 0.0


@pytest.fixture
async def server() -> AsyncIterator[CuttingServer]:
    async with cutting_server() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[HttpSession]:
    async with open_http() as http:
        yield http


@pytest.fixture
def tokens() -> ScriptedTokenSource:
    source = ScriptedTokenSource(OLD)
    source.renewals.then(NEW)
    return source


def gateway(server: CuttingServer, http: HttpSession, tokens: TokenSource) -> AiohttpZidGateway:
    return AiohttpZidGateway(http, tokens, NoWait(), api_url=server.url)


async def test_a_call_carries_its_tokens_and_brings_the_clean_result(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(reply(200, ORDER))
    assert (await gateway(server, http, tokens).perform(STORE, GetOrder("5"))).id == "5"
    (arrived,) = server.arrived
    assert (arrived.method, arrived.target) == ("GET", "/v1/managers/store/orders/5/view")
    assert arrived.headers["authorization"] == "Bearer bearer-1"
    assert arrived.headers["x-manager-token"] == arrived.headers["access-token"] == "manager-1"
    assert (arrived.headers["store-id"], arrived.headers["role"]) == ("1001", "Manager")
    assert arrived.headers["accept"] == "application/json"


@pytest.mark.parametrize("refusal", [UNAUTHORIZED, reply(302, b"", "Location: https://login.example/")])
async def test_refused_tokens_are_renewed_once_and_the_call_sent_again(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource, refusal: bytes
) -> None:
    server.answer(refusal, reply(200, ORDER))
    assert (await gateway(server, http, tokens).perform(STORE, GetOrder("5"))).id == "5"
    assert [arrived.headers["authorization"] for arrived in server.arrived] == ["Bearer bearer-1", "Bearer bearer-2"]
    assert tokens.renewals.asked == [OLD]


async def test_renewed_tokens_that_are_refused_as_well_end_the_call(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(UNAUTHORIZED)
    with pytest.raises(NeedsReauthorization):
        await gateway(server, http, tokens).perform(STORE, GetOrder("5"))
    assert len(server.arrived) == 2
    assert tokens.renewals.asked == [OLD]


async def test_a_write_is_sent_again_after_a_renewal_since_it_was_refused(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(UNAUTHORIZED, reply(200, b'{"id":"1","event":"order.create","target_url":"u"}'))
    assert await gateway(server, http, tokens).perform(STORE, CREATE) is not None
    refused, accepted = server.arrived
    assert refused.body == accepted.body


async def test_a_read_survives_cuts_and_faults(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(CUT, reply(503, b"<html>maintenance</html>"), reply(200, ORDER))
    assert (await gateway(server, http, tokens).perform(STORE, GetOrder("5"))).id == "5"
    assert len(server.arrived) == 3


async def test_a_read_is_given_up_after_three(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(reply(500, b"<html>"))
    with pytest.raises(ServerFault):
        await gateway(server, http, tokens).perform(STORE, GetOrder("5"))
    assert len(server.arrived) == 3


@pytest.mark.parametrize("end", [CUT, reply(500, b""), reply(502, b"<html>")])
async def test_a_write_that_may_have_happened_is_never_sent_again(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource, end: bytes
) -> None:
    server.answer(end)
    with pytest.raises(OutcomeUnknown):
        await gateway(server, http, tokens).perform(STORE, CREATE)
    assert len(server.arrived) == 1


async def test_a_write_that_may_be_repeated_is(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(CUT, reply(200, b""))
    await gateway(server, http, tokens).perform(STORE, DeleteWebhooks("1292"))
    assert [arrived.method for arrived in server.arrived] == ["DELETE", "DELETE"]


async def test_a_throttled_write_is_sent_again_since_nothing_happened(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(reply(429, b'{"detail":"Request was throttled."}'), reply(409, b"{}"))
    assert await gateway(server, http, tokens).perform(STORE, CREATE) is None
    assert len(server.arrived) == 2


async def test_a_long_throttle_is_handed_to_the_caller(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(reply(429, b"", "Retry-After: 37"))
    with pytest.raises(RateLimited) as caught:
        await gateway(server, http, tokens).perform(STORE, GetOrder("5"))
    assert caught.value.retry_after == 37
    assert len(server.arrived) == 1


async def test_a_missing_permission_names_the_scope(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(reply(403, b'{"message":"Permission denied"}'))
    with pytest.raises(MissingScope) as caught:
        await gateway(server, http, tokens).perform(STORE, GetOrder("5"))
    assert caught.value.scope == "orders.read"
    assert tokens.renewals.asked == []


async def test_a_page_instead_of_json_is_unreadable(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(reply(200, b"<html>hello</html>"))
    with pytest.raises(UnknownShape):
        await gateway(server, http, tokens).perform(STORE, GetProfile())


async def test_what_goes_through_is_counted_and_timed(
    server: CuttingServer, http: HttpSession, tokens: ScriptedTokenSource
) -> None:
    server.answer(UNAUTHORIZED, CUT, reply(200, ORDER))
    metrics = RecordingMetrics()
    measured = MeasuredWire(http, metrics, ManualClock())
    await AiohttpZidGateway(measured, tokens, NoWait(), api_url=server.url).perform(STORE, GetOrder("5"))
    for status in ("401", "lost", "200"):
        labels = {"family": "managers", "operation": "GetOrder", "status": status}
        assert metrics.counted("zid_requests_total", **labels) == 1
    assert len(metrics.observed("zid_request_seconds", family="managers")) == 3


class SlowRenewal(ScriptedTokenSource):
    """Renews when told to, and counts."""

    def __init__(self) -> None:
        super().__init__(OLD)
        self.go = asyncio.Event()
        self.count = 0
        self.end: TokenSet | Exception = NEW

    async def renew(self, seen: TokenSet) -> TokenSet:
        self.count += 1
        await self.go.wait()
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


async def test_callers_in_one_process_share_one_renewal() -> None:
    slow = SlowRenewal()
    shared = SharedRenewals(slow)
    callers = [asyncio.create_task(shared.renew(OLD)) for _ in range(200)]
    await until(lambda: slow.count)
    slow.go.set()
    assert await asyncio.gather(*callers) == [NEW] * 200
    assert slow.count == 1
    await shared.renew(OLD)
    assert slow.count == 2, "a renewal that is over is not remembered"


async def test_a_caller_that_goes_away_does_not_cut_the_exchange() -> None:
    slow = SlowRenewal()
    shared = SharedRenewals(slow)
    leaving, staying = asyncio.create_task(shared.renew(OLD)), asyncio.create_task(shared.renew(OLD))
    await until(lambda: slow.count)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    draining = asyncio.create_task(shared.drain())
    slow.go.set()
    assert await staying == NEW
    await draining
    assert slow.count == 1


async def test_a_call_waits_for_a_renewal_no_longer_than_its_time(server: CuttingServer, http: HttpSession) -> None:
    server.answer(UNAUTHORIZED)
    slow = SlowRenewal()
    shared, limit = SharedRenewals(slow), TimeLimit(SystemClock(), 0.3)
    limited = AiohttpZidGateway(http, shared, NoWait(), api_url=server.url, limit=limit)
    with pytest.raises(RefreshInProgress):
        await limited.perform(STORE, GetOrder("5"))
    slow.go.set()
    await shared.drain()
    assert slow.count == 1


async def test_a_failed_renewal_fails_all_its_callers() -> None:
    slow = SlowRenewal()
    slow.end = RefreshInProgress("slow")
    slow.go.set()
    results = await asyncio.gather(*(SharedRenewals(slow).renew(OLD) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [RefreshInProgress] * 3


async def test_an_api_that_is_away_is_unavailable(http: HttpSession, tokens: ScriptedTokenSource) -> None:
    nowhere = AiohttpZidGateway(http, tokens, NoWait(), api_url="http://zid.invalid")
    with pytest.raises(Unavailable):
        await nowhere.perform(STORE, CREATE)
