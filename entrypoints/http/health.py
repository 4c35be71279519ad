"""Is the process alive, can it work, and the numbers for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from entrypoints.http.api.shapes import Told, json
from entrypoints.http.problems import KINDS, Refusal
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import HEALTH, Check
from entrypoints.http.visitors import FORWARDED_PROTO, hops, is_in, read_address, visitor_of

CHECK_SECONDS: Final = 2.0
_SIGNS_OF_A_PROXY: Final = (
    "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host", "CF-Connecting-IP", "True-Client-IP", FORWARDED_PROTO
)  # fmt: skip


class Alive(Told, frozen=True):
    status: str = "alive"


class CheckView(Told, frozen=True):
    """One dependency. `problem` is the kind of failure, never an address or a message of a driver."""

    ok: bool
    seconds: float
    problem: str | None = None


class Ready(Told, frozen=True):
    """`ready` when every dependency answers, else `not_ready` (status 503)."""

    status: str
    checks: dict[str, CheckView]


async def live(_: web.Request) -> web.Response:
    return json(Alive())


async def ready(request: web.Request) -> web.Response:
    return await _ready(request.app[HEALTH].checks)


async def installable(request: web.Request) -> web.Response:
    """`zid_client` says `ClientRejected` for an hour after Zid refused our own credentials, or until it takes them."""
    services = request.app[HEALTH]
    return await _ready({**services.checks, **services.install_checks})


async def _ready(wanted: Mapping[str, Check]) -> web.Response:
    names = list(wanted)
    views = await asyncio.gather(*(_look(wanted[name]) for name in names))
    checks = dict(zip(names, views, strict=True))
    if all(view.ok for view in views):
        return json(Ready("ready", checks))
    return json(Ready("not_ready", checks), 503)


async def _look(check: Check) -> CheckView:
    loop = asyncio.get_running_loop()
    started = loop.time()
    problem = None
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except TimeoutError:
        problem = f"no answer within {CHECK_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - a check may fail in any way; the answer is its result
        problem = type(error).__name__
    return CheckView(problem is None, round(loop.time() - started, 4), problem)


async def metrics(request: web.Request) -> web.Response:
    services = request.app[HEALTH]
    if not _may_look(request):
        raise Refusal("forbidden", KINDS["forbidden"].meaning)
    rendered = await asyncio.to_thread(services.render_metrics, request.headers.get("Accept", ""))
    return web.Response(body=rendered.content, headers={"Content-Type": rendered.content_type})


def _may_look(request: web.Request) -> bool:
    """The visitor, and every address on the way that is no trusted proxy, must be allowed.

    So a forged X-Forwarded-For can only add an address that is not. A proxy that speaks for somebody without
    saying for whom speaks for the world.
    """
    services = request.app[HEALTH]
    forwarded = hops(request)
    if not forwarded and any(name in request.headers for name in _SIGNS_OF_A_PROXY):
        return False
    way = [read_address(hop) for hop in (request.remote or "", *forwarded)]
    others = [address for address in way if not is_in(address, services.trusted_proxies)]
    return all(is_in(address, services.metrics_allow) for address in (visitor_of(request).address, *others))


ROUTES = (
    Route("GET", "/health/live", live, "The process runs", quiet=True, answer=Alive),
    Route(
        "GET",
        "/health/ready",
        ready,
        "Every dependency answers; 503 if not",
        quiet=True,
        answer=Ready,
        other_answers=((503, Ready),),
    ),
    Route("GET", "/metrics", metrics, access=Access.OWN, quiet=True),
)
INSTALL_ROUTES = (
    Route(
        "GET",
        "/auth/health",
        installable,
        "Stores can be installed, and Zid knows our client; 503 if not",
        quiet=True,
        answer=Ready,
        other_answers=((503, Ready),),
    ),
)
