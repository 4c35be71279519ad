"""The session on real sockets: what is sent once stays sent once, and every end has a name."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from adapters.zid.http_session import HttpLimits, HttpSession, open_http
from adapters.zid.wire import Request
from core.domain.exchange import Answer, AnswerLost, NotSent
from tests.integration.zid.cutting_server import CUT, STALL, CuttingServer, Ending, cutting_server, reply


@pytest.fixture
async def server() -> AsyncIterator[CuttingServer]:
    async with cutting_server() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[HttpSession]:
    async with open_http() as http:
        yield http


def request(server: CuttingServer, method: str = "GET", *, fresh: bool = False, body: bytes | None = None) -> Request:
    kind = "application/json" if body else None
    return Request(method, server.url + "/v1/x", "managers", "Try", body=body, content_type=kind, fresh=fresh)


async def test_a_bare_aiohttp_session_sends_idempotent_verbs_twice(server: CuttingServer) -> None:
    """The trap itself; should aiohttp give it up one day, this test says so."""
    server.answer(reply(), CUT)
    async with aiohttp.ClientSession() as session:
        async with session.get(server.url):
            pass
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.delete(server.url)
    assert [arrived.method for arrived in server.arrived] == ["GET", "DELETE", "DELETE"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
@pytest.mark.parametrize("fresh", [False, True])
async def test_a_cut_connection_never_sends_again(
    server: CuttingServer, http: HttpSession, method: str, fresh: bool
) -> None:
    server.answer(reply(), CUT)
    assert isinstance(await http.send(request(server)), Answer)
    body = b"{}" if method in ("PUT", "POST", "PATCH") else None
    assert isinstance(await http.send(request(server, method, fresh=fresh, body=body)), AnswerLost)
    assert [arrived.method for arrived in server.arrived] == ["GET", method]


async def test_kept_connections_are_used_again_and_fresh_ones_never(server: CuttingServer, http: HttpSession) -> None:
    for _ in range(3):
        await http.send(request(server))
    assert {arrived.connection for arrived in server.arrived} == {1}
    for _ in range(3):
        await http.send(request(server, "POST", fresh=True, body=b"{}"))
    assert len({arrived.connection for arrived in server.arrived}) == 4


async def test_an_answer_is_whole_or_lost(server: CuttingServer, http: HttpSession) -> None:
    whole = reply(200, b'{"a": 1}', "X-Request-Id: r-9", "Retry-After: 7")
    server.answer(whole, Ending(whole[:-3]), Ending(whole[:20]), Ending(b"\x00\x01 this is no HTTP\r\n\r\n"))
    assert await http.send(request(server)) == Answer(200, b'{"a": 1}', 7.0, "r-9")
    for _ in range(3):
        assert isinstance(await http.send(request(server)), AnswerLost)
    assert len(server.arrived) == 4


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-1", "١٢", ""])
async def test_an_odd_retry_after_counts_as_absent(server: CuttingServer, http: HttpSession, value: str) -> None:
    server.answer(reply(429, b"", f"Retry-After: {value}"))
    assert await http.send(request(server)) == Answer(429, b"")


async def test_a_path_arrives_as_it_was_quoted(server: CuttingServer, http: HttpSession) -> None:
    quoted = Request("GET", server.url + "/v1/orders/a%2F%2E%2Fb%3F/view", "managers", "Try", query={"q": "1&2 ü"})
    assert isinstance(await http.send(quoted), Answer)
    assert server.arrived[0].target == "/v1/orders/a%2F%2E%2Fb%3F/view?q=1%262+%C3%BC"


async def test_redirects_are_not_followed_and_cookies_not_kept(server: CuttingServer, http: HttpSession) -> None:
    server.answer(reply(302, b"", "Location: /login", "Set-Cookie: session=of-store-1; Path=/"), reply())
    sent = await http.send(request(server))
    assert isinstance(sent, Answer)
    assert sent.status == 302
    await http.send(request(server))
    assert [arrived.target for arrived in server.arrived] == ["/v1/x", "/v1/x"]
    assert "cookie" not in server.arrived[1].headers


async def test_nothing_is_sent_where_nobody_listens(http: HttpSession) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    assert isinstance(await http.send(Request("GET", url, "managers", "Try")), NotSent)


async def test_nothing_is_sent_to_a_name_that_does_not_exist(http: HttpSession) -> None:
    unknown = Request("POST", "http://zid.invalid/oauth/token", "oauth", "Try", body=b"x", fresh=True)
    assert isinstance(await http.send(unknown), NotSent)


async def test_a_silent_server_ends_in_a_lost_answer_within_the_limit(server: CuttingServer) -> None:
    server.answer(STALL)
    async with open_http(HttpLimits(total=120, connect=60, read=0.2)) as http:
        started = time.monotonic()
        assert isinstance(await http.send(request(server, "POST", fresh=True, body=b"{}")), AnswerLost)
        assert time.monotonic() - started < 30
    async with open_http(HttpLimits(total=1, connect=0.9, read=60)) as http:
        assert isinstance(await http.send(request(server)), AnswerLost)


async def test_waiting_for_a_free_connection_is_not_sending(server: CuttingServer) -> None:
    server.answer(STALL)
    async with open_http(HttpLimits(total=5, connect=0.3, read=2, per_host=1)) as http:
        first = asyncio.create_task(http.send(request(server)))
        while not server.arrived:
            await asyncio.sleep(0.005)
        assert isinstance(await http.send(request(server)), NotSent)
        assert isinstance(await first, AnswerLost)
    assert len(server.arrived) == 1


async def test_a_reason_never_quotes_the_address_or_the_tokens(server: CuttingServer, http: HttpSession) -> None:
    server.answer(CUT)
    secret = Request("GET", server.url + "/?key=hush", "managers", "Try", headers={"Authorization": "Bearer hush"})
    sent = await http.send(secret)
    assert isinstance(sent, AnswerLost)
    assert "hush" not in sent.reason
    assert "hush" not in repr(Request("GET", server.url, "managers", "Try", headers={"A": "hush"}, body=b"hush"))
