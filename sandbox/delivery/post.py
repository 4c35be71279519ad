"""One HTTP POST of one body, as Zid sends it."""

from __future__ import annotations

import base64
import time
from functools import lru_cache
from random import Random
from uuid import UUID

import aiohttp

from sandbox.delivery.retries import Outcome
from sandbox.world.records import Delivery

_STALE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


def headers(delivery: Delivery, rng: Random, *, style: str, credentials: tuple[str, str] | None) -> dict[str, str]:
    """`GuzzleHttp/7`, request id and traceparent as captured live; Basic is the only credential there is."""
    sent = {"User-Agent": "GuzzleHttp/7", "Content-Type": "application/json"}
    if style == "charset":
        sent["Content-Type"] = "application/json; charset=utf-8"
    if style != "no_ids":
        sent["x-request-id"] = delivery.request_id
        sent["traceparent"] = f"00-{rng.getrandbits(128):032x}-{rng.getrandbits(64):016x}-01"
    if credentials is not None:
        sent["Authorization"] = basic(*credentials)
    return sent


@lru_cache(maxsize=4096)
def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def new_request_id(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


async def post(
    session: aiohttp.ClientSession, delivery: Delivery, sent: dict[str, str], timeout: aiohttp.ClientTimeout
) -> Outcome:
    """Sends and reads the answer's status. Never raises for what the receiver does.

    A kept-alive connection that the receiver has closed meanwhile says nothing about it: as curl does, a
    request that met one is sent again at once on a new connection.
    """
    started = time.perf_counter()
    try:
        try:
            return await _once(session, delivery, sent, timeout, started)
        except _STALE as reason:
            if isinstance(reason, aiohttp.ClientConnectorError):
                raise
            return await _once(session, delivery, sent | {"Connection": "close"}, timeout, started)
    except (aiohttp.ClientError, TimeoutError, ValueError) as reason:
        return Outcome(0, _elapsed(started), error=type(reason).__name__)


async def _once(
    session: aiohttp.ClientSession,
    delivery: Delivery,
    sent: dict[str, str],
    timeout: aiohttp.ClientTimeout,
    started: float,
) -> Outcome:
    async with session.post(
        delivery.url, data=delivery.body, headers=sent, timeout=timeout, allow_redirects=False
    ) as answer:
        wait = answer.headers.get("Retry-After", "")
        return Outcome(answer.status, _elapsed(started), retry_after=float(wait) if wait.isdigit() else None)


def _elapsed(started: float) -> float:
    return round((time.perf_counter() - started) * 1_000, 2)
