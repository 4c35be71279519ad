"""How often visitors may come: by address before anybody is known, by key afterwards.

Wrong credentials are counted after they were refused, right ones never: who guesses is slowed down, and who shares an
address with him is not.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION
from structlog import get_logger

from core.domain.doors import Door, allowance_of
from entrypoints.http.api_keys import CALLER
from entrypoints.http.doors import door_of, is_delivery
from entrypoints.http.problems import KINDS, Refusal
from entrypoints.http.routing import Handler
from entrypoints.http.services import SERVICES
from entrypoints.http.visitors import visitor_of

log = get_logger()

_BY_ADDRESS: Final = frozenset({Door.PAGE, Door.SIGN_IN})
_UNKNOWN: Final = 401
_NO_SUCH_ADDRESS: Final = 404
"""Of a delivery: its address is a secret."""


@web.middleware
async def limit_addresses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Pages and sign-ins are counted as they come, wrong credentials once they are refused."""
    door = door_of(request)
    if door in _BY_ADDRESS:
        await _enter(request, door, visitor_of(request).name)
    try:
        response = await handler(request)
    except Refusal as refusal:
        await _count_guess(request, refusal.problem.kind.status)
        raise
    await _count_guess(request, response.status)
    return response


async def _count_guess(request: web.Request, status: int) -> None:
    """Once it was refused; beyond the allowance it is not even told that it was wrong. To show nothing is no guess."""
    if status == _UNKNOWN and AUTHORIZATION not in request.headers and not is_delivery(request):
        if door_of(request) not in _BY_ADDRESS:
            await _enter(request, Door.PAGE, visitor_of(request).name)
    elif status == _UNKNOWN or (status == _NO_SUCH_ADDRESS and is_delivery(request)):
        await _enter(request, Door.GUESS, visitor_of(request).name)


@web.middleware
async def limit_callers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """After the key was checked: each key has its own count, and may have its own allowance."""
    door = door_of(request)
    if door is not None and CALLER in request:
        caller = request[CALLER]
        own = caller.rate_per_minute
        await _enter(request, door if own is None else Door.KEY, f"key {caller.holder}", own)
    return await handler(request)


async def _enter(request: web.Request, door: Door, visitor: str, own: int | None = None) -> None:
    """Counts one visit, or refuses it with the time to wait. Without a limit nothing is counted."""
    services = request.app[SERVICES]
    per_minute = services.doors.limits.get(door, 0) if own is None else own
    if services.doors.keeper is None or not per_minute:
        return
    wait = await services.doors.keeper.knock(door, visitor, allowance_of(per_minute))
    if not wait:
        return
    services.metrics.count("http_limited_total", door=door.value)
    log.info("http_limited", door=door.value, seconds=round(wait, 3))
    raise Refusal("rate-limited", KINDS["rate-limited"].meaning, retry_after=wait)
