"""Attacks on the HTTP surface: smuggled requests, confused paths, injected headers, files of ours, large bodies."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
from aiohttp import CookieJar, web

from core.domain.event_states import EventState
from core.ports.ledger_reading import EventFilter
from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.connections import Patience
from entrypoints.http.path_ids import PATH_IDS
from entrypoints.http.routing import Access, Route
from entrypoints.http.serving import make_runner
from tests.integration.routes.conftest import Client, ClientFactory, make_client
from tests.integration.routes.deliveries import address, credentials
from tests.integration.routes.world import ADMIN_KEY, World

KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}
HIDDEN = b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"
"""Within the body of another request; whoever answers it was fooled."""
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World, aiohttp_client: ClientFactory) -> Client:
    return await make_client(aiohttp_client, world)


@pytest.fixture
async def port(world: World) -> AsyncIterator[int]:
    """Who waits for the rest of a request that was no request is cut off soon."""
    runner = make_runner(world.app(), grace=1, patience=Patience(head=2.0, body=0.5, look_every=0.05))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def exchange(port: int, sent: bytes) -> bytes:
    """Everything that comes back until the other side ends it, which a last request asks for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent + LAST)
    try:
        async with asyncio.timeout(60):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def post(headers: bytes, body: bytes = b"", *, path: bytes = b"/console/login") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" + body


# --- one request that two servers read differently -----------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        post(b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % (len(HIDDEN) + 5), b"0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n", b"abc" + HIDDEN),
        post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + HIDDEN),
        post(b" Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + HIDDEN),
        post(b"Transfer_Encoding: chunked\r\nTransfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n" + HIDDEN),
        post(b"Content-Length: 3\r\nContent-Length: %d\r\n" % (len(HIDDEN) + 3), b"abc" + HIDDEN),
        post(b"Content-Length: 3, %d\r\n" % (len(HIDDEN) + 3), b"abc" + HIDDEN),
        post(b"Content-Length: +3\r\n", b"abc" + HIDDEN),
        post(b"Content-Length: 0x3\r\n", b"abc" + HIDDEN),
        post(b"Content-Length: 3 3\r\n", b"abc" + HIDDEN),
        post(b"Content-Length: -1\r\n", HIDDEN),
        post(b"Content-Length: 99999999999999999999999\r\n", HIDDEN),
        post(b"X: y\r\n Content-Length: 3\r\n", HIDDEN),
        post(b"X: y\n\r\nContent-Length: 3\r\n", HIDDEN),
        post(b"X\0: y\r\n", HIDDEN),
        post(b"X: y\0z\r\n", HIDDEN),
        post(b"X: y\rZ: z\r\n", HIDDEN),
        post(b"Transfer-Encoding: chunked\r\n", b"0x0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding: chunked\r\n", b"3 ;a=b\nabc\r\n0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding: chunked\r\n", b"3\nabc\n0\n\n" + HIDDEN),
        post(b"Transfer-Encoding: chunked\r\n", b"3\r\nabcXX0\r\n\r\n" + HIDDEN),
        post(b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\n" + HIDDEN),
        b"GET / HTTP/1.1\nHost: x\n\n" + HIDDEN,
        b"GET /x HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
        b"GET /x y HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
        b"GET\t/x\tHTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
        b"GET /x HTTP/9.9\r\nHost: x\r\n\r\n" + HIDDEN,
        b"GET /x\r\n\r\n" + HIDDEN,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
        b"G\xc3\x8bT /x HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused_and_ends_the_connection(
    world: World, port: int, sent: bytes
) -> None:
    answered = await exchange(port, sent)
    assert world.metrics.counted("http_requests_total", route="/health/ready") == 0
    assert answered.count(b"HTTP/1.") <= 1
    assert not answered or re.match(rb"HTTP/1\.[01] 400 ", answered)


async def test_a_body_is_a_body_whatever_it_looks_like(world: World, port: int) -> None:
    """The control of the test above: what is said plainly is read, and the next request is the next one."""
    answered = await exchange(port, post(b"Content-Length: %d\r\n" % len(HIDDEN), HIDDEN) + HIDDEN)
    assert answered.count(b"HTTP/1.1 ") == 3
    assert world.metrics.counted("http_requests_total", route="/health/ready") == 1


async def test_an_upgrade_that_nobody_offers_is_not_made(world: World, port: int) -> None:
    """And what follows it is a request like others, with a check of its key."""
    raw = Raw(port)
    assert await raw.status("/docs", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n") == 200
    assert await raw.status("/v1/ledger") == 401
    raw.close()


# --- a path that is spelled differently ----------------------------------------------------


def filled(route: Route) -> str:
    return re.sub(r"{(\w+)}", lambda name: PATH_IDS[name[1]].example if name[1] in PATH_IDS else "x", route.path)


def spelled(path: str) -> list[str]:
    """Ways in which proxies, routers and file systems take one path for another."""
    head, _, tail = path.rpartition("/")
    return [
        f"/{path}",
        f"{path}/",
        f"{path}//",
        f"/.{path}",
        f"/x/..{path}",
        f"/webhooks/..{path}",
        f"/health/live/..{path}",
        f"/health/live;{path}",
        f"/health/%2e%2e{path}",
        f"/health/..%2f{path[1:]}",
        f"/static/x/..%2f..{path}",
        f"{head}/./{tail}",
        f"{head}/%2e/{tail}",
        f"{head}%2f{tail}",
        f"{head}%252f{tail}",
        f"{head}/%5c{tail}",
        f"{path};a=b",
        f"{path}%00",
        f"{path}%20",
        f"{path}.json",
        f"{path}%3fx",
        f"{path}%23x",
        path.upper(),
        "".join(f"%{ord(letter):02x}" if letter.isalpha() else letter for letter in path),
        f"http://x{path}",
    ]


class Raw:
    """Sends paths as they are, which no client library does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def status(self, path: str, headers: str = "") -> int:
        reader, writer = self._open = self._open or await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        async with asyncio.timeout(60):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
        if head.startswith(b"http/1.0") or b"connection: close" in head:
            self.close()
        return int(head.split()[1])

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


async def test_no_spelling_of_a_path_gets_past_the_check_of_its_key(port: int) -> None:
    private = sorted({filled(route) for route in ALL_ROUTES if route.access is Access.API_KEY})
    raw = Raw(port)
    let_in = []
    for path in private:
        for spelling in (path, *spelled(path)):
            status = await raw.status(spelling)
            if status not in {400, 401, 404, 405}:
                let_in.append((spelling, status))
    raw.close()
    assert not let_in
    assert len(private) > 60


async def test_every_route_that_answers_says_who_may_ask(world: World) -> None:
    """A handler without a `Route` would be reached without any check; `arrive` refuses it, and there is none."""
    app = world.app()
    known = {(route.method, route.path) for route in ALL_ROUTES}
    known |= {("HEAD", path) for method, path in known if method == "GET"}
    found = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    assert found == known


async def test_a_handler_that_nobody_listed_is_not_reached(world: World, aiohttp_client: ClientFactory) -> None:
    async def secret(_: web.Request) -> web.Response:
        return web.Response(text="secret")

    app = world.app()
    app.router.add_get("/hidden", secret)
    client = await aiohttp_client(app, cookie_jar=CookieJar())
    answer = await client.get("/hidden", headers=KEY)
    assert (answer.status, "secret" in await answer.text()) == (404, False)


# --- what is repeated in headers -----------------------------------------------------------

BREAK = "%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0a<script>"


@pytest.mark.parametrize(
    "path",
    [
        f"/console/login?lang={BREAK}",
        f"/auth/zid?return_url={BREAK}&x={BREAK}",
        f"/auth/callback?error={BREAK}&error_description={BREAK}&state={BREAK}",
        f"/auth/zid/callback?code={BREAK}&state={BREAK}",
        f"/embedded?token={BREAK}&language={BREAK}",
        f"/static/{BREAK}/wasl.css",
        f"/static/x/{BREAK}",
        f"/problems/{BREAK}",
        f"/v1/stores/{BREAK}",
        f"/{BREAK}",
        f"/console?refresh={BREAK}",
    ],
)
async def test_nothing_that_is_sent_becomes_a_header(port: int, path: str) -> None:
    asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {BREAK}\r\nCookie: wasl_lang={BREAK}\r\n\r\n"
    answered = await exchange(port, asked.encode())
    head, _, body = answered.partition(b"\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 ")
    assert b"evil" not in b"\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"Location: "))
    assert b"<script>" not in body.replace(b"\\u003c", b"")


ELSEWHERE = "evil.example"


@pytest.mark.parametrize(
    "target",
    [f"https://{ELSEWHERE}", f"//{ELSEWHERE}", f"/\\{ELSEWHERE}", f"https:{ELSEWHERE}", f"javascript:{ELSEWHERE}"],
)
async def test_no_page_sends_a_browser_where_its_address_says(client: Client, target: str) -> None:
    """Neither by a parameter nor by what a proxy says of the host; the one place outside is Zid's authorization."""
    names = (
        "return_url",
        "return_to",
        "next",
        "redirect",
        "redirect_uri",
        "url",
        "target",
        "continue",
        "state",
        "code",
    )
    spoofed = {"X-Forwarded-Host": ELSEWHERE, "X-Original-URL": "/docs", "X-Rewrite-URL": "/docs", "Host": ELSEWHERE}
    for route in ALL_ROUTES:
        if route.access is Access.API_KEY or route.method != "GET" or route.path == "/console/live":
            continue
        for query in (dict.fromkeys(names, target), {"next": target}, {"code": "x", "state": target}):
            answer = await client.get(filled(route), params=query, headers=spoofed, allow_redirects=False)
            location = answer.headers.get("Location", "/")
            assert re.match(r"/(?![/\\\\])|https://oauth\.example/", location), (route.path, location)
            assert ELSEWHERE not in location.partition("?")[0]
            assert "Refresh" not in answer.headers


@pytest.mark.parametrize("given", ["a b", "x" * 129, "é", "a\tb", "<script>", "a;b", "${jndi:ldap://x}", ""])
async def test_a_request_id_that_is_none_is_replaced(client: Client, given: str) -> None:
    answer = await client.get("/health/live", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] not in {given, ""}


# --- files that are not for everybody ------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/../../../../../../etc/passwd",
        "/static/x/..%2f..%2f..%2f..%2fapp.py",
        "/static/x/%2e%2e%2f%2e%2e%2fapp.py",
        "/static/x/..%5c..%5capp.py",
        "/static/x/....//....//app.py",
        "/static/x/%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/static/%2e%2e/%2e%2e/app.py",
        "/static/x/wasl.css%00.py",
        "/static/x/..",
        "/static/x/",
        "/static/x/.",
        "/static/x/C:%5cwindows%5cwin.ini",
        "/static/x/file:%2f%2f%2fetc%2fpasswd",
        "/problems/..%2f..%2fapp.py",
        "/problems/%7b%7b7*7%7d%7d",
    ],
)
async def test_nothing_of_the_disk_is_served_but_our_few_files(port: int, path: str) -> None:
    answered = await exchange(port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert re.match(rb"HTTP/1\.[01] (400|404) ", answered)
    assert b"root:" not in answered
    assert b"import" not in answered
    assert b"49" not in answered.partition(b"\r\n\r\n")[2].replace(b"-49", b"")


# --- too much ------------------------------------------------------------------------------


async def test_a_body_that_is_too_large_for_the_api_is_not_read_to_its_end(
    world: World, aiohttp_client: ClientFactory
) -> None:
    world.doors = replace(world.doors, largest_body=2048)
    client = await make_client(aiohttp_client, world)
    for body in (b'{"a": "' + b"x" * 4096, b"[" * 4096):
        answer = await client.put("/v1/segments/1", headers=KEY, data=body)
        assert answer.status in {404, 405, 413}
        answer = await client.post("/v1/events/replay", headers=KEY, data=body)
        assert answer.status in {404, 405, 413}


async def test_a_small_body_that_unpacks_to_a_large_one_is_bounded(world: World, client: Client) -> None:
    """As large as it becomes it is measured, not kept: a delivery is recorded by its size alone."""
    install = await world.installed()
    bomb = gzip.compress(b" " * 50_000_000)
    headers = {**credentials(install), "Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = await client.post(address(install), data=bomb, headers=headers)
    assert answer.status == 200
    [kept] = await world.reader.events(EventFilter(), limit=5)
    assert kept.state is EventState.DEAD


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 50_000, b"1" * 100_000, b'"\\ud800"', b"\xff\xfe{}", b"NaN"]
)
async def test_documents_that_are_hard_to_read_are_refused(client: Client, body: bytes) -> None:
    for route in ALL_ROUTES:
        if route.body is not None and route.access is Access.API_KEY and not route.upload:
            answer = await client.request(route.method, filled(route), headers=KEY, data=body)
            assert 400 <= answer.status < 500, (route.path, answer.status)
