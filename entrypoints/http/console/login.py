"""Signing in with an API key, and out again."""

from __future__ import annotations

from math import ceil

from aiohttp import web
from structlog import get_logger

from core.domain.secret import Secret
from core.features.console_sign_in import LockedOut, SignedIn, Visitor, WrongKey
from entrypoints.http.console import cookies
from entrypoints.http.console.access import SIGN_IN, posted, see, session_of, signer
from entrypoints.http.pages import page
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES
from entrypoints.http.tracing import REQUEST_ID
from entrypoints.http.visitors import visitor_of

log = get_logger()


async def form(request: web.Request) -> web.Response:
    """Whoever comes with a session that has ended is told so, whatever ended it."""
    if await session_of(request):
        return see("/console")
    if cookies.needs_https(request):
        return _form(request, problem="login.https")
    if cookies.read_cookie(request, cookies.SESSION) is None:
        return _form(request)
    response = _form(request, notice="login.over")
    cookies.drop_cookie(request, response, cookies.SESSION)
    return response


async def sign_in(request: web.Request) -> web.Response:
    """A session of its own for the right key; each guess is counted first."""
    fields = await posted(request, cookies.read_cookie(request, cookies.FORM) or "")
    if fields is None:
        return _form(request, problem="login.stale", status=400)
    outcome = await request.app[SERVICES].keys.console.sign_in(
        Secret(fields.get("key", "").strip()),
        _visitor(request),
        replaces=cookies.read_cookie(request, cookies.SESSION),
        request_id=request[REQUEST_ID],
    )
    return _answer(request, outcome)


def _visitor(request: web.Request) -> Visitor:
    """The browser, where somebody signed in with it before, so that its neighbours cannot lock it out."""
    kept = cookies.read_cookie(request, cookies.BROWSER)
    name = signer(request).browser_name(kept) if kept else None
    return Visitor(f"browser {name}", known=True) if name else Visitor(visitor_of(request).name)


def _know_again(request: web.Request, response: web.Response) -> None:
    if not _visitor(request).known:
        name = request.app[SERVICES].ids.secret_text()
        cookies.set_cookie(request, response, cookies.BROWSER, signer(request).browser(name))


def _answer(request: web.Request, outcome: SignedIn | WrongKey | LockedOut) -> web.Response:
    match outcome:
        case SignedIn(session):
            _tell("accepted", request, actor=session.caller.actor)
            response = see("/console")
            cookies.set_cookie(request, response, cookies.SESSION, session.session_id)
            cookies.drop_cookie(request, response, cookies.FORM)
            _know_again(request, response)
            return response
        case WrongKey(pause):
            _tell("refused", request, pause=pause)
            return _form(request, problem="login.wrong", status=403, wait=pause)
        case LockedOut(wait):
            _tell("locked", request, wait=wait)
            response = _form(request, problem="login.locked", status=429, wait=wait)
            response.headers["Retry-After"] = str(max(1, ceil(wait)))
            return response


def _tell(outcome: str, request: web.Request, **more: str | float) -> None:
    request.app[SERVICES].metrics.count("console_logins_total", outcome=outcome)
    log.info("console_sign_in", outcome=outcome, **more)


async def sign_out(request: web.Request) -> web.Response:
    """The session ends on this side: what the browser still holds opens nothing."""
    session = await session_of(request)
    fields = await posted(request, session.session_id if session else "")
    if session and fields is None:
        raise Refusal("bad-request", "csrf: the form does not belong to this session; load the console again")
    if session:
        await request.app[SERVICES].keys.console.sign_out(session, request_id=request[REQUEST_ID])
    response = see(SIGN_IN)
    cookies.drop_cookie(request, response, cookies.SESSION)
    return response


def _form(
    request: web.Request, *, problem: str | None = None, notice: str | None = None, status: int = 200, wait: float = 0
) -> web.Response:
    """Each form has a holder of its own in a cookie; the token in it is made from that."""
    holder = cookies.read_cookie(request, cookies.FORM) or request.app[SERVICES].ids.secret_text()
    shown = {"csrf": signer(request).form_token(holder), "problem": problem, "notice": notice, "wait": ceil(wait)}
    response = page(request, "login.html", shown, status=status)
    cookies.set_cookie(request, response, cookies.FORM, holder)
    return response


ROUTES = (
    Route("GET", SIGN_IN, form, access=Access.OPEN, page=True),
    Route("POST", SIGN_IN, sign_in, access=Access.OPEN, page=True),
    Route("POST", "/console/logout", sign_out, access=Access.OWN, page=True),
)
