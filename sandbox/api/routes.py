"""The Merchant API as a table, and the one handler that serves every row of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.api import account, categories, orders, people, products, webhooks
from sandbox.api.answers import Answer, Family, NotAuthenticatedError, NotFoundError, RefusalError, ThrottledError
from sandbox.api.errors import refusal_answer
from sandbox.api.gateway import Call, Endpoint, Incoming, admit, bearer_grant
from sandbox.http import SANDBOX, read_document, to_response
from sandbox.sandbox import Sandbox

_STORE = "/v1/managers/store"
_HOOKS = "/v1/managers/webhooks"
_EMBEDDED = "/v1/managers/embedded-apps-token"
PROFILE = "/v1/managers/account/profile"

ENDPOINTS = (
    Endpoint("GET", PROFILE, "managers", "account", account.profile),
    Endpoint("POST", _EMBEDDED, "managers", "embedded", account.register_embedded),
    Endpoint("DELETE", _EMBEDDED, "managers", "embedded", account.revoke_embedded),
    Endpoint("GET", "/v1/market/app/subscription", "managers", "subscription", account.subscription),
    Endpoint("POST", _HOOKS, "managers", "webhooks.write", webhooks.create_webhook),
    Endpoint("GET", _HOOKS, "managers", "webhooks.read", webhooks.list_webhooks),
    Endpoint("DELETE", _HOOKS, "managers", "webhooks.write", webhooks.delete_webhooks),
    Endpoint(
        "DELETE", _HOOKS + "/subscribers/{subscriber}", "managers", "webhooks.write", webhooks.delete_by_subscriber
    ),
    Endpoint("GET", f"{_STORE}/orders", "managers", "orders", orders.list_orders),
    Endpoint("GET", _STORE + "/orders/{id}/view", "managers", "orders", orders.view_order),
    Endpoint("GET", f"{_STORE}/customers", "managers", "customers", people.list_customers),
    Endpoint("GET", _STORE + "/customers/{id}", "managers", "customers", people.view_customer),
    Endpoint("GET", f"{_STORE}/categories", "managers", "categories", categories.list_categories),
    Endpoint("GET", _STORE + "/categories/{id}/view", "managers", "categories", categories.view_category),
    Endpoint("GET", f"{_STORE}/abandoned-carts", "managers", "carts", people.list_carts),
    Endpoint("GET", _STORE + "/abandoned-carts/{id}", "managers", "carts", people.view_cart),
    Endpoint("GET", "/v1/products/", "products", "products", products.list_products),
    Endpoint("GET", "/v1/products/{id}/", "products", "products", products.view_product),
    Endpoint("GET", "/v1/products/{id}/stocks/", "products", "products", products.list_stocks),
    Endpoint("GET", "/v1/products/{id}/stocks/{stock}/", "products", "products", products.view_stock),
)

# Under the prefix that the knob webhook.health_paths holds: what these are really called is unknown (U7).
HEALTH_ENDPOINTS = {
    ("GET", "/health-summary"): ("webhooks.read", webhooks.health_summary),
    ("GET", "/broken"): ("webhooks.read", webhooks.list_broken),
    ("POST", "/recover"): ("webhooks.write", webhooks.recover_webhook),
}


def add_routes(app: web.Application) -> None:
    """Every row, and a last one for what no row serves."""
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, _served(endpoint))
    app.router.add_route("*", "/v1/{rest:.*}", _unserved)


async def serve(request: web.Request, endpoint: Endpoint) -> web.Response:
    """Authenticates, holds or refuses what is too much, answers; a refusal speaks the family's dialect."""
    sandbox, incoming = request.app[SANDBOX], await incoming_of(request)
    try:
        call = await _admitted(sandbox, endpoint, incoming)
        return to_response(endpoint.handle(call))
    except RefusalError as refusal:
        return to_response(_refusal(sandbox, endpoint, incoming, refusal))


async def incoming_of(request: web.Request) -> Incoming:
    return Incoming(
        method=request.method,
        path=request.path,
        params=request.match_info,
        query=request.query,
        headers=request.headers,
        host=request.host,
        document=await read_document(request),
    )


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
    if (endpoint.method, endpoint.path) == ("DELETE", _EMBEDDED):
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
        scope, handle = row
        return await serve(request, Endpoint(request.method, request.path, "managers", scope, handle))
    family: Family = "managers" if request.path.startswith("/v1/managers") else "products"
    answer = refusal_answer(NotFoundError(), family, sandbox.knobs, "en", html=False)
    return to_response(answer)
