"""A raw HTTP server that answers, cuts, stalls or garbles as told, and counts what arrived."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class Ending(bytes):
    """The last bytes of a connection."""


CUT = Ending()
STALL = b"stall"


def reply(status: int = 200, body: bytes = b"{}", *headers: str) -> bytes:
    """A whole answer that keeps the connection alive."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Arrived:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class CuttingServer:
    """Replies in order; the last one stays. CUT ends the connection after the request was read."""

    replies: deque[bytes] = field(default_factory=lambda: deque([reply()]))
    arrived: list[Arrived] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    def answer(self, *replies: bytes) -> None:
        self.replies = deque(replies)

    def next_reply(self) -> bytes:
        return self.replies.popleft() if len(self.replies) > 1 else self.replies[0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        try:
            while request := await self._read(reader, connection):
                self.arrived.append(request)
                if not await self._respond(writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _respond(self, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays."""
        answer = self.next_reply()
        if answer == STALL:
            await asyncio.sleep(3600)
        writer.write(answer)
        await writer.drain()
        return not isinstance(answer, Ending)

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> Arrived | None:
        first = await reader.readline()
        if not first:
            return None
        method, target, _ = first.decode().split(" ", 2)
        headers = {}
        while (line := (await reader.readline()).decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Arrived(method, target, headers, body, connection)


@asynccontextmanager
async def cutting_server() -> AsyncIterator[CuttingServer]:
    """Listens on a free port; what still stalls at the end is cancelled."""
    told = CuttingServer()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(told.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield told
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
