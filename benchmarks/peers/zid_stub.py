"""A stand-in for Zid that costs next to nothing: every GET is answered with one body, and counted.

`python zid_stub.py PORT BODY_FILE [PER_MINUTE]`. With PER_MINUTE it answers 429 to what a bucket of that size has no
room for, as Zid documents it. GET /counted tells how many were answered how, and begins anew.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"


def answer(status: str, body: bytes, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


class Bucket:
    """What Zid holds for each store: a minute's allowance that flows back evenly."""

    def __init__(self, per_minute: float) -> None:
        self._per_minute = per_minute
        self._levels: dict[bytes, tuple[float, float]] = {}

    def has_room(self, store: bytes) -> bool:
        now = time.monotonic()
        level, at = self._levels.get(store, (self._per_minute, now))
        level = min(self._per_minute, level + (now - at) * self._per_minute / 60)
        taken = level >= 1
        self._levels[store] = (level - 1 if taken else level, now)
        return taken


class Stub(asyncio.Protocol):
    good = b""
    refused = answer("429 Too Many Requests", b'{"message": "Too Many Attempts."}', "Retry-After: 1\r\n")
    bucket: Bucket | None = None
    answered = 0
    throttled = 0
    first = last = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is registered nowhere
        self._buffered = b""

    def data_received(self, data: bytes) -> None:
        self._buffered += data
        while HEAD_END in self._buffered:
            head, _, self._buffered = self._buffered.partition(HEAD_END)
            self._transport.write(self._counted() if head.startswith(b"GET /counted") else self._take(head))

    def _take(self, head: bytes) -> bytes:
        if Stub.bucket is not None and not Stub.bucket.has_room(store_of(head)):
            Stub.throttled += 1
            return self.refused
        Stub.answered += 1
        Stub.last = time.monotonic()
        Stub.first = Stub.first or Stub.last
        return self.good

    def _counted(self) -> bytes:
        told = {"answered": Stub.answered, "throttled": Stub.throttled, "seconds": Stub.last - Stub.first}
        Stub.answered = Stub.throttled = 0
        Stub.first = Stub.last = 0.0
        return answer("200 OK", json.dumps(told).encode())


def store_of(head: bytes) -> bytes:
    """What Zid tells stores apart by: their manager token."""
    marked = head.lower()
    start = marked.find(b"x-manager-token:")
    return marked[start : marked.find(b"\r\n", start)] if start >= 0 else b""


async def main(port: int, body: bytes, per_minute: float | None) -> None:
    Stub.good = answer("200 OK", body)
    Stub.bucket = Bucket(per_minute) if per_minute else None
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", port, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(
        main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), float(sys.argv[3]) if len(sys.argv) > 3 else None)
    )
