"""The dashboard's page around an embedded app, at the path that dashboard.zid.sa has for it (live 2026-08-22)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from sandbox.http import SANDBOX
from sandbox.oauth.pages import login_to, page, sign_in, signed_in_store
from sandbox.settings import AppRegistration
from sandbox.world.records import Store

PAGE = "/{lang:[a-z]{2}(?:-[a-z]{2})?}/stores/{store_id:[0-9]+}/apps/{app_id:[0-9]+}/embedded"
LANGUAGES = ("ar", "en")


async def embedded_app(request: web.Request) -> web.Response:
    """Frames the app for the store of the merchant's session, whichever store the address names."""
    store = signed_in_store(request)
    if store is None:
        return login_to(request, str(request.rel_url))
    app = request.app[SANDBOX].world.app_by_id(int(request.match_info["app_id"]))
    language = "en" if request.match_info["lang"].startswith("en") else "ar"
    values = {"store": store, "app": app, "language": language, "source": _source(store, app, language)}
    others = {lang: _path(store, app, lang) for lang in LANGUAGES} if app else {}
    return page(request, "embedded.html", status=200 if app else 404, others=others, **values)


async def open_app(request: web.Request) -> web.Response:
    """GET /__sandbox/stores/{id}/open: signs the browser in as that store and opens the app in its dashboard."""
    sandbox = request.app[SANDBOX]
    store = sandbox.world.stores.get(request.match_info["id"])
    asked = request.query.get("app_id", "")
    app = sandbox.world.app_by_id(int(asked)) if asked.isdecimal() else sandbox.default_app()
    if store is None or app is None:
        problem = {"error": "there is no such store or app; create the one and register the other", "field": "id"}
        return web.json_response(problem, status=404)
    return sign_in(sandbox, store, _path(store, app, request.query.get("language", "ar")))


def _source(store: Store, app: AppRegistration | None, language: str) -> str | None:
    """`<Application URL>?token=<uuid>&language=<ar|en>`; None where the app registered no token for the store."""
    token = store.embedded.get(app.client_id) if app else None
    if app is None or token is None or not app.application_url:
        return None
    parts = urlsplit(app.application_url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("token", token), ("language", language)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _path(store: Store, app: AppRegistration, language: str) -> str:
    locale = "en-us" if language.startswith("en") else "ar-sa"
    return f"/{locale}/stores/{store.id}/apps/{app.app_id}/embedded"
