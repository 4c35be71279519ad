"""What every answer tells browsers not to do with it.

Pages take scripts, styles and pictures from here alone, and never from within the page. Everything else is not to be
shown as a page at all. Nobody may put an answer into a frame, but whom the route names (`Route.framed_by`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Final

from aiohttp import web

from entrypoints.http.routing import Route

POLICY: Final = "Content-Security-Policy"
FRAMES: Final = "X-Frame-Options"

_PAGE: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
)
_NO_PAGE: Final = ("default-src 'none'", "form-action 'none'", "base-uri 'none'")

ALWAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Server": "wasl",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)
"""On every answer, whatever it is."""
FOR_A_YEAR: Final = "max-age=31536000"


def protect(response: web.StreamResponse, route: Route | None) -> None:
    """Puts the headers on; what is cacheable says so itself beforehand, the rest is not kept anywhere."""
    response.headers.update(ALWAYS)
    framed_by = route.framed_by if route is not None else ()
    response.headers[POLICY] = policy(is_page=response.content_type == "text/html", framed_by=framed_by)
    if not framed_by:
        response.headers[FRAMES] = "DENY"
    response.headers.setdefault("Cache-Control", "no-store")


@cache
def policy(*, is_page: bool, framed_by: Sequence[str] = ()) -> str:
    """What the answer may load, and who may frame it."""
    frames = " ".join(framed_by) or "'none'"
    return "; ".join((*(_PAGE if is_page else _NO_PAGE), f"frame-ancestors {frames}"))
