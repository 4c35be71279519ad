"""Connections that say nothing, too little or too slowly end; those that ask are answered meanwhile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web

from core.domain.event_states import Origin
from core.domain.stores import Install
from entrypoints.http.connections import Patience
from entrypoints.http.serving import make_runner
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.serving import until
from tests.integration.routes.world import ADMIN_KEY, World

DEADLINE = 60
ASK = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[..., Awaitable[Streams]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens a connection and sends; closed after the test."""
    opened: list[asyncio.StreamWriter] = []

    async def connecting(port: int, *sent: bytes) -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        opened.append(writer)
        for part in sent:
            writer.write(part)
        return reader, writer

    yield connecting
    for writer in opened:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def served(world: World, patience: Patience) -> AsyncIterator[int]:
    runner = make_runner(world.app(), grace=1, patience=patience)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the other side ended it."""
    async with asyncio.timeout(DEADLINE):
        with suppress(ConnectionError):
            return await reader.read()
    return b""


async def answer(streams: Streams, asked: bytes = ASK) -> bytes:
    """The first line of the answer to one request."""
    reader, writer = streams
    writer.write(asked)
    async with asyncio.timeout(DEADLINE):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
    return head.split(b"\r\n", 1)[0]


async def trickle(writer: asyncio.StreamWriter) -> None:
    """A little, again and again."""
    with suppress(ConnectionError):
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)


async def deliver(zid: aiohttp.ClientSession, install: Install, number: int) -> None:
    """As Zid does: who is asked to come again comes again."""
    async with asyncio.timeout(DEADLINE):
        while True:
            async with zid.post(address(install), json=order(number), headers=credentials(install)) as answered:
                if answered.status != 429:
                    assert answered.status == 200
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("sent", [b"", b"GET /docs HTT", b"GET /docs HTTP/1.1\r\nHost: x\r\nX-One: 1\r\n", b"\r\n\r\n"])
async def test_a_head_that_stops_is_cut_off(connect: Connect, sent: bytes) -> None:
    world = World()
    async with served(world, Patience(head=0.4, look_every=0.05)) as port:
        reader, _ = await connect(port, sent)
        assert await ended(reader) == b""
    assert world.metrics.counted("http_connections_shed_total", why="slow_head") == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /console/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nkey=",
        b"POST /console/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nkey=",
    ],
)
async def test_a_body_that_stops_is_cut_off(connect: Connect, sent: bytes) -> None:
    world = World()
    async with served(world, Patience(body=0.4, look_every=0.05)) as port:
        reader, _ = await connect(port, sent)
        assert await ended(reader) == b""
    assert world.metrics.counted("http_connections_shed_total", why="slow_body") == 1


async def test_a_body_that_never_ends_is_cut_off_though_something_comes_all_the_time(connect: Connect) -> None:
    world = World()
    async with served(world, Patience(whole_body=0.4, look_every=0.05)) as port:
        head = b"POST /v1/dead-letters/redrive HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nAuthorization: Bearer "
        reader, writer = await connect(port, head + ADMIN_KEY.encode() + b"\r\n\r\n{")
        trickling = asyncio.create_task(trickle(writer))
        assert await ended(reader) == b""
        trickling.cancel()
        await asyncio.wait([trickling])
    assert world.metrics.counted("http_connections_shed_total", why="slow_body") == 1


async def test_a_head_that_never_ends_is_cut_off_though_something_comes_all_the_time(connect: Connect) -> None:
    world = World()
    async with served(world, Patience(head=0.4, look_every=0.05)) as port:
        reader, writer = await connect(port, b"GET /docs HTTP/1.1\r\nHost: x\r\nX-Long: ")
        trickling = asyncio.create_task(trickle(writer))
        assert await ended(reader) == b""
        trickling.cancel()
        await asyncio.wait([trickling])
    assert world.metrics.counted("http_connections_shed_total", why="slow_head") == 1


async def test_between_requests_a_connection_may_rest_but_not_within_the_next_head(connect: Connect) -> None:
    world = World()
    async with served(world, Patience(head=1.5, look_every=0.05)) as port:
        streams = await connect(port)
        assert await answer(streams) == b"HTTP/1.1 200 OK"
        await asyncio.sleep(2)
        assert await answer(streams) == b"HTTP/1.1 200 OK"
        assert world.metrics.counted("http_connections_shed_total") == 0

        streams[1].write(b"GET /docs HTTP/1.1\r\nHo")
        assert await ended(streams[0]) == b""
    assert world.metrics.counted("http_connections_shed_total", why="slow_head") == 1


async def test_a_head_that_is_large_in_all_is_cut_off_before_it_is_whole(connect: Connect) -> None:
    world = World()
    async with served(world, Patience(head_bytes=8192, look_every=0.05)) as port:
        reader, writer = await connect(port, b"GET /docs HTTP/1.1\r\nHost: x\r\n")
        for number in range(20):
            writer.write(b"X-%d: " % number + b"a" * 900 + b"\r\n")
            with suppress(ConnectionError):
                await writer.drain()
            await asyncio.sleep(0)
        assert await ended(reader) == b""
    assert world.metrics.counted("http_connections_shed_total", why="large_head") == 1


async def test_who_does_not_read_is_cut_off() -> None:
    """He asks and asks, and takes nothing: what lies ready for him is bounded and not kept for ever."""
    world = World()
    async with served(world, Patience(unread=0.4, look_every=0.05)) as port:
        with socket.socket() as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            silent.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(silent, ("127.0.0.1", port))
            asked = 400 * b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
            asking = asyncio.create_task(loop.sock_sendall(silent, asked))
            await until(lambda: world.metrics.counted("http_connections_shed_total", why="slow_reader") == 1)
            asking.cancel()
            await asyncio.wait([asking])


async def test_many_silent_ones_make_room_for_those_who_ask(connect: Connect) -> None:
    world = World()
    await world.start()
    install = await world.installed()
    async with served(world, Patience(connections=20, look_every=0.05)) as port:
        for _ in range(80):
            await connect(port, b"GET /docs HTTP/1.1\r\nHo")
        await until(lambda: 0 < (world.metrics.gauge("http_connections") or 0) <= 21)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as zid:
            for number in range(10):
                await deliver(zid, install, number)
    assert world.metrics.counted("http_connections_shed_total", why="making_room") >= 50


async def test_a_request_that_is_being_answered_keeps_its_connection(connect: Connect) -> None:
    world = World()
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        asked.set()
        await go_on.wait()

    world.checks["slow"] = slow
    async with served(world, Patience(connections=5, look_every=0.05)) as port:
        reader, _ = await connect(port, b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")
        await asked.wait()
        for _ in range(30):
            await connect(port)
        await until(lambda: world.metrics.counted("http_connections_shed_total", why="making_room") > 20)
        go_on.set()
        async with asyncio.timeout(DEADLINE):
            assert (await reader.readline()).startswith(b"HTTP/1.1 ")


async def test_slow_clients_of_every_kind_do_not_hold_up_deliveries(connect: Connect) -> None:
    world = World()
    await world.start()
    install = await world.installed()
    slow = [
        b"",
        b"GET /docs HTTP/1.1\r\nHost: x\r\nX: ",
        b"POST /console/login HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nkey=",
        b"POST /webhooks/zid/guess/order.create HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n{",
        b"POST /v1/stores HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n{",
    ]
    async with served(world, Patience()) as port:
        for number in range(250):
            await connect(port, slow[number % len(slow)])
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as zid:
            await asyncio.gather(*(deliver(zid, install, number) for number in range(50)))
    assert (await world.reader.books()).of(Origin.ZID).received == 50
