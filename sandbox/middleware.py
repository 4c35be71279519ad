"""What surrounds every request: an id, a line in the request log, and the faults that were asked for."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from sandbox.api.errors import server_error
from sandbox.control.routes import PREFIX
from sandbox.faults import REQUEST_KINDS, Fault
from sandbox.http import SANDBOX, to_response
from sandbox.sandbox import Sandbox


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives every answer an X-Request-Id and remembers the request, without tokens or bodies."""
    sandbox, started = request.app[SANDBOX], time.perf_counter()
    request_id = str(UUID(int=sandbox.request_ids.getrandbits(128), version=4))
    status = 0
    try:
        response = await _with_faults(request, handler, sandbox)
        status = response.status
    except web.HTTPException as reason:
        status = reason.status
        reason.headers["X-Request-Id"] = request_id
        raise
    finally:
        if not request.path.startswith(PREFIX):
            _remember(sandbox, request, status, request_id, started)
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
    return response


def _remember(sandbox: Sandbox, request: web.Request, status: int, request_id: str, started: float) -> None:
    sandbox.stats.add(f"requests.by_status.{status or 'cut'}")
    sandbox.requests.append(
        {
            "at": sandbox.clock.now(),
            "method": request.method,
            "path": request.path,
            "query": {name: value for name, value in request.query.items() if name not in ("code", "state")},
            "status": status,
            "ms": round((time.perf_counter() - started) * 1_000, 2),
            "store_id": _store_of(sandbox, request),
            "user_agent": request.headers.get(hdrs.USER_AGENT, ""),
            "request_id": request_id,
        }
    )


def _store_of(sandbox: Sandbox, request: web.Request) -> int | None:
    token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")[2]
    grant = sandbox.world.bearers.get(token)
    return None if grant is None else grant.store_id


async def _with_faults(request: web.Request, handler: Handler, sandbox: Sandbox) -> web.StreamResponse:
    """Waits and errors come before the handler; what spoils its answer comes after."""
    if request.path.startswith(PREFIX):
        return await handler(request)
    faults = sandbox.faults.take(REQUEST_KINDS, f"{request.method} {request.path}", _store_of(sandbox, request))
    await _wait(faults, "before")
    by_kind = {fault.kind: fault for fault in faults}
    if "cut" in by_kind:
        return _cut(request)
    if "status" in by_kind:
        return _injected(by_kind["status"], sandbox)
    response = await handler(request)
    await _wait(faults, "after")
    return await _spoiled(request, response, by_kind)


async def _spoiled(request: web.Request, response: web.StreamResponse, by_kind: dict[str, Fault]) -> web.StreamResponse:
    if "cut_after_commit" in by_kind:
        return _cut(request)
    if "garbage" in by_kind:
        text = by_kind["garbage"].body or "<!-- \x00\x01 not what you expected"
        return web.Response(text=text, content_type=by_kind["garbage"].content_type or "application/json")
    if "truncate" in by_kind and isinstance(response, web.Response):
        return await _truncated(request, response)
    return response


async def _wait(faults: list[Fault], when: str) -> None:
    seconds = sum(fault.seconds for fault in faults if fault.kind == "latency" and fault.when == when)
    if seconds:
        await asyncio.sleep(seconds)


def _injected(fault: Fault, sandbox: Sandbox) -> web.Response:
    """The status that was asked for, with the body that was asked for or the usual one."""
    if fault.body is not None:
        response = web.Response(
            status=fault.status, text=fault.body, content_type=fault.content_type or "application/json"
        )
    else:
        response = to_response(server_error(fault.status, sandbox.knobs))
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    return response


def _cut(request: web.Request) -> web.Response:
    """Drops the connection: the client gets nothing at all."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


async def _truncated(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Announces the whole body, sends half of it, and hangs up."""
    body = response.body if isinstance(response.body, bytes) else b""
    half = web.StreamResponse(status=response.status, headers={hdrs.CONTENT_TYPE: response.content_type})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half
