"""The console's cookies: for this host alone, out of scripts' reach, over https wherever there is any."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from core.features.console_sign_in import LONGEST
from entrypoints.http.services import SERVICES

SESSION: Final = "wasl_session"
FORM: Final = "wasl_form"
BROWSER: Final = "wasl_browser"
NOTICE: Final = "wasl_notice"
_LASTS: Final = {SESSION: LONGEST, FORM: timedelta(hours=1), BROWSER: timedelta(days=180), NOTICE: timedelta(minutes=1)}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = "__Host-"
"""Browsers take such a cookie only over https and for one host: no neighbour under the same domain can set it."""


def is_local(request: web.Request) -> bool:
    """Whether this is a try-out on a machine's own plain http, where browsers keep no secure cookies."""
    public = urlsplit(request.app[SERVICES].settings.public_url)
    return public.scheme == "http" and public.hostname in _LOOPBACK


def needs_https(request: web.Request) -> bool:
    """Whether nobody can sign in, since the browser would not keep the cookie."""
    return not is_local(request) and not request.app[SERVICES].settings.secure


def read_cookie(request: web.Request, name: str) -> str | None:
    """What the browser sent; None for none, and for what no cookie of ours looks like."""
    text = request.cookies.get(_called(request, name), "")
    return text if text.isascii() and 0 < len(text) <= 200 else None


def set_cookie(request: web.Request, response: web.Response, name: str, value: str) -> None:
    response.set_cookie(
        _called(request, name),
        value,
        max_age=int(_LASTS[name].total_seconds()),
        path=_path(request),
        httponly=True,
        samesite="Lax",
        secure=not is_local(request),
    )


def drop_cookie(request: web.Request, response: web.Response, name: str) -> None:
    response.del_cookie(
        _called(request, name), path=_path(request), httponly=True, samesite="Lax", secure=not is_local(request)
    )


def _called(request: web.Request, name: str) -> str:
    return name if is_local(request) else f"{_HOST}{name}"


def _path(request: web.Request) -> str:
    """The prefix is for whole hosts only."""
    return "/console" if is_local(request) else "/"
