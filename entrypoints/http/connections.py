"""Connections that are kept honest: who sends or reads too slowly is cut off, and who only waits makes room.

The HTTP server bounds what one request may look like. It does not bound how long a head may take, how long an answer
may lie unread, or how many connections may be held open by somebody who says nothing. Here that is watched from
outside, connection by connection, so that it costs a request nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from structlog.contextvars import bind_contextvars, clear_contextvars

from entrypoints.http.health_services import HealthServices
from entrypoints.http.problems import KINDS, Problem, respond
from entrypoints.http.protection import protect
from entrypoints.http.tracing import HEADER

AT_A_TIME: Final = 20
"""One part in so many is let go at once, so that a flood does not have us look through all for each newcomer."""


class Why(StrEnum):
    """Why we ended a connection."""

    SLOW_HEAD = "slow_head"
    LARGE_HEAD = "large_head"
    SLOW_BODY = "slow_body"
    SLOW_READER = "slow_reader"
    MAKING_ROOM = "making_room"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, in seconds, and how much.

    `head`: for a request's line and headers, from the first byte, or from the connection for the first request.
    `head_bytes`: of all of them together, where they come in pieces. `body`: without a byte of a body that somebody
    waits for; `whole_body`: until it is whole. `unread`: in which a reader does not take even what the system keeps
    for him. `connections` are open at the same time; then those that wait for nothing are let go.
    """

    head: float = 20.0
    head_bytes: int = 32 * 1024
    body: float = 30.0
    whole_body: float = 300.0
    unread: float = 60.0
    connections: int = 4096
    look_every: float = 1.0


class Connection(RequestHandler):
    """One connection, with the times that it is judged by."""

    __slots__ = ("_arrived", "_head", "_head_since", "_idle_since", "_unread_since")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._arrived = self._idle_since = self._loop.time()
        self._head_since: float | None = self._arrived
        self._unread_since: float | None = None
        self._head = 0
        super().connection_made(transport)
        if isinstance(self._manager, Server):
            self._manager.make_room()

    def data_received(self, data: bytes) -> None:
        self._arrived = self._loop.time()
        before, was_idle = self._request_count, self.is_idle
        super().data_received(data)
        if self._request_count > before:
            self._head, self._head_since, self._idle_since = 0, None, self._arrived
        elif was_idle and data:
            self._head_grew(len(data))

    def _head_grew(self, size: int) -> None:
        self._head += size
        self._head_since = self._head_since or self._arrived
        if isinstance(self._manager, Server):
            self._manager.look_at_head(self, self._head)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_since = self._loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_since = None

    @property
    def is_idle(self) -> bool:
        """Between requests: the next one is waited for."""
        return self._waiter is not None and not self._waiter.done()

    @property
    def age(self) -> tuple[bool, float]:
        """Lower is let go first: those that have not asked for anything yet, the oldest first."""
        return self._head_since is None, self._idle_since

    def is_over(self, now: float, patience: Patience) -> Why | None:
        """Why its time is over, or None."""
        if self._unread_since is not None and now - self._unread_since > patience.unread:
            return Why.SLOW_READER
        if self.is_idle and self._head_since is not None and now - self._head_since > patience.head:
            return Why.SLOW_HEAD
        if self._awaits_body and self._is_slow(now, patience):
            return Why.SLOW_BODY
        return None

    def _is_slow(self, now: float, patience: Patience) -> bool:
        return now - self._arrived > patience.body or now - self._idle_since > patience.whole_body

    @property
    def _awaits_body(self) -> bool:
        """Of the request that is being answered not everything has arrived, and it is not us who hold it up."""
        request = self._current_request
        return request is not None and not request.content.is_eof() and not self._reading_paused

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no request is answered like everything else, and nothing of it is repeated."""
        assert isinstance(self._manager, Server), "made by it"
        request_id = self._manager.name_request()
        super().handle_error(request, status, exc, message)
        kind = KINDS["bad-request" if status < 500 else "internal"]
        response = respond(Problem(kind, kind.meaning), request_id)
        protect(response, None)
        response.headers[HEADER] = request_id
        response.force_close()
        return response


class Server(web.Server):
    """Makes connections, and ends those whose time is over or whose place is needed."""

    def __init__(self, made: web.Server, services: HealthServices, patience: Patience) -> None:
        """Answers as `made` does."""
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **made._kwargs,
        )
        self._services = services
        self._patience = patience

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)

    def name_request(self) -> str:
        """An id for what never became a request; the log carries it from here on."""
        request_id = str(self._services.ids.event_id())
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        return request_id

    def look_at_head(self, connection: Connection, size: int) -> None:
        """A head that is not whole yet may not grow for ever."""
        if size > self._patience.head_bytes and connection in self._connections:
            self._end(self._connections[connection], Why.LARGE_HEAD)

    def make_room(self) -> None:
        """Those that have waited longest go first; a connection on which something is answered never does."""
        most = self._patience.connections
        too_many = len(self._connections) - most
        if too_many <= 0:
            return
        idle = sorted((one for one in self._ours() if one.is_idle), key=lambda one: one.age)
        for connection in idle[: max(too_many, most // AT_A_TIME)]:
            self._end(self._connections[connection], Why.MAKING_ROOM)

    async def watch(self) -> None:
        """Looks at every connection again and again, until cancelled."""
        closing: Mapping[asyncio.Transport, float] = {}
        while True:
            await asyncio.sleep(self._patience.look_every)
            now = self._loop.time()
            for connection in self._ours():
                if why := connection.is_over(now, self._patience):
                    self._end(self._connections[connection], why)
            closing = self._end_closing(closing, now)
            self.make_room()
            self._services.metrics.set("http_connections", len(self._connections))

    def _ours(self) -> list[Connection]:
        return [one for one in self._connections if isinstance(one, Connection)]

    def _end(self, transport: asyncio.Transport, why: Why) -> None:
        transport.abort()
        self._services.metrics.count("http_connections_shed_total", why=why.value)

    def _end_closing(self, known: Mapping[asyncio.Transport, float], now: float) -> Mapping[asyncio.Transport, float]:
        """A closed connection stays until its last answer is read, which somebody may never do."""
        closing = {one: known.get(one, now) for one in self._connections.values() if one.is_closing()}
        for transport, since in closing.items():
            if now - since > self._patience.unread:
                self._end(transport, Why.SLOW_READER)
        return closing


class Runner(web.AppRunner):
    """Runs an application on such connections."""

    __slots__ = ("_patience", "_services", "_watching")

    def __init__(self, app: web.Application, services: HealthServices, patience: Patience, **options: Any) -> None:
        super().__init__(app, **options)
        self._services = services
        self._patience = patience
        self._watching: asyncio.Task[None] | None = None

    async def _make_server(self) -> web.Server:
        server = Server(await super()._make_server(), self._services, self._patience)
        self._watching = asyncio.create_task(server.watch(), name="slow connections")
        return server

    async def _cleanup_server(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await super()._cleanup_server()
