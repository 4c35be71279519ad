"""`/console/stores/{store_id}`: one store, and its parts that are asked for or renewed alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.backfill import BACKFILLED
from core.domain.operations.webhooks import ListWebhooks
from core.domain.reconcile_plan import BEYOND_RECOVERY
from core.domain.stores import Install
from core.errors import WaslError
from core.features.check_tokens import Proof
from entrypoints.http.api.asking import ask, known_store
from entrypoints.http.console.access import SESSION, see, signed_in
from entrypoints.http.console.framing import console_page, console_part
from entrypoints.http.console.navigation import Crumb, Crumbs
from entrypoints.http.console.store_life import life_of
from entrypoints.http.console.store_sight import Webhooks, backfills_of, look_at, webhooks_of
from entrypoints.http.pages.texts import problem_key
from entrypoints.http.problems import Problem, problem_of
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID

STORE: Final = "/console/stores/{store_id}"
LIFE_PAGE: Final = 50


def is_scripted(request: web.Request) -> bool:
    """Whether a piece of a page is wanted, not a page."""
    return "HX-Request" in request.headers


async def show(request: web.Request) -> web.Response:
    return await store_page(request)


async def store_page(
    request: web.Request,
    *,
    problem: Problem | None = None,
    proof: Proof | None = None,
    webhooks: Webhooks | None = None,
) -> web.Response:
    """The store with what was just told: why something could not be done, what tokens are worth, what Zid lists now."""
    install = await known_store(request)
    sight = await look_at(request.app[SERVICES], install)
    shown = {
        "sight": sight if webhooks is None else replace(sight, webhooks=webhooks),
        "problem": problem,
        "lead": problem_key(problem.kind.slug) if problem else None,
        "request_id": request[REQUEST_ID],
        "proof": proof,
        "kinds": BACKFILLED,
        "beyond": BEYOND_RECOVERY,
    }
    return console_page(request, "console/store.html", shown, status=problem.kind.status if problem else 200)


async def life(request: web.Request) -> web.Response:
    install = await known_store(request)
    found = await life_of(request.app[SERVICES], install.store_id, request.query.get("cursor") or None, LIFE_PAGE)
    shown = {"install": install, "life": found, "first": "cursor" not in request.query}
    return console_page(request, "console/store_life.html", shown, crumbs=store_crumbs(install))


def store_crumbs(install: Install) -> Crumbs:
    """The store's own page, for those below it."""
    return (Crumb(install.identity.title, f"/console/stores/{install.store_id}"),)


async def webhooks(request: web.Request) -> web.Response:
    """Zid is asked now, out of the store's allowance: whoever looks says so by a button."""
    install = await known_store(request)
    services = request.app[SERVICES]
    listed, problem = await services.installations.subscriptions(install.install_id), None
    try:
        listed = await ask(request, ListWebhooks())
    except WaslError as error:
        problem = problem_of(error)
    found = await webhooks_of(services, install, listed, from_zid=problem is None)
    if not is_scripted(request):
        return await store_page(request, webhooks=found, problem=problem)
    operates = request[SESSION].caller.may(ApiScope.OPERATE)
    shown = {"install": install, "webhooks": found, "problem": problem, "operates": operates}
    return console_part(request, "console/_store_webhooks.html", shown)


async def backfill(request: web.Request) -> web.Response:
    """How far it is; asks to be asked again while it goes on."""
    install = await known_store(request)
    if not is_scripted(request):
        return see(f"/console/stores/{install.store_id}")
    found = await backfills_of(request.app[SERVICES], install.store_id)
    return console_part(request, "console/_store_backfill.html", {"install": install, "backfills": found})


def _route(path: str, handler: Handler) -> Route:
    return Route("GET", f"{STORE}{path}", signed_in(handler), access=Access.OWN, page=True)


ROUTES = (
    _route("", show),
    _route("/life", life),
    _route("/webhooks", webhooks),
    _route("/backfill", backfill),
)
