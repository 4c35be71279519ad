"""Where the OAuth server and the browser's pages are served."""

from __future__ import annotations

from aiohttp import web

from sandbox.http import SANDBOX, read_document, to_response
from sandbox.oauth import pages
from sandbox.oauth.exchange import exchange


def add_routes(app: web.Application) -> None:
    app[pages.TEMPLATES] = pages.load_templates()
    app.router.add_get("/", pages.home)
    app.router.add_get("/login", pages.login_page)
    app.router.add_post("/login", pages.log_in)
    app.router.add_get("/oauth/authorize", pages.authorize_page)
    app.router.add_post("/oauth/consent", pages.consent)
    app.router.add_post("/oauth/token", token)
    app.router.add_get("/dashboard/stores/{store_id}/apps/{app_id}", pages.dashboard)
    app.router.add_get("/__sandbox/stores/{id}/activate", pages.activate_store)


async def token(request: web.Request) -> web.Response:
    """POST /oauth/token: parameters from the body, form or JSON; the query does not count."""
    document = await read_document(request)
    form = {name: str(value) for name, value in document.items()}
    return to_response(exchange(request.app[SANDBOX], form))
