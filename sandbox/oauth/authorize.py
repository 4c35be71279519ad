"""From the merchant's click to a code at the Callback URL, as decisions; pages and cookies are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.events.dispatch import app_event
from sandbox.generation.vocabulary import PLAN_NAME
from sandbox.oauth import minting
from sandbox.sandbox import Sandbox
from sandbox.settings import AppRegistration
from sandbox.world.records import Code, Store, Subscription

EMBEDDED_SCOPE = "embedded_apps_tokens_write"
FREE_PLAN_ID = 1


@dataclass(frozen=True, slots=True)
class Step:
    """What the browser gets next: a redirect to `url`, the login or consent page, or an error page."""

    kind: Literal["redirect", "login", "consent", "error"]
    url: str = ""
    app: AppRegistration | None = None
    problem: str = ""


def authorize(sandbox: Sandbox, query: Mapping[str, str], store: Store | None) -> Step:
    """GET /oauth/authorize: error, login, EC3, consent page, or straight to the callback."""
    app = sandbox.world.apps.get(query.get("client_id", ""))
    problem = _problem(sandbox, app, query)
    if app is None or problem:
        return _refused(sandbox, app, problem or "invalid_client", query)
    if store is None:
        return Step("login", app=app)
    if app.client_id not in store.subscriptions:
        code = sandbox.knobs.text("oauth.ec_code")
        sandbox.stats.add("oauth.authorize.no_subscription", store.id)
        return Step("redirect", f"/dashboard/stores/{store.id}/apps/{app.app_id}?{urlencode({'error_code': code})}")
    match sandbox.knobs.text("oauth.consent"):
        case "page":
            return Step("consent", app=app)
        case "deny":
            return deny(sandbox, app, query)
        case _:
            return allow(sandbox, app, store, query)


def allow(sandbox: Sandbox, app: AppRegistration, store: Store, query: Mapping[str, str]) -> Step:
    """The merchant agreed: a one-time code goes to the callback, `state` unchanged, no store id."""
    code = Code(
        value=minting.code(sandbox.world.secrets),
        client_id=app.client_id,
        store_id=store.id,
        redirect_uri=query.get("redirect_uri", app.callback_url),
        scopes=granted_scopes(app, query.get("scope", "")),
        expires=sandbox.world.now() + sandbox.knobs.number("oauth.code_ttl"),
    )
    sandbox.world.codes.put(code.value, code)
    sandbox.stats.add("oauth.authorize.allowed", store.id)
    app_event(sandbox, store, app, "app.market.application.authorized")
    return Step("redirect", _with_query(code.redirect_uri, {"code": code.value} | _state(query)))


def deny(sandbox: Sandbox, app: AppRegistration, query: Mapping[str, str]) -> Step:
    """The merchant refused; which parameters tell so is unknown (U2)."""
    params = {"error": "access_denied"}
    if sandbox.knobs.text("oauth.deny_params") == "full":
        params["error_description"] = "The resource owner or authorization server denied the request."
        params |= _state(query)
    sandbox.stats.add("oauth.authorize.denied")
    return Step("redirect", _with_query(query.get("redirect_uri", app.callback_url), params))


def granted_scopes(app: AppRegistration, asked: str) -> list[str]:
    """The scope matrix decides; of the parameter only the embedded scope counts, and only if ticked too."""
    is_embedded = EMBEDDED_SCOPE in asked.replace(",", " ").split()
    return [scope for scope in app.scopes if scope != EMBEDDED_SCOPE or is_embedded]


def activate(sandbox: Sandbox, store: Store, app: AppRegistration) -> str:
    """The click on «تفعيل التطبيق»: a subscription to the free system plan; returns where the browser goes."""
    now, is_new = sandbox.world.now(), app.client_id not in store.subscriptions
    if is_new:
        store.subscriptions[app.client_id] = Subscription(
            FREE_PLAN_ID, PLAN_NAME, "active", start=now, end=now + 30 * 86_400
        )
        sandbox.world.stores.touch(str(store.id))
    sandbox.stats.add("oauth.activations", store.id)
    if is_new and sandbox.knobs.flag("app_events.subscription_first"):
        app_event(sandbox, store, app, "app.market.subscription.active")
    landing = sandbox.knobs.text("oauth.landing")
    return app.callback_url if landing == "callback" else app.redirection_url


def _problem(sandbox: Sandbox, app: AppRegistration | None, query: Mapping[str, str]) -> str:
    if app is None:
        return "invalid_client"
    if "redirect_uri" not in query:
        return "invalid_request" if sandbox.knobs.text("oauth.redirect_uri") == "required" else ""
    if query["redirect_uri"] != app.callback_url:
        return "redirect_uri_mismatch"
    return "" if query.get("response_type", "code") == "code" else "unsupported_response_type"


def _refused(sandbox: Sandbox, app: AppRegistration | None, problem: str, query: Mapping[str, str]) -> Step:
    """An unknown client has no callback to go to; else a knob decides (U2)."""
    sandbox.stats.add(f"oauth.authorize.{problem}")
    if app is None or sandbox.knobs.text("oauth.authorize_error") == "page":
        return Step("error", problem=problem)
    return Step("redirect", _with_query(app.callback_url, {"error": problem} | _state(query)))


def _state(query: Mapping[str, str]) -> dict[str, str]:
    return {"state": query["state"]} if "state" in query else {}


def _with_query(url: str, params: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *params.items()])
    return urlunsplit(parts._replace(query=query))
