"""The browser's side: session cookie, login, consent, dashboard, home."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sandbox.http import SANDBOX
from sandbox.oauth.authorize import Step, activate, allow, authorize, deny, granted_scopes
from sandbox.sandbox import Sandbox
from sandbox.world.records import Store

COOKIE = "zid_sandbox_session"
TEMPLATES = web.AppKey("TEMPLATES", Environment)


def load_templates() -> Environment:
    folder = Path(__file__).parent.parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)


async def home(request: web.Request) -> web.Response:
    """What is here and what can be done with it."""
    sandbox = request.app[SANDBOX]
    stores = sorted(sandbox.world.stores, key=lambda store: store.id)
    return page(request, "home.html", stores=stores, apps=list(sandbox.world.apps), default=sandbox.default_app())


async def authorize_page(request: web.Request) -> web.Response:
    """GET /oauth/authorize."""
    store = signed_in_store(request)
    step = authorize(request.app[SANDBOX], request.query, store)
    return _show(request, step, store)


async def consent(request: web.Request) -> web.Response:
    """POST of the consent page: Allow or Deny."""
    sandbox, store = request.app[SANDBOX], signed_in_store(request)
    app = sandbox.world.apps.get(request.query.get("client_id", ""))
    if app is None or store is None or app.client_id not in store.subscriptions:
        return await authorize_page(request)
    form = await request.post()
    is_allowed = form.get("decision") == "allow"
    step = allow(sandbox, app, store, request.query) if is_allowed else deny(sandbox, app, request.query)
    return _show(request, step, store)


async def login_page(request: web.Request) -> web.Response:
    return login_to(request, request.query.get("next", "/"))


async def log_in(request: web.Request) -> web.Response:
    """Signs the browser in as the chosen store and sends it back to where it wanted to go."""
    form = await request.post()
    target, wanted = str(form.get("next", "/")), str(form.get("store_id", ""))
    store = request.app[SANDBOX].world.stores.get(wanted)
    if store is None:
        return login_to(request, target, problem=f"There is no store {wanted!r} here.")
    is_local = target.startswith("/") and not target.startswith(("//", "/\\"))
    return sign_in(request.app[SANDBOX], store, target if is_local else "/")


async def activate_store(request: web.Request) -> web.Response:
    """GET /__sandbox/stores/{id}/activate: what the merchant's click does."""
    sandbox = request.app[SANDBOX]
    store = sandbox.world.stores.get(request.match_info["id"])
    if store is None:
        problem = {"error": f"there is no store {request.match_info['id']}; create it first", "field": "id"}
        return web.json_response(problem, status=404)
    asked = request.query.get("app_id")
    app = sandbox.default_app() if asked is None else sandbox.world.app_by_id(int(asked) if asked.isdecimal() else -1)
    if app is None:
        fix = "register the app with POST /__sandbox/apps, or name a registered one with ?app_id="
        return web.json_response({"error": fix, "field": "app_id"}, status=404 if asked else 409)
    return sign_in(sandbox, store, activate(sandbox, store, app))


async def dashboard(request: web.Request) -> web.Response:
    """Stands for dashboard.zid.sa, where authorize sends a store without a subscription."""
    code = request.query.get("error_code", "")
    return page(request, "dashboard.html", code=code, store_id=request.match_info["store_id"])


def sign_in(sandbox: Sandbox, store: Store, target: str) -> web.Response:
    """A redirect that carries the merchant's session cookie."""
    session = sandbox.world.secrets.randbytes(24).hex()
    sandbox.world.sessions.put(session, store.id)
    response = web.Response(status=302, headers={"Location": target})
    response.set_cookie(COOKIE, session, httponly=True, samesite="Lax", path="/")
    return response


def signed_in_store(request: web.Request) -> Store | None:
    """The store whose merchant this browser belongs to."""
    world = request.app[SANDBOX].world
    store_id = world.sessions.get(request.cookies.get(COOKIE, ""))
    return None if store_id is None else world.stores.get(str(store_id))


def _show(request: web.Request, step: Step, store: Store | None) -> web.Response:
    match step.kind:
        case "redirect":
            return web.Response(status=302, headers={"Location": step.url})
        case "login":
            return login_to(request, str(request.rel_url))
        case "consent":
            assert step.app is not None
            assert store is not None
            scopes = granted_scopes(step.app, request.query.get("scope", ""))
            action = f"/oauth/consent?{urlencode(list(request.query.items()))}"
            return page(request, "consent.html", app=step.app, store=store, scopes=scopes, action=action)
        case "error":
            return page(request, "error.html", status=400, problem=step.problem)


def login_to(request: web.Request, target: str, *, problem: str = "") -> web.Response:
    """The login page; whoever logs in is sent on to `target`."""
    stores = sorted(request.app[SANDBOX].world.stores, key=lambda store: store.id)
    return page(request, "login.html", stores=stores, next=target, problem=problem)


def page(request: web.Request, name: str, *, status: int = 200, **values: object) -> web.Response:
    """The template as a page."""
    text = request.app[TEMPLATES].get_template(name).render(**values)
    return web.Response(status=status, text=text, content_type="text/html")
