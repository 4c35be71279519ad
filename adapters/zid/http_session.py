"""One HTTP client for everything that is asked of Zid: bounded, without cookies, without hidden repetition."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import hdrs
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from adapters.zid.wire import Request, Wire
from core.domain.exchange import Answer, AnswerLost, NotSent, Sent
from core.domain.rate import believed


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Seconds, and connections. `kept_alive` is short: a connection Zid closed meanwhile costs a read a retry."""

    total: float = 30.0
    connect: float = 5.0
    read: float = 25.0
    per_host: int = 64
    kept_alive: float = 15.0


class _Cut(Exception):
    """The connection ended after the request was on its way. Not one of aiohttp's, see `_never_again`."""


async def _never_again(request: aiohttp.ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp 3.14 sends GET, PUT and DELETE a second time, silently, when a connection drops.

    It does so for two of its own exceptions; turned into another here, they end the request.
    """
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as cut:
        raise _Cut(type(cut).__name__) from cut


@asynccontextmanager
async def open_http(limits: HttpLimits | None = None) -> AsyncIterator[HttpSession]:
    """A session that closes its connections at the end. Needs a running loop."""
    limits = limits or HttpLimits()
    kept = aiohttp.TCPConnector(limit_per_host=limits.per_host, keepalive_timeout=limits.kept_alive)
    fresh = aiohttp.TCPConnector(limit_per_host=limits.per_host, force_close=True)
    async with _session(kept, limits) as keeping, _session(fresh, limits) as closing:
        yield HttpSession(keeping, closing)


def _session(connector: aiohttp.TCPConnector, limits: HttpLimits) -> aiohttp.ClientSession:
    """No cookie jar: one session serves every store, and a cookie of one must not travel with another."""
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=limits.total, connect=limits.connect, sock_read=limits.read),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={hdrs.USER_AGENT: "wasl", hdrs.ACCEPT: "application/json"},
        middlewares=(_never_again,),
    )


class HttpSession(Wire):
    """Two pools: connections kept alive for what may be repeated, fresh ones for what may not."""

    def __init__(self, keeping: aiohttp.ClientSession, closing: aiohttp.ClientSession) -> None:
        self._keeping = keeping
        self._closing = closing

    async def send(self, request: Request) -> Sent:
        try:
            return await self._send(request)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            return NotSent(_named(error))
        except (_Cut, aiohttp.ClientError, TimeoutError) as error:
            return AnswerLost(_named(error))

    async def _send(self, request: Request) -> Answer:
        session = self._closing if request.fresh else self._keeping
        async with session.request(
            request.method,
            URL(request.url, encoded=True),
            params=request.query,
            headers=_headers(request),
            data=request.body,
            allow_redirects=False,
        ) as response:
            body = await response.read()
            return Answer(response.status, body, _retry_after(response), response.headers.get("X-Request-Id"))


def _headers(request: Request) -> dict[str, str]:
    if request.content_type is None:
        return dict(request.headers)
    return {**request.headers, "Content-Type": request.content_type}


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds, as far as they can be true; the form with a date is not documented by Zid and counts as absent."""
    value = response.headers.get(hdrs.RETRY_AFTER, "").strip()
    is_number = value.isascii() and value.replace(".", "", 1).isdecimal()
    return believed(float(value)) if is_number else None


def _named(error: Exception) -> str:
    """What happened, without the URL or headers that some messages quote."""
    cause = getattr(error, "os_error", None)
    return f"{type(error).__name__}{f' ({cause.strerror})' if cause is not None and cause.strerror else ''}"
