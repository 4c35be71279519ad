"""Server-sent events that keep a page up to date: pieces of it, by name, sent again when they change.

A page shows `ui.live("/console/events/live")` and has elements with `data-live="<name>"`; its module adds
`live_route("/console/events/live", fragments)` to its ROUTES, where `fragments(request)` answers every second what each
named piece looks like now (HTML from `render`). What did not change is not sent. `request[SESSION]` is who listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope
from core.errors import TryLater
from entrypoints.http.api_keys import CALLER
from entrypoints.http.console.access import SESSION, session_of
from entrypoints.http.problems import Refusal
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

Fragments = Callable[[web.Request], Awaitable[Mapping[str, str]]]
"""The pieces of a page as they look now, by name. May raise TryLater: the browser is told, and asked again."""

WATCHERS: Final = 64
"""Open streams per process."""
STREAM_SECONDS: Final = 900.0
"""The browser connects anew after that, and its session is checked again."""
SESSION_CHECK: Final = 5.0
"""Seconds after which somebody who was signed out elsewhere sees no more."""
PACE: Final = 1.0
HEARTBEAT: Final = 15.0


@dataclass(slots=True)
class Streams:
    """The open streams of this process."""

    closing: asyncio.Event = field(default_factory=asyncio.Event)
    present: int = 0


STREAMS: Final = web.AppKey("streams", Streams)


def live_route(path: str, fragments: Fragments, *, needs: ApiScope = ApiScope.READ) -> Route:
    """A stream at this address for those whose key opens it."""

    async def live(request: web.Request) -> web.StreamResponse:
        return await _live(request, fragments, needs)

    return Route("GET", path, live, access=Access.OWN, quiet=True)


async def _live(request: web.Request, fragments: Fragments, needs: ApiScope) -> web.StreamResponse:
    streams = request.app[STREAMS]
    if request.method == "HEAD":
        return web.Response()
    if not await _may_listen(request, needs):
        raise Refusal("unauthorized", "sign in at /console/login")
    if streams.present >= WATCHERS:
        raise Refusal("overloaded", f"{WATCHERS} people watch already; reload the page to see the present state")
    streams.present += 1
    try:
        return await _stream(request, streams, fragments, needs)
    finally:
        streams.present -= 1


async def _may_listen(request: web.Request, needs: ApiScope) -> bool:
    """Looks at the session anew; the request then carries it. That a page listens is no use of a session."""
    session = await session_of(request, by_itself=True)
    if session is None or not session.caller.may(needs):
        return False
    request[SESSION], request[CALLER] = session, session.caller
    return True


async def _stream(request: web.Request, streams: Streams, fragments: Fragments, needs: ApiScope) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    clock = request.app[SERVICES].clock
    stream = _Stream(response, clock.monotonic())
    until = clock.monotonic() + STREAM_SECONDS
    while not streams.closing.is_set() and clock.monotonic() < until and not stream.over:
        try:
            await stream.send(await _news(request, fragments, needs, stream))
        except ConnectionError:
            break
        await _pause(streams.closing, PACE)
    return response


async def _news(request: web.Request, fragments: Fragments, needs: ApiScope, stream: _Stream) -> Mapping[str, str]:
    """What changed, to somebody who is still signed in; the last word to one who is not."""
    clock = request.app[SERVICES].clock
    try:
        if clock.monotonic() >= stream.checked + SESSION_CHECK:
            stream.over = not await _may_listen(request, needs)
            stream.checked = clock.monotonic()
        return {"over": "signed out"} if stream.over else stream.changed(await fragments(request))
    except TryLater as error:
        return {"trouble": type(error).__name__}


class _Stream:
    """One browser that listens."""

    def __init__(self, response: web.StreamResponse, checked: float) -> None:
        self.checked = checked
        """When the session was looked at last."""
        self.over = False
        self._sent: dict[str, str] = {}
        self._response = response
        self._silent = 0.0

    def changed(self, fragments: Mapping[str, str]) -> Mapping[str, str]:
        """Fragments that differ from what this stream sent last."""
        return {name: text for name, text in fragments.items() if self._sent.get(name) != text}

    async def send(self, messages: Mapping[str, str]) -> None:
        """Raises ConnectionError when the browser has gone; a comment now and then finds that out."""
        self._silent = 0.0 if messages else self._silent + PACE
        if self._silent >= HEARTBEAT:
            self._silent = 0.0
            await self._response.write(b":\n\n")
        for name, text in messages.items():
            await self._response.write(_event(name, text))
        self._sent.update(messages)


def _event(name: str, text: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n".encode()


async def _pause(closing: asyncio.Event, seconds: float) -> None:
    """Ends early when the process stops."""
    try:
        async with asyncio.timeout(seconds):
            await closing.wait()
    except TimeoutError:
        return


async def end_streams(app: web.Application) -> None:
    """Streams would otherwise hold up a shutdown until its time is over."""
    app[STREAMS].closing.set()
