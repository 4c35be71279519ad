"""All background work, as the scheduler makes it of an opened process."""

from __future__ import annotations

import asyncio
from itertools import chain

from aiohttp.test_utils import TestClient, TestServer
from cryptography.fernet import Fernet

from config.settings import load_settings
from entrypoints.background.loop import Loop
from entrypoints.http.health_app import create_health_app
from entrypoints.scheduler import BACKGROUND
from entrypoints.wiring import Daemon, daemon, health_services
from tests.servers import Database


async def test_every_loop_takes_a_step_where_there_is_nothing_to_do_and_ends_when_told(database: Database) -> None:
    settings = load_settings(
        {
            "DATABASE_URL": database.dsn,
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "ZID_CLIENT_ID": "48",
            "ZID_CLIENT_SECRET": "secret",
            "ZID_APP_ID": "7367",
            "ZID_EMBEDDED": "true",
            "WEBHOOK_SECRET": "s" * 43,
            "SESSION_KEY": "k" * 43,
        }
    )
    async with daemon(settings, "scheduler") as parts:
        works = list(chain.from_iterable(loops(parts) for loops in BACKGROUND))
        steps = [one for one in works if isinstance(one, Loop)]
        assert len({loop.name for loop in steps}) == len(steps) > 10
        for loop in steps:
            await loop.step()
        stop = asyncio.Event()
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            for one in works:
                tasks.create_task(one.work(stop))
            await _is_ready(parts, loops=len(works))
            stop.set()
        await parts.adapters.inbox().aclose()


async def _is_ready(parts: Daemon, *, loops: int) -> None:
    """Asked as a probe asks, while the loops run: each of them is told of, with the lease, and none stands still."""
    async with TestClient(TestServer(create_health_app(health_services(parts)))) as client:
        while (answer := await client.get("/health/ready")).status != 200:
            await asyncio.sleep(0.05)
        told = await answer.json()
    assert (told["status"], told["process"], told["checks"]["lease"]["ok"]) == ("ready", "scheduler", True)
    assert {"lease", "rings", "sweep", "refresh", "reconcile", "seal_audit"} <= set(told["loops"])
    assert len(told["loops"]) >= loops
    assert all(loop["ok"] for loop in told["loops"].values())
