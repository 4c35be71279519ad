"""What a page says once, after the form that led to it: kept in a signed cookie for a minute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiohttp import web

from entrypoints.http.console import cookies
from entrypoints.http.console.access import see, signer
from entrypoints.http.pages.texts import TEXTS

_FORM: Final = re.compile(r"(good|bad)~(notice\.[a-z_.]{1,60})~([0-9]{0,12})", re.ASCII)


class Tone(StrEnum):
    """How it went."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Notice:
    """A text (`notice.…`), with `n` in it where `count` is given."""

    key: str
    count: int | None = None
    tone: Tone = Tone.GOOD

    def __str__(self) -> str:
        return f"{self.tone}~{self.key}~{'' if self.count is None else self.count}"


def done(request: web.Request, path: str, notice: Notice) -> web.Response:
    """Leads to the page that says it, scripted or not."""
    response = see(path)
    if "HX-Request" in request.headers:
        response = web.Response(headers={"HX-Redirect": path})
    cookies.set_cookie(request, response, cookies.NOTICE, signer(request).notice(str(notice)))
    return response


def notice_of(request: web.Request) -> Notice | None:
    """What the page before left to be said; None for nothing, and for what was not written here."""
    kept = cookies.read_cookie(request, cookies.NOTICE)
    found = _FORM.fullmatch(signer(request).notice_text(kept) or "") if kept else None
    if found is None or found[2] not in TEXTS:
        return None
    return Notice(found[2], int(found[3]) if found[3] else None, Tone(found[1]))
