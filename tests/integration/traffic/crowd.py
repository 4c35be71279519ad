"""Many processes that call the sandbox at once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from core.domain.rate import Traffic
from sandbox.server import RunningSandbox, start
from sandbox.settings import AppRegistration, SandboxSettings

ROOT = Path(__file__).resolve().parents[3]
APP = AppRegistration(
    client_id="48",
    client_secret="a-client-secret",
    app_id=7367,
    callback_url="https://wasl.example/auth/zid/callback",
    redirection_url="https://wasl.example/auth/zid",
)
START_WITHIN = 90.0


@dataclass(frozen=True)
class Crowd:
    """`callers` is what every process does: (store, traffic, how many at once)."""

    processes: int
    seconds: float
    callers: Sequence[tuple[int, Traffic, int]]


@dataclass
class Zid:
    """A sandbox with installed stores; `tokens` are theirs."""

    running: RunningSandbox
    session: aiohttp.ClientSession
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)

    async def add_store(self) -> int:
        """A store whose merchant has installed the app."""
        async with self.session.post(f"{self.running.url}/__sandbox/stores", json={}) as answer:
            store_id = int((await answer.json())["store_id"])
        await self._go(f"{self.running.url}/__sandbox/stores/{store_id}/activate")
        query = f"client_id={APP.client_id}&redirect_uri={APP.callback_url}&response_type=code&state=s"
        back = await self._go(f"{self.running.url}/oauth/authorize?{query}")
        form = {
            "grant_type": "authorization_code",
            "client_id": APP.client_id,
            "client_secret": APP.client_secret,
            "redirect_uri": APP.callback_url,
            "code": dict(parse_qsl(urlsplit(back).query))["code"],
        }
        async with self.session.post(f"{self.running.url}/oauth/token", data=form) as answer:
            assert answer.status == 200, await answer.text()
            self.tokens[str(store_id)] = await answer.json()
        return store_id

    async def _go(self, url: str) -> str:
        async with self.session.get(url, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return answer.headers["Location"]

    def served(self, *, since: float, until: float) -> Counter[tuple[int, int]]:
        """Requests by (store, status) that arrived in a stretch of the sandbox's time."""
        return Counter(
            (request["store_id"], request["status"])
            for request in self.running.sandbox.requests
            if since <= request["at"] < until and request["path"].startswith("/v1/")
        )

    @property
    def now(self) -> float:
        return self.running.sandbox.clock.now()


@asynccontextmanager
async def zid(scale: float, stores: int) -> AsyncIterator[Zid]:
    """A sandbox whose clock runs `scale` times as fast, with installed stores."""
    running = await start(SandboxSettings(port=0, app=APP, knobs={"time_scale": scale}))
    running.sandbox.requests = type(running.sandbox.requests)(maxlen=200_000)
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            world = Zid(running, session)
            for _ in range(stores):
                await world.add_store()
            yield world
    finally:
        await running.stop()


async def unleash(world: Zid, redis_url: str, crowd: Crowd) -> tuple[float, Counter[str]]:
    """Lets all processes loose at one moment; that moment on the sandbox's clock, and what they counted."""
    scale = world.running.sandbox.clock.scale
    settings = {
        "ZID_API_URL": world.running.url,
        "ZID_RATE_PER_MINUTE": str(round(60 * scale)),
        "ZID_CLIENT_ID": APP.client_id,
    }
    task = _line(
        settings=settings,
        redis_url=redis_url,
        stores=world.tokens,
        seconds=crowd.seconds,
        callers=[[store, traffic.name, number] for store, traffic, number in crowd.callers],
    )
    processes = [await _start(task) for _ in range(crowd.processes)]
    try:
        async with asyncio.timeout(START_WITHIN):
            await asyncio.gather(*map(_ready, processes))
        begun = world.now
        for process in processes:
            process.stdin.write(b"go\n")  # type: ignore[union-attr]  # it has pipes
        async with asyncio.timeout(crowd.seconds + START_WITHIN):
            results = await asyncio.gather(*(process.communicate() for process in processes))
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return begun, _sum(json.loads(out.splitlines()[-1]) for out, _ in results)


def _line(**task: object) -> bytes:
    return json.dumps(task).encode() + b"\n"


async def _start(task: bytes) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.traffic.caller",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    process.stdin.write(task)  # type: ignore[union-attr]  # it has pipes
    return process


async def _ready(process: asyncio.subprocess.Process) -> None:
    said = await process.stdout.readline()  # type: ignore[union-attr]  # it has pipes
    assert said == b"ready\n", said


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total
