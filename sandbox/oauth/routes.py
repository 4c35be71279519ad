"""Where the OAuth server and the browser's pages are served."""

from __future__ import annotations

import aiohttp
from aiohttp import web

from sandbox.bodies import read_body
from sandbox.http import SANDBOX, to_response
from sandbox.oauth import embedding, pages
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
    app.router.add_get(embedding.PAGE, embedding.embedded_app)
    app.router.add_get("/__sandbox/stores/{id}/activate", pages.activate_store)
    app.router.add_get("/__sandbox/stores/{id}/open", embedding.open_app)
    app.router.add_post("/__sandbox/stores/{id}/install", install_as_reviewer)


async def install_as_reviewer(request: web.Request) -> web.Response:
    """Installs the default app as Zid's reviewer was seen to: a server-side client that keeps cookies.

    Answers `{"url", "status"}` of where it ended; `oauth.consent` must be auto.
    """
    running = f"http://{request.host}/__sandbox/stores/{request.match_info['id']}/activate"
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"User-Agent": "GuzzleHttp/7"}) as browser:
        try:
            async with browser.get(running, params=request.query) as end:
                return web.json_response({"url": str(end.url), "status": end.status})
        except aiohttp.ClientError as reason:
            error = f"the app's URLs could not be followed: {reason}"
            return web.json_response({"error": error, "field": "redirection_url"}, status=409)


async def token(request: web.Request) -> web.Response:
    """POST /oauth/token: parameters from the body, form or JSON; the query does not count."""
    document = (await read_body(request)).document
    form = {name: str(value) for name, value in document.items()}
    return to_response(exchange(request.app[SANDBOX], form))
