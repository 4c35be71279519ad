"""Serves the tables of the Merchant API; what no row serves is 404, or 405 when only the method is wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from sandbox.api import webhooks
from sandbox.api.answers import (
    Answer,
    Family,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    RefusalError,
    ThrottledError,
)
from sandbox.api.catalogue_table import CATALOGUE
from sandbox.api.errors import refusal_answer
from sandbox.api.gateway import Call, Endpoint, Incoming, admit, bearer_grant
from sandbox.api.managers_table import EMBEDDED, MANAGERS, PROFILE
from sandbox.bodies import read_body
from sandbox.http import SANDBOX, to_response
from sandbox.sandbox import Sandbox

ENDPOINTS = (*MANAGERS, *CATALOGUE)
_KNOWN_PATHS = tuple(dict.fromkeys(re.compile(re.sub(r"\{\w+\}", "[^/]+", endpoint.path)) for endpoint in ENDPOINTS))

# Under the prefix that the knob webhook.health_paths holds: what these are really called is unknown (U7).
HEALTH_ENDPOINTS = {
    ("GET", "/health-summary"): ("webhooks.read", webhooks.health_summary, ""),
    ("GET", "/broken"): ("webhooks.read", webhooks.list_broken, ""),
    ("POST", "/recover"): ("webhooks.write", webhooks.recover_webhook, "webhooks.recover"),
}


def add_routes(app: web.Application) -> None:
    """Every row, and a last one for what no row serves."""
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, _served(endpoint))
    app.router.add_route("*", "/v1/{rest:.*}", _unserved)


async def serve(request: web.Request, endpoint: Endpoint) -> web.Response:
    """Authenticates, holds or refuses what is too much, answers; a refusal speaks the family's dialect."""
    sandbox, incoming = request.app[SANDBOX], await incoming_of(request)
    _count_request(sandbox, endpoint, incoming)
    try:
        call = await _admitted(sandbox, endpoint, incoming)
        answer = endpoint.handle(call)
        _count_write(call, endpoint)
        return to_response(_in_envelope(sandbox, answer))
    except RefusalError as refusal:
        return to_response(_refusal(sandbox, endpoint, incoming, refusal))


def _in_envelope(sandbox: Sandbox, answer: Answer) -> Answer:
    """As it is, or in the generic envelope of the documentation (X24)."""
    if answer.document is None or sandbox.knobs.text("answers.envelope") == "live":
        return answer
    return replace(answer, document={"status": answer.status, "success": True, "data": answer.document})


async def incoming_of(request: web.Request) -> Incoming:
    return Incoming(
        method=request.method,
        path=request.path,
        params=request.match_info,
        query=request.query,
        headers=request.headers,
        host=request.host,
        body=await read_body(request),
    )


def _count_request(sandbox: Sandbox, endpoint: Endpoint, incoming: Incoming) -> None:
    if endpoint.operation:
        grant = bearer_grant(sandbox, incoming)
        sandbox.writes.requested(endpoint.operation, None if grant is None else grant.store_id)


def _count_write(call: Call, endpoint: Endpoint) -> None:
    if endpoint.operation:
        route = f"{call.incoming.method} {call.incoming.path}?{sorted(call.query.items())}"
        call.sandbox.writes.applied(endpoint.operation, call.store.id, route, call.incoming.body.fingerprint())


async def _admitted(sandbox: Sandbox, endpoint: Endpoint, incoming: Incoming) -> Call:
    """The excess is held first, as documented, and only then rejected."""
    hold = sandbox.knobs.number("rate.hold_ms") / 1_000
    try:
        return admit(sandbox, endpoint, incoming)
    except ThrottledError:
        if not hold:
            sandbox.stats.add("rate.throttled")
            raise
    await asyncio.sleep(sandbox.clock.real_seconds(hold))
    try:
        return admit(sandbox, endpoint, incoming)
    except ThrottledError:
        sandbox.stats.add("rate.throttled")
        raise


def _refusal(sandbox: Sandbox, endpoint: Endpoint, incoming: Incoming, refusal: RefusalError) -> Answer:
    if isinstance(refusal, NotAuthenticatedError):
        special = _after_uninstall(sandbox, endpoint, incoming)
        if special is not None:
            return special
    html = "json" not in incoming.headers.get("Accept", "")
    return refusal_answer(refusal, endpoint.family, sandbox.knobs, incoming.language, html=html)


def _after_uninstall(sandbox: Sandbox, endpoint: Endpoint, incoming: Incoming) -> Answer | None:
    """What two endpoints say to the tokens of an uninstalled app is unknown (U29, U10)."""
    grant = bearer_grant(sandbox, incoming)
    if grant is None or grant.revoked != "uninstalled":
        return None
    if endpoint.path == PROFILE:
        form = sandbox.knobs.text("uninstall.profile_status")
        if form == "redirect":
            return Answer(302, text="", headers={"Location": "/login"}, content_type="text/html")
        return Answer(403, {"message": "Permission denied", "error_code": "ERROR_FORBIDDEN"}) if form == "403" else None
    if (endpoint.method, endpoint.path) == ("DELETE", EMBEDDED):
        form = sandbox.knobs.text("embedded.delete_after_uninstall")
        return None if form == "401" else Answer(int(form))
    return None


def _served(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.Response:
        return await serve(request, endpoint)

    return handle


async def _unserved(request: web.Request) -> web.Response:
    """A path that Zid does not document, or a method it does not have there: 404 or 405."""
    sandbox = request.app[SANDBOX]
    prefix = sandbox.knobs.text("webhook.health_paths")
    row = HEALTH_ENDPOINTS.get((request.method, request.path.removeprefix(prefix))) if prefix else None
    if row is not None and request.path.startswith(prefix):
        scope, handle, operation = row
        return await serve(request, Endpoint(request.method, request.path, "managers", scope, handle, operation))
    family: Family = "managers" if request.path.startswith("/v1/managers") else "products"
    refusal: RefusalError = NotFoundError()
    if any(pattern.fullmatch(request.path) for pattern in _KNOWN_PATHS):
        refusal = NotAllowedError(detail=f'Method "{request.method}" not allowed.')
    return to_response(refusal_answer(refusal, family, sandbox.knobs, "en", html=False))
