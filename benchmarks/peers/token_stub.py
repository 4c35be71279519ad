"""A stand-in for Zid's token endpoint that costs next to nothing: each refresh token is exchanged once, and counted.

`python token_stub.py PORT`. Every POST is answered with new tokens of real size; a refresh token that was spent before
is told by GET /counted, which begins anew.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import count
from typing import ClassVar, cast
from urllib.parse import parse_qs

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTHS = {"authorization": 1080, "access_token": 400, "refresh_token": 1400}
YEAR = 365 * 86_400


def answer(content: object) -> bytes:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Stub(asyncio.Protocol):
    numbers = count(1)
    spent: ClassVar[set[int]] = set()
    answered = 0
    reused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is registered nowhere
        self._buffered = b""

    def data_received(self, data: bytes) -> None:
        self._buffered += data
        while HEAD_END in self._buffered:
            head, _, rest = self._buffered.partition(HEAD_END)
            head, length = head.lower(), length_in(head.lower())
            if len(rest) < length:
                return
            body, self._buffered = rest[:length], rest[length:]
            self._transport.write(self._counted() if head.startswith(b"get /counted") else self._exchange(body))
            if b"connection: close" in head:
                self._transport.close()

    def _exchange(self, form: bytes) -> bytes:
        spent = hash(parse_qs(form)[b"refresh_token"][0])
        Stub.reused += spent in Stub.spent
        Stub.spent.add(spent)
        Stub.answered += 1
        number = next(Stub.numbers)
        given = {name: f"{name}-{number}-".ljust(length, "t") for name, length in LENGTHS.items()}
        return answer({**given, "token_type": "Bearer", "expires_in": YEAR})

    def _counted(self) -> bytes:
        told = {"exchanges": Stub.answered, "spent twice": Stub.reused}
        Stub.answered = 0
        return answer(told)


def length_in(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", port, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
