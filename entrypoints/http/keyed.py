"""What stands before the routes that need an API key."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from entrypoints.http.api_keys import check_access
from entrypoints.http.limits import limit_callers
from entrypoints.http.once import once
from entrypoints.http.routing import Handler, route_of


@web.middleware
async def keyed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The key, then what it may ask a minute, then `Idempotency-Key`. Every other route passes none of it."""
    route = route_of(request)
    if route is None or not route.keyed:
        return await handler(request)
    return await check_access(request, partial(limit_callers, handler=partial(once, handler=handler)))
