"""Which language a person reads: asked for by `?lang=`, remembered in a cookie, else what the browser prefers.

Zid's dashboard asks by `?language=` (docs.zid.sa "embedded apps developer guide").
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from aiohttp import web

COOKIE: Final = "wasl_lang"
_YEAR: Final = 365 * 24 * 3600


class Language(StrEnum):
    """What pages are written in."""

    ARABIC = "ar"
    ENGLISH = "en"

    @property
    def direction(self) -> str:
        return "rtl" if self is Language.ARABIC else "ltr"

    @property
    def other(self) -> Language:
        return Language.ENGLISH if self is Language.ARABIC else Language.ARABIC


def language_of(request: web.Request) -> Language:
    """Arabic where nothing is said: the merchants' language."""
    for said in (
        request.query.get("lang"),
        request.query.get("language"),
        request.cookies.get(COOKIE),
        *_preferred(request),
    ):
        if said in {language.value for language in Language}:
            return Language(said)
    return Language.ARABIC


def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Keeps an explicit choice for later pages."""
    if request.query.get("lang") in {language.value for language in Language}:
        response.set_cookie(COOKIE, request.query["lang"], max_age=_YEAR, httponly=True, samesite="Lax")


def _preferred(request: web.Request) -> list[str]:
    """The browser's languages in its order, as two letters."""
    return [part.strip()[:2].lower() for part in request.headers.get("Accept-Language", "").split(",")]
