"""Is the process alive, can it work, and the numbers for Prometheus."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import Final

from aiohttp import web

from entrypoints.http.api.shapes import Told, json
from entrypoints.http.problems import KINDS, Refusal
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import HEALTH, Check

CHECK_SECONDS: Final = 2.0
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


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
    services = request.app[HEALTH]
    names = list(services.checks)
    views = await asyncio.gather(*(_look(services.checks[name]) for name in names))
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
    if not _all_hops_allowed(request):
        raise Refusal("forbidden", KINDS["forbidden"].meaning)
    content = await asyncio.to_thread(services.render_metrics)
    return web.Response(body=content, headers={"Content-Type": _METRICS_TYPE})


def _all_hops_allowed(request: web.Request) -> bool:
    """Every address the request passed must be allowed: a forged header can only add one that is not.

    Behind a proxy the peer is the proxy, which is private; the client it names in
    X-Forwarded-For is what counts then. A unix socket has no address.
    """
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
    hops = [request.remote or "", *forwarded.split(",")]
    return all(_allowed(request, hop.strip()) for hop in hops if hop.strip())


def _allowed(request: web.Request, address: str) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in network for network in request.app[HEALTH].metrics_allow)


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
        ready,
        "Stores can be installed; 503 if not",
        quiet=True,
        answer=Ready,
        other_answers=((503, Ready),),
    ),
)
