"""Is the process alive, can it work, does its work go on; and the numbers for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from entrypoints.http.api.shapes import Told, json
from entrypoints.http.health_services import HEALTH, Check, HealthServices
from entrypoints.http.problems import KINDS, Refusal
from entrypoints.http.routing import Access, Route
from entrypoints.http.visitors import FORWARDED_PROTO, hops, is_in, read_address, visitor_of
from entrypoints.pulses import Beat, Pulses

CHECK_SECONDS: Final = 2.0
_SIGNS_OF_A_PROXY: Final = (
    "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host", "CF-Connecting-IP", "True-Client-IP", FORWARDED_PROTO
)  # fmt: skip


class Alive(Told, frozen=True):
    status: str = "alive"


class CheckView(Told, frozen=True):
    """One dependency. `problem` is the kind of failure, never an address or a message of a driver.

    `seconds_since_success` is how long ago it last answered this process, 0 when it just did, null for never.
    """

    ok: bool
    seconds: float
    deadline_seconds: float
    seconds_since_success: float | None
    problem: str | None = None


class LoopView(Told, frozen=True):
    """One loop of the process. `seconds_in_step` is null between two steps, the others are null before the first.

    Not `ok` when a step takes a quarter of an hour, or when steps have failed for a minute and three rounds.
    """

    ok: bool
    every_seconds: float
    seconds_in_step: float | None
    seconds_since_step: float | None
    seconds_since_success: float | None
    problem: str | None = None


class Ready(Told, frozen=True):
    """`ready` when every dependency answers, else `not_ready` (status 503).

    For a consumer and a scheduler every loop has to go on, too.
    """

    status: str
    process: str
    checks: dict[str, CheckView]
    loops: dict[str, LoopView]


async def live(_: web.Request) -> web.Response:
    return json(Alive())


async def ready(request: web.Request) -> web.Response:
    services = request.app[HEALTH]
    return await _ready(services, services.checks)


async def installable(request: web.Request) -> web.Response:
    """`zid_client` says `ClientRejected` for an hour after Zid refused our own credentials, or until it takes them."""
    services = request.app[HEALTH]
    return await _ready(services, {**services.checks, **services.install_checks})


async def _ready(services: HealthServices, wanted: Mapping[str, Check]) -> web.Response:
    names = list(wanted)
    views = await asyncio.gather(*(_look(name, wanted[name], services.pulses) for name in names))
    checks = dict(zip(names, views, strict=True))
    loops = {name: _loop(beat) for name, beat in services.pulses.beats().items()}
    decisive = [*views, *(loops.values() if services.loops_decide else ())]
    is_ready = all(view.ok for view in decisive)
    told = Ready("ready" if is_ready else "not_ready", services.process, checks, loops)
    return json(told, 200 if is_ready else 503)


def _loop(beat: Beat) -> LoopView:
    return LoopView(
        ok=beat.is_well,
        every_seconds=beat.every,
        seconds_in_step=_rounded(beat.in_step),
        seconds_since_step=_rounded(beat.since_step),
        seconds_since_success=_rounded(beat.since_success),
        problem=beat.problem,
    )


def _rounded(age: float | None) -> float | None:
    return None if age is None else round(age, 3)


async def _look(name: str, check: Check, pulses: Pulses) -> CheckView:
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
    if problem is None:
        pulses.note_answer(name)
    age = 0.0 if problem is None else _rounded(pulses.since_answer(name))
    return CheckView(problem is None, round(loop.time() - started, 4), CHECK_SECONDS, age, problem)


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
