"""Light or dark: asked for by `?theme=`, remembered in a cookie, else as the person's system has it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from aiohttp import web

COOKIE: Final = "wasl_theme"
_YEAR: Final = 365 * 24 * 3600


class Theme(StrEnum):
    """How pages look."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


def theme_of(request: web.Request) -> Theme:
    """As the system has it where nothing is said."""
    for said in (request.query.get("theme"), request.cookies.get(COOKIE)):
        if said in {theme.value for theme in Theme}:
            return Theme(said)
    return Theme.SYSTEM


def remember_theme(request: web.Request, response: web.StreamResponse) -> None:
    """Keeps an explicit choice for later pages."""
    if request.query.get("theme") in {theme.value for theme in Theme}:
        response.set_cookie(COOKIE, request.query["theme"], max_age=_YEAR, httponly=True, samesite="Lax")
