"""The token endpoint: one-time codes and rotating refresh tokens for full token sets."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api.answers import Answer
from sandbox.api.errors import zid_envelope
from sandbox.events.dispatch import app_event
from sandbox.oauth import minting
from sandbox.sandbox import Sandbox
from sandbox.settings import AppRegistration
from sandbox.world.records import Code, Grant, Json

MALFORMED = (
    "The request is missing a required parameter, includes an invalid parameter value, "
    "includes a parameter more than once, or is otherwise malformed."
)


def exchange(sandbox: Sandbox, form: Mapping[str, str]) -> Answer:
    """Answers a token request; everything is counted by grant and outcome."""
    grant_type = form.get("grant_type", "")
    app = sandbox.world.apps.get(form.get("client_id", ""))
    if app is None or app.client_secret != form.get("client_secret"):
        return _refused(
            sandbox, grant_type, "bad_client", Answer(400, zid_envelope("Client authentication failed", None))
        )
    match grant_type:
        case "authorization_code":
            return _by_code(sandbox, app, form)
        case "refresh_token":
            return _by_refresh_token(sandbox, app, form)
        case _:
            text = "The authorization grant type is not supported by the authorization server."
            return _refused(sandbox, "other", "unsupported", league(400, "unsupported_grant_type", text, None))


def league(status: int, error: str, description: str, hint: str | None) -> Answer:
    """The error body of league/oauth2-server."""
    body: Json = {"error": error, "error_description": description}
    if hint is not None:
        body["hint"] = hint
    return Answer(status, body | {"message": description})


def _by_code(sandbox: Sandbox, app: AppRegistration, form: Mapping[str, str]) -> Answer:
    code = sandbox.world.codes.get(form.get("code", ""))
    problem = _problem_with(sandbox, code, app, form)
    if code is None or problem is not None:
        answer = league(400, "invalid_request", MALFORMED, problem)
        return _refused(sandbox, "authorization_code", "bad_code", answer, code.store_id if code else None)
    code.used = True
    sandbox.world.codes.touch(code.value)
    grant = _new_grant(sandbox, app, code.store_id, code.scopes, family=code.value[:32])
    sandbox.stats.add("oauth.authorization_code.ok", code.store_id)
    _tell_installed(sandbox, app, code.store_id)
    return Answer(document=token_set(sandbox, grant, with_authorization=True))


def _problem_with(sandbox: Sandbox, code: Code | None, app: AppRegistration, form: Mapping[str, str]) -> str | None:
    if code is None:
        return "Cannot decrypt the authorization code"
    if code.client_id != app.client_id:
        return "Authorization code was not issued to this client"
    if code.used:
        return "Authorization code has been revoked"
    if sandbox.world.now() >= code.expires:
        return "Authorization code has expired"
    return None if form.get("redirect_uri", code.redirect_uri) == code.redirect_uri else "Invalid redirect URI"


def _by_refresh_token(sandbox: Sandbox, app: AppRegistration, form: Mapping[str, str]) -> Answer:
    old = sandbox.world.refresh_tokens.get(form.get("refresh_token", ""))
    if old is None or old.client_id != app.client_id:
        return _bad_refresh(sandbox, "unknown", "Cannot decrypt the refresh token", None)
    if old.revoked and old.revoked != "refreshed" and sandbox.world.now() >= old.revoke_at:
        return _bad_refresh(sandbox, "revoked", "Token has been revoked", old)
    if sandbox.world.now() >= old.refresh_expires:
        return _bad_refresh(sandbox, "expired", "Token has expired", old)
    if old.spent:
        sandbox.stats.add("oauth.refresh_token.reuse", old.store_id)
        if sandbox.knobs.text("refresh.reuse") != "allow":
            return _reused(sandbox, old)
    return Answer(document=_refreshed(sandbox, app, old))


def _refreshed(sandbox: Sandbox, app: AppRegistration, old: Grant) -> Json:
    """Spends the old refresh token and issues the next set, as the refresh knobs say (U1)."""
    world, knobs = sandbox.world, sandbox.knobs
    form = knobs.text("refresh.new_authorization")
    new = _new_grant(
        sandbox,
        app,
        old.store_id,
        old.scopes,
        family=old.family,
        authorization=old.authorization if form != "new" else None,
        refresh_token=old.refresh_token if knobs.text("refresh.rotate") == "same" else None,
    )
    if old.revoked == "uninstalled":
        new.revoked, new.revoke_at = old.revoked, old.revoke_at
    old.spent = old.refresh_token != new.refresh_token
    if knobs.flag("refresh.revoke_access"):
        old.revoked, old.revoke_at = "refreshed", world.now()
    world.grants.touch(old.id)
    sandbox.stats.add("oauth.refresh_token.ok", old.store_id)
    return token_set(sandbox, new, with_authorization=form != "absent")


def _reused(sandbox: Sandbox, old: Grant) -> Answer:
    if sandbox.knobs.text("refresh.reuse") == "kill_family":
        for grant in sandbox.world.grants:
            if grant.family == old.family:
                grant.revoked, grant.revoke_at = "reuse", sandbox.world.now()
                sandbox.world.grants.touch(grant.id)
    return _bad_refresh(sandbox, "spent", "Token has been revoked", old)


def _bad_refresh(sandbox: Sandbox, outcome: str, hint: str, grant: Grant | None) -> Answer:
    """Never seen live (U1): league's body with 401 or 400, or Zid's envelope."""
    text, form = "The refresh token is invalid.", sandbox.knobs.text("refresh.reuse")
    if form == "zid":
        answer = Answer(400, zid_envelope(text, None))
    else:
        answer = league(400 if form == "400" else 401, "invalid_request", text, hint)
    return _refused(sandbox, "refresh_token", outcome, answer, grant.store_id if grant else None)


def _refused(sandbox: Sandbox, grant_type: str, outcome: str, answer: Answer, store_id: int | None = None) -> Answer:
    name = grant_type if grant_type in ("authorization_code", "refresh_token") else "other"
    sandbox.stats.add(f"oauth.{name}.{outcome}", store_id)
    return answer


def _new_grant(
    sandbox: Sandbox,
    app: AppRegistration,
    store_id: int,
    scopes: list[str],
    *,
    family: str,
    authorization: str | None = None,
    refresh_token: str | None = None,
) -> Grant:
    world, rng, now = sandbox.world, sandbox.world.secrets, sandbox.world.now()
    expires = now + sandbox.knobs.number("oauth.expires_in")
    store = world.stores.get(str(store_id))
    subject = str(store.manager_id if store else store_id)
    grant = Grant(
        id=world.secret_uuid(),
        client_id=app.client_id,
        store_id=store_id,
        scopes=scopes,
        authorization=authorization
        or minting.authorization(
            rng, client_id=app.client_id, subject=subject, scopes=scopes, now=now, expires=expires
        ),
        manager_token=minting.manager_token(rng),
        refresh_token=refresh_token or minting.refresh_token(rng),
        expires=expires,
        refresh_expires=now + sandbox.knobs.number("refresh.ttl"),
        family=family,
    )
    world.add_grant(grant)
    return grant


def token_set(sandbox: Sandbox, grant: Grant, *, with_authorization: bool) -> Json:
    """Field order and case as printed in the one real answer; no store id, no scope, no refresh expiry."""
    answer: Json = {
        "access_token": grant.manager_token,
        "token_type": "Bearer",
        "expires_in": int(sandbox.knobs.number("oauth.expires_in")),
    }
    if with_authorization:
        answer[sandbox.knobs.text("oauth.authorization_field")] = grant.authorization
    return answer | {"refresh_token": grant.refresh_token}


def _tell_installed(sandbox: Sandbox, app: AppRegistration, store_id: int) -> None:
    """The install event comes after the callback; subscription.active may come only now."""
    store = sandbox.world.stores.get(str(store_id))
    if store is None:
        return
    is_new = store.installs.get(app.client_id) != "installed"
    store.installs[app.client_id] = "installed"
    sandbox.world.stores.touch(str(store.id))
    app_event(sandbox, store, app, "app.market.application.install")
    if is_new and not sandbox.knobs.flag("app_events.subscription_first"):
        app_event(sandbox, store, app, "app.market.subscription.active")
