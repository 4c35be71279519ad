"""Who is at the console, and whether what they sent came from a page of ours."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from core.domain.api_access import ApiScope
from core.errors import SettingInvalid, WaslError
from core.features.console_sign_in import ConsoleSession
from entrypoints.http.api_keys import CALLER
from entrypoints.http.bodies import read_up_to
from entrypoints.http.console import cookies
from entrypoints.http.console.session import Signer
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Handler
from entrypoints.http.services import SERVICES

SESSION: Final = web.RequestKey("console_session", ConsoleSession)
SIGN_IN: Final = "/console/login"
_FIELDS: Final = 4096
"""No form here is larger, in bytes."""
_FORM_PATIENCE: Final = 10.0
_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})
"""What browsers say of a form that another site's page sends, be it a neighbour's."""


def signer(request: web.Request) -> Signer:
    """Raises SettingInvalid where there is no key to sign with."""
    keys = request.app[SERVICES].settings.session_keys
    if not keys:
        raise SettingInvalid("SESSION_KEY", "is not set; nobody can sign in to the console without it")
    return Signer(keys)


async def session_of(request: web.Request, *, by_itself: bool = False) -> ConsoleSession | None:
    """The session this browser has, or None. `by_itself`: the page asks, not the person, so it is no use of it."""
    session_id = cookies.read_cookie(request, cookies.SESSION)
    if session_id is None:
        return None
    console = request.app[SERVICES].keys.console
    return await (console.look(session_id) if by_itself else console.session(session_id))


def signed_in(handler: Handler, needs: ApiScope = ApiScope.READ) -> Handler:
    """Sends people without a session to the form, and refuses those whose key does not open this."""

    async def checked(request: web.Request) -> web.StreamResponse:
        session = await session_of(request, by_itself="refresh" in request.query)
        if session is None:
            return sign_in_again(request)
        if not session.caller.may(needs):
            raise Refusal("insufficient-scope", f"your key lacks the scope `{needs}`", needs=needs.value)
        request[SESSION], request[CALLER] = session, session.caller
        return await handler(request)

    return checked


async def recognise(request: web.Request) -> None:
    """Finds out who is at an address of the console that did not ask itself, so that problems are told in its frame."""
    if SESSION in request or not request.path.startswith("/console/"):
        return
    try:
        session = await session_of(request, by_itself=True)
    except WaslError:
        return
    if session is not None:
        request[SESSION], request[CALLER] = session, session.caller


def sign_in_again(request: web.Request) -> web.Response:
    """Leads to the form; a script that asked for a part of a page takes its whole page there."""
    if "HX-Request" in request.headers:
        return web.Response(status=401, headers={"HX-Redirect": SIGN_IN})
    return see(SIGN_IN)


async def form_of(request: web.Request) -> dict[str, str]:
    """The fields of a form of this session; 400 for any other. Blank fields are left out."""
    fields = await posted(request, request[SESSION].session_id)
    if fields is None:
        raise Refusal("bad-request", "csrf: the form does not belong to this session; load the page again")
    return fields


def form_token(request: web.Request) -> str:
    """What the forms of a signed-in page carry."""
    return signer(request).form_token(request[SESSION].session_id)


async def posted(request: web.Request, holder: str) -> dict[str, str] | None:
    """The fields of a form that was made for this holder; None for any other, such as another site's."""
    fields = await _fields(request)
    if request.headers.get("Sec-Fetch-Site") in _ELSEWHERE:
        return None
    return fields if signer(request).form_holds(holder, fields.get("csrf", "")) else None


async def _fields(request: web.Request) -> dict[str, str]:
    """The form's fields, whatever the body says it is; 413 for one larger than any form of ours."""
    body = await read_up_to(request.content, _FIELDS, seconds=_FORM_PATIENCE)
    if body.oversize:
        raise Refusal("too-large", "the form is larger than any of ours")
    return dict(parse_qsl(body.content.decode("utf-8", "replace")))


def see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
