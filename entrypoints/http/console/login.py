"""Signing in with an admin key, and out again."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from structlog import get_logger

from core.domain.secret import Secret, same
from core.errors import SettingInvalid
from entrypoints.http.bodies import read_up_to
from entrypoints.http.console.session import LIFETIME, Session, Signer
from entrypoints.http.pages import page
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES

log = get_logger()

COOKIE: Final = "wasl_session"
FORM_COOKIE: Final = "wasl_form"
_PATH: Final = "/console"
_FORM_SECONDS: Final = 3600
_FIELDS: Final = 4096
"""No form here is larger, in bytes."""
_FORM_PATIENCE: Final = 10.0


def signer(request: web.Request) -> Signer:
    """Raises SettingInvalid where there is no key to sign with."""
    keys = request.app[SERVICES].settings.session_keys
    if not keys:
        raise SettingInvalid("SESSION_KEY", "is not set; nobody can sign in to the console without it")
    return Signer(keys)


def session_of(request: web.Request) -> Session | None:
    """The session this browser has, or None."""
    services = request.app[SERVICES]
    return signer(request).session(request.cookies.get(COOKIE), services.settings.admin_keys, services.clock.now())


def signed_in(handler: Handler) -> Handler:
    """Sends people without a session to the form."""

    async def checked(request: web.Request) -> web.StreamResponse:
        return await handler(request) if session_of(request) else _see("/console/login")

    return checked


async def form(request: web.Request) -> web.Response:
    if session_of(request):
        return _see("/console")
    return _form(request)


async def sign_in(request: web.Request) -> web.Response:
    fields = await _fields(request)
    if not signer(request).form_holds(_holder(request), fields.get("csrf", "")):
        return _form(request, problem="login.stale", status=400)
    key = _known_key(request, fields.get("key", "").strip())
    outcome = "accepted" if key else "refused"
    request.app[SERVICES].metrics.count("console_logins_total", outcome=outcome)
    if key is None:
        log.warning("console_login_refused", remote=request.remote)
        return _form(request, problem="login.wrong", status=403)
    response = _see("/console")
    _start_session(request, response, key)
    log.info("console_login_accepted", remote=request.remote)
    return response


async def sign_out(request: web.Request) -> web.Response:
    session, fields = session_of(request), await _fields(request)
    if session and not signer(request).form_holds(session.id, fields.get("csrf", "")):
        raise Refusal("bad-request", "csrf: the form does not belong to this session; load the console again")
    response = _see("/console/login")
    response.del_cookie(COOKIE, path=_PATH)
    return response


def _form(request: web.Request, *, problem: str | None = None, status: int = 200) -> web.Response:
    holder = _holder(request) or request.app[SERVICES].ids.secret_text()
    csrf = signer(request).form_token(holder)
    response = page(request, "login.html", {"csrf": csrf, "problem": problem}, status=status)
    _set(request, response, FORM_COOKIE, holder, _FORM_SECONDS)
    return response


def _holder(request: web.Request) -> str:
    """The text in the form's cookie; the form's token is derived from it."""
    text = request.cookies.get(FORM_COOKIE, "")
    return text if text.isascii() else ""


def _known_key(request: web.Request, given: str) -> Secret | None:
    """The admin key that was typed; every key is compared."""
    keys = request.app[SERVICES].settings.admin_keys
    typed = given if given.isascii() else ""
    found = [key for key in keys if same(typed, key.reveal())]
    return found[0] if found else None


def _start_session(request: web.Request, response: web.Response, key: Secret) -> None:
    services = request.app[SERVICES]
    expires = int((services.clock.now() + LIFETIME).timestamp())
    session = Session(services.ids.secret_text(), expires, signer(request).fingerprint(key))
    _set(request, response, COOKIE, signer(request).cookie(session), int(LIFETIME.total_seconds()))
    response.del_cookie(FORM_COOKIE, path=_PATH)


def _set(request: web.Request, response: web.Response, name: str, value: str, seconds: int) -> None:
    secure = request.app[SERVICES].settings.secure
    response.set_cookie(name, value, max_age=seconds, path=_PATH, httponly=True, samesite="Lax", secure=secure)


async def _fields(request: web.Request) -> dict[str, str]:
    """The form's fields, whatever the body says it is; 413 for one larger than any form of ours."""
    body = await read_up_to(request.content, _FIELDS, seconds=_FORM_PATIENCE)
    if body.oversize:
        raise Refusal("too-large", "the form is larger than any of ours")
    return dict(parse_qsl(body.content.decode("utf-8", "replace")))


def _see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


ROUTES = (
    Route("GET", "/console/login", form, access=Access.OPEN, page=True),
    Route("POST", "/console/login", sign_in, access=Access.OPEN, page=True),
    Route("POST", "/console/logout", sign_out, access=Access.OWN, page=True),
)
