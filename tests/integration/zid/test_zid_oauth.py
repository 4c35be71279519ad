"""The token endpoint and the probe on real sockets: each end is told apart, an exchange is sent once."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from adapters.zid.http_session import HttpLimits, HttpSession, open_http
from adapters.zid.oauth import AiohttpExchange, AiohttpProbe
from core.domain.secret import Secret
from core.domain.tokens import Tokens
from core.errors import ClientRejected, OutcomeUnknown, Refused, ServerFault, Unavailable, WaslError
from tests.integration.zid.cutting_server import CUT, STALL, CuttingServer, Ending, cutting_server, reply

ANSWER = {
    "access_token": "eyJpdiI6",
    "token_type": "Bearer",
    "expires_in": 31536000,
    "authorization": "jwt",
    "refresh_token": "def502",
}
GOOD = reply(200, json.dumps(ANSWER).encode())
TOKENS = Tokens(Secret("jwt"), Secret("manager"), Secret("def502"), datetime(2027, 1, 1, tzinfo=UTC))
WRONG_CLIENT = reply(
    400,
    b'{"status":"error","message":{"type":"error","code":null,"description":"Client authentication failed"}}',
)


@pytest.fixture
async def server() -> AsyncIterator[CuttingServer]:
    async with cutting_server() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[HttpSession]:
    async with open_http(HttpLimits(total=1.0, connect=0.5, read=0.3)) as http:
        yield http


def exchange(url: str, http: HttpSession) -> AiohttpExchange:
    return AiohttpExchange(
        http,
        oauth_url=url,
        client_id="48",
        client_secret=Secret("s&cret"),
        redirect_uri="https://app.example/auth/zid/callback",
    )


async def test_both_grants_are_a_form_in_the_body_on_connections_of_their_own(
    server: CuttingServer, http: HttpSession
) -> None:
    server.answer(GOOD)
    zid = exchange(server.url, http)
    assert await zid.redeem_code("c/1") == ANSWER
    assert await zid.refresh("def502") == ANSWER
    code, refresh = server.arrived
    common = {
        "client_id": ["48"],
        "client_secret": ["s&cret"],
        "redirect_uri": ["https://app.example/auth/zid/callback"],
    }
    assert parse_qs(code.body.decode()) == {**common, "grant_type": ["authorization_code"], "code": ["c/1"]}
    assert parse_qs(refresh.body.decode()) == {**common, "grant_type": ["refresh_token"], "refresh_token": ["def502"]}
    assert {arrived.target for arrived in server.arrived} == {"/oauth/token"}
    assert {arrived.headers["content-type"] for arrived in server.arrived} == {"application/x-www-form-urlencoded"}
    assert code.connection != refresh.connection


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (CUT, OutcomeUnknown),
        (STALL, OutcomeUnknown),
        (Ending(GOOD[:-4]), OutcomeUnknown),
        (reply(200, b"<html>"), OutcomeUnknown),
        (reply(200, b"[]"), OutcomeUnknown),
        (reply(200, b'{"status":"error"}'), OutcomeUnknown),
        (WRONG_CLIENT, ClientRejected),
        (reply(401, b'{"error":"invalid_client"}'), ClientRejected),
        (reply(401, b'{"error":"invalid_request","message":"The refresh token is invalid."}'), Refused),
        (reply(400, b'{"error":"invalid_grant"}'), Refused),
        (reply(500, b'{"status":"error","message":{"description":"Internal Server Error"}}'), ServerFault),
        (reply(503, b"<html>"), ServerFault),
        (reply(429, b"", "Retry-After: 9"), ServerFault),
        (reply(302, b"", "Location: /maintenance"), ServerFault),
    ],
)
async def test_every_end_of_an_exchange_is_told_apart(
    server: CuttingServer, http: HttpSession, end: bytes, kind: type[WaslError]
) -> None:
    server.answer(end)
    with pytest.raises(WaslError) as caught:
        await exchange(server.url, http).refresh("def502")
    assert isinstance(caught.value, kind)
    assert len(server.arrived) == 1, "an exchange is never sent twice"
    assert "def502" not in str(caught.value)
    assert "s&cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://zid.invalid"])
async def test_what_was_not_sent_is_told_apart_from_a_fault(http: HttpSession, url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        await exchange(url, http).refresh("def502")
    assert not isinstance(caught.value, ServerFault)


async def test_an_answer_may_leave_fields_out_but_not_all(server: CuttingServer, http: HttpSession) -> None:
    server.answer(reply(200, b'{"access_token":"new"}'))
    assert await exchange(server.url, http).refresh("def502") == {"access_token": "new"}


class TestProbe:
    """Whose tokens are these?"""

    async def test_the_profile_is_asked_without_a_store(self, server: CuttingServer, http: HttpSession) -> None:
        server.answer(reply(200, b'{"user":{"store":{"id":7}}}'))
        assert await AiohttpProbe(http, api_url=server.url).profile(TOKENS) == {"user": {"store": {"id": 7}}}
        (arrived,) = server.arrived
        assert arrived.target == "/v1/managers/account/profile"
        assert arrived.headers["authorization"] == "Bearer jwt"
        assert "store-id" not in arrived.headers

    @pytest.mark.parametrize("status", [401, 403, 302])
    async def test_refused_tokens_are_none(self, server: CuttingServer, http: HttpSession, status: int) -> None:
        server.answer(reply(status, b"<html>"))
        assert await AiohttpProbe(http, api_url=server.url).profile(TOKENS) is None

    @pytest.mark.parametrize("end", [CUT, STALL, reply(500, b""), reply(429, b""), reply(404, b""), reply(200, b"<h>")])
    async def test_anything_else_decides_nothing(self, server: CuttingServer, http: HttpSession, end: bytes) -> None:
        server.answer(end)
        with pytest.raises(Unavailable):
            await AiohttpProbe(http, api_url=server.url).profile(TOKENS)
