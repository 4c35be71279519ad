"""The first page, and the stream of server-sent events that keeps it up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from structlog import get_logger

from core.errors import TryLater
from entrypoints.http.console.access import SESSION, form_token, session_of, signed_in
from entrypoints.http.console.overview import Lookout
from entrypoints.http.pages import Language, language_of, page
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES, HttpServices

log = get_logger()

WATCHERS: Final = 64
"""Open streams per process."""
STREAM_SECONDS: Final = 900.0
"""The browser connects anew after that, and its session is checked again."""
SESSION_CHECK: Final = 5.0
"""Seconds after which somebody who was signed out elsewhere sees no more."""
PACE: Final = 1.0
HEARTBEAT: Final = 15.0


@dataclass(slots=True)
class Watch:
    """The open streams of this process."""

    lookout: Lookout
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    present: int = 0


WATCH: Final = web.AppKey("watch", Watch)


async def show(request: web.Request) -> web.Response:
    overview = await request.app[WATCH].lookout.overview()
    form = {"csrf": form_token(request), "refresh": request.query.get("refresh") == "5"}
    return page(request, "console.html", {**form, "caller": request[SESSION].caller, **overview.values()})


async def live(request: web.Request) -> web.StreamResponse:
    watching = request.app[WATCH]
    if request.method == "HEAD":
        return web.Response()
    if await session_of(request, by_itself=True) is None:
        raise Refusal("unauthorized", "sign in at /console/login")
    if watching.present >= WATCHERS:
        raise Refusal("overloaded", f"{WATCHERS} people watch already; reload the page to see the present state")
    watching.present += 1
    try:
        return await _stream(request, watching)
    finally:
        watching.present -= 1


async def _stream(request: web.Request, watching: Watch) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    clock = request.app[SERVICES].clock
    stream = _Stream(response, language_of(request), clock.monotonic())
    until = clock.monotonic() + STREAM_SECONDS
    while not watching.closing.is_set() and clock.monotonic() < until and not stream.over:
        try:
            await stream.send(await _news(request, watching.lookout, stream))
        except ConnectionError:
            break
        await _pause(watching.closing, PACE)
    return response


async def _news(request: web.Request, lookout: Lookout, stream: _Stream) -> Mapping[str, str]:
    """What changed, to somebody who is still signed in; the last word to one who is not."""
    clock = request.app[SERVICES].clock
    if clock.monotonic() >= stream.checked + SESSION_CHECK:
        try:
            stream.over = await session_of(request, by_itself=True) is None
        except TryLater as error:
            return {"trouble": type(error).__name__}
        stream.checked = clock.monotonic()
    return {"over": "signed out"} if stream.over else await _changes(lookout, stream)


async def _changes(lookout: Lookout, stream: _Stream) -> Mapping[str, str]:
    """Fragments that differ from what this stream sent last."""
    try:
        fragments = (await lookout.overview()).fragments(stream.language)
    except TryLater as error:
        return {"trouble": type(error).__name__}
    return {name: text for name, text in fragments.items() if stream.sent.get(name) != text}


class _Stream:
    """One browser that listens."""

    def __init__(self, response: web.StreamResponse, language: Language, checked: float) -> None:
        self.language = language
        self.checked = checked
        """When the session was looked at last."""
        self.over = False
        self.sent: dict[str, str] = {}
        self._response = response
        self._silent = 0.0

    async def send(self, messages: Mapping[str, str]) -> None:
        """Raises ConnectionError when the browser has gone; a comment now and then finds that out."""
        self._silent = 0.0 if messages else self._silent + PACE
        if self._silent >= HEARTBEAT:
            self._silent = 0.0
            await self._response.write(b":\n\n")
        for name, text in messages.items():
            await self._response.write(_event(name, text))
        self.sent.update(messages)


def _event(name: str, text: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"event: {name}\n{lines}\n".encode()


async def _pause(closing: asyncio.Event, seconds: float) -> None:
    """Ends early when the process stops."""
    try:
        async with asyncio.timeout(seconds):
            await closing.wait()
    except TimeoutError:
        return


async def home(_: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": "/console"})


def watch(services: HttpServices) -> Watch:
    return Watch(Lookout(services))


async def end_streams(app: web.Application) -> None:
    """Streams would otherwise hold up a shutdown until its time is over."""
    app[WATCH].closing.set()


ROUTES = (
    Route("GET", "/", home, page=True, quiet=True),
    Route("GET", "/console", signed_in(show), access=Access.OWN, page=True),
    Route("GET", "/console/live", live, access=Access.OWN, quiet=True),
)
