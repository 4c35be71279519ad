"""Requests over plain sockets, rendered before the clock starts: the generator costs little of what it measures.

`closed` keeps a number of connections busy and tells the greatest rate; its latencies say little. `opened` sends at a
rate of its own and times each answer from the moment the request was due, whether or not it could be sent then.
`flooded` sends at a rate that nobody can answer: what finds no free connection is not sent, and the time is that from
sending to a 200; the first third only fills the queues and is not timed. Each runs in a process of its own, without
pauses of a collector. An answer is its status and how long it took, in seconds.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop

PATIENCE: Final = 120.0
BREATH: Final = 20
"""After so many requests that are due already the answers are looked at."""
FILLING: Final = 1 / 3
_LENGTH: Final = b"content-length:"


@dataclass(frozen=True)
class Target:
    """One address and what is posted to it, each body once."""

    url: str
    headers: tuple[tuple[str, str], ...]
    bodies: tuple[bytes, ...]

    def requests(self) -> list[bytes]:
        parts = urlsplit(self.url)
        fixed = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{fixed}Content-Type: application/json\r\n"
        return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in self.bodies]


@dataclass
class Answers:
    """What came back."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.statuses[200] / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """One request at a time; `answer` resolves with the status."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[int] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    @property
    def is_closing(self) -> bool:
        return self.transport is None or self.transport.is_closing()

    def send(self, request: bytes) -> asyncio.Future[int]:
        assert self.transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end or len(rest) < _length(head):
            return
        self._buffer = b""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(int(head[9:12]))

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(0)


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(_LENGTH)
    if start < 0:
        return 0
    end = lower.find(b"\r\n", start)
    return int(lower[start + len(_LENGTH) : end if end >= 0 else None])


async def _connect(url: str) -> _Connection:
    parts = urlsplit(url)
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, parts.hostname, parts.port)
    return connection


async def _closed(target: Target, connections: int) -> Answers:
    found, left = Answers(), iter(target.requests())
    open_ones = await asyncio.gather(*(_connect(target.url) for _ in range(connections)))

    async def keep_busy(connection: _Connection) -> None:
        for request in left:
            began = time.perf_counter()
            found.statuses[await connection.send(request)] += 1
            found.latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*map(keep_busy, open_ones))
    found.seconds = time.perf_counter() - began
    return found


async def _opened(target: Target, connections: int, rate: float) -> Answers:
    found = Answers()
    idle: asyncio.Queue[_Connection] = asyncio.Queue()
    for connection in await asyncio.gather(*(_connect(target.url) for _ in range(connections))):
        idle.put_nowait(connection)

    async def one(request: bytes, due: float) -> None:
        connection = await idle.get()
        found.statuses[await connection.send(request)] += 1
        found.latencies.append(time.perf_counter() - due)
        idle.put_nowait(connection)

    began = time.perf_counter()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as sending:
        for number, request in enumerate(target.requests()):
            due = began + number / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            sending.create_task(one(request, due))
    found.seconds = time.perf_counter() - began
    return found


async def _flooded(target: Target, connections: int, rate: float) -> Answers:
    found = Answers()
    idle = list(await asyncio.gather(*(_connect(target.url) for _ in range(connections))))

    async def one(connection: _Connection, request: bytes) -> None:
        if connection.is_closing:  # so ends what is answered before its body was read
            connection = await _connect(target.url)
        began = time.perf_counter()
        status = await connection.send(request)
        found.statuses[status] += 1
        if status == 200 and began >= settled:
            found.latencies.append(time.perf_counter() - began)
        idle.append(connection)

    began = time.perf_counter()
    settled = began + len(target.bodies) / rate * FILLING
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as sending:
        for number, request in enumerate(target.requests()):
            if (early := began + number / rate - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            elif not number % BREATH:
                await asyncio.sleep(0)
            if idle:
                sending.create_task(one(idle.pop(), request))
    found.seconds = time.perf_counter() - began
    return found


def _run_flooded(target: Target, connections: int, rate: float) -> Answers:
    gc.disable()
    return uvloop.run(_flooded(target, connections, rate))


def _run(target: Target, connections: int, rate: float | None) -> Answers:
    gc.disable()
    return uvloop.run(_closed(target, connections) if rate is None else _opened(target, connections, rate))


def closed(target: Target, *, connections: int = 64) -> Answers:
    """As fast as so many connections can."""
    with get_context("spawn").Pool(1) as generator:
        return generator.apply(_run, (target, connections, None))


def opened(target: Target, *, rate: float, connections: int = 256) -> Answers:
    """So many requests a second, whatever is answered."""
    with get_context("spawn").Pool(1) as generator:
        return generator.apply(_run, (target, connections, rate))


def flooded(target: Target, *, rate: float, connections: int = 1000) -> Answers:
    """More requests a second than can be answered, on so many connections."""
    with get_context("spawn").Pool(1) as generator:
        return generator.apply(_run_flooded, (target, connections, rate))


def bodies(count: int, size: int, first: int = 0) -> Sequence[bytes]:
    """Orders as Zid sends them, each with an id of its own, `size` bytes long."""
    note = "x" * max(0, size - 180)
    return [
        (
            f'{{"id":{first + number},"code":"C{first + number}","updated_at":"2026-01-01 10:00:00",'
            f'"created_at":"2026-01-01 10:00:00","order_status":{{"code":"new","name":"new"}},"note":"{note}"}}'
        ).encode()
        for number in range(count)
    ]
