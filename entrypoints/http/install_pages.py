"""The merchant's way through the install: out to Zid, back, and a page that says what happened."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web
from structlog import get_logger

from core.domain.oauth_state import STATE_TTL
from core.features.install_store import (
    BadState,
    BadStateReason,
    Callback,
    CodeRejected,
    Installed,
    RefusedByMerchant,
    Restart,
    Started,
    ZidError,
)
from entrypoints.http.pages import Message, page, say
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

log = get_logger()

COOKIE: Final = "wasl_install"
_PATH: Final = "/auth"
_SHOWN: Final = 300
"""Characters of Zid's own words that a page repeats."""
NO_SUBSCRIPTION: Final = "EC3"
"""The store has no App Market subscription (seen live 2026-08-22; the other EC codes are unknown, U11)."""
_WHY: Final[Mapping[BadStateReason, str]] = MappingProxyType(
    {
        BadStateReason.FORGED: "state.forged",
        BadStateReason.EXPIRED_OR_USED: "state.expired_or_used",
        BadStateReason.OTHER_BROWSER: "state.other_browser",
        BadStateReason.NOTHING_CAME: "state.nothing_came",
        BadStateReason.LINK_OVER: "state.link_over",
    }
)


async def start(request: web.Request) -> web.Response:
    """Where Zid sends the merchant's browser on “Activate app”. Parameters are unknown to Zid too, so ignored (X7).

    The one that is ours, `ticket`, comes from an authorization link.
    """
    install = request.app[SERVICES].install
    ticket = request.query.get("ticket")
    started = await install.start() if ticket is None else await install.open_link(_text(ticket) or "")
    return say(request, _message(started)) if isinstance(started, BadState) else _to_zid(request, started)


async def callback(request: web.Request) -> web.Response:
    finished = await request.app[SERVICES].install.finish(_read(request))
    if isinstance(finished, Restart):
        return _to_zid(request, finished)
    log.info("install_callback", outcome=type(finished).__name__)
    response = _installed(request, finished) if isinstance(finished, Installed) else say(request, _message(finished))
    response.del_cookie(COOKIE, path=_PATH)
    return response


def _message(failed: BadState | RefusedByMerchant | ZidError | CodeRejected) -> Message:
    match failed:
        case BadState(why):
            return Message("state.title", _WHY[why], 400, again=True)
        case RefusedByMerchant(description):
            facts = {"zid_error.said": _short(description)}
            return Message("refused.title", "refused.lead", 403, again=True, facts=facts)
        case CodeRejected(reason):
            return Message("code.title", "code.lead", 400, again=True, facts={"zid_error.said": _short(reason)})
        case ZidError(code, description):
            facts = {"zid_error.code": _short(code), "zid_error.said": _short(description)}
            kind = "ec3" if code.upper() == NO_SUBSCRIPTION else "zid_error"
            return Message(f"{kind}.title", f"{kind}.lead", 400, again=True, facts=facts)


def _installed(request: web.Request, finished: Installed) -> web.Response:
    if finished.return_to:
        return web.Response(status=303, headers={"Location": finished.return_to})
    embedded = finished.embedded
    if embedded and embedded.page:
        return web.Response(status=302, headers={"Location": embedded.page})
    report = finished.subscriptions
    values = {
        "title": finished.install.identity.title,
        "store_id": finished.install.store_id,
        "subscribed": sorted({*report.created, *report.kept}),
        "failed": [event for event, _ in report.failed],
        "not_shown": embedded is not None,
    }
    return page(request, "installed.html", values)


def _read(request: web.Request) -> Callback:
    """What came back. Zid's dashboard calls its codes `error_code`; both names are understood."""
    query = request.query
    return Callback(
        code=_text(query.get("code")),
        state=_text(query.get("state")),
        error=_text(query.get("error")) or _text(query.get("error_code")),
        error_description=_text(query.get("error_description")) or _text(query.get("message")),
        binding=_text(request.cookies.get(COOKIE)),
    )


def _text(given: str | None) -> str | None:
    """Text that can be compared, stored and shown: lone surrogates of broken bytes and NUL are replaced."""
    return given.encode("utf-8", "replace").decode().replace("\0", "\ufffd") if given else None


def _short(text: str | None) -> str | None:
    return text[:_SHOWN] if text else None


def _to_zid(request: web.Request, started: Started | Restart) -> web.Response:
    response = web.Response(status=302, headers={"Location": started.authorize_url})
    response.set_cookie(
        COOKIE,
        started.binding,
        max_age=int(STATE_TTL),
        path=_PATH,
        httponly=True,
        samesite="Lax",
        secure=request.app[SERVICES].settings.secure,
    )
    return response


ROUTES = (
    Route("GET", "/auth/zid", start, access=Access.OPEN, page=True),
    Route("GET", "/auth/zid/callback", callback, access=Access.OWN, page=True),
    Route("GET", "/auth/callback", callback, access=Access.OWN, page=True),
)
