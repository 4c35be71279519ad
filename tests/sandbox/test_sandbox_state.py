"""The state file: a second start continues, a kill loses at most the last save, rubbish is set aside."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from sandbox.server import RunningSandbox, serve, start
from sandbox.settings import SandboxSettings
from sandbox.state import StateBusyError, StateFile

PROFILE = "/v1/managers/account/profile"


@pytest.fixture
def settings(tmp_path: Path, receiver, make_app) -> SandboxSettings:
    return SandboxSettings(
        port=0, state_file=tmp_path / "sandbox" / "state.db", app=make_app(receiver.url), save_every_seconds=0.02
    )


@pytest.fixture
async def visit(zid):
    """Starts a sandbox from settings and speaks to it; everything started is stopped at the end."""
    running, sessions = [], []

    async def begin(settings: SandboxSettings):
        server = await start(settings)
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        running.append(server)
        sessions.append(session)
        return type(zid)(server, session, zid.receiver)

    yield begin
    for session in sessions:
        await session.close()
    for server in running:
        await server.stop()


async def test_a_second_start_continues_the_world(settings, visit):
    first = await visit(settings)
    tokens = await first.installed(products=5, customers=3, orders=10, categories=2, carts=2)
    await first.subscribe(tokens, "order.create", username="u", password="p")
    await first.trigger(tokens, "order.create", count=5)
    await first.settled()
    await first.knobs(webhook__latency_seconds=3600, refresh__reuse="400")
    await first.trigger(tokens, "order.create")
    await first.control("POST", "/clock", {"advance_seconds": 100_000})
    await first.settled()
    await first.trigger(tokens, "order.create")
    before = await everything(first, tokens)
    await first.running.stop()

    second = await visit(settings)
    after = await everything(second, tokens)

    assert after == before
    assert (await second.get(tokens, PROFILE))[0] == 200
    assert second.running.sandbox.clock.now() == pytest.approx(first.running.sandbox.clock.now(), abs=5)
    new = (await second.trigger(tokens, "order.create"))["ids"][0]
    assert int(new) == max(order["id"] for order in before["orders"]) + 1
    await second.control("POST", "/clock", {"advance_seconds": 3600})
    await second.settled()
    assert (await second.stats())["deliveries"]["distinct_acknowledged"] == 8


async def everything(zid, tokens):
    kinds = ("orders", "products", "customers", "categories", "carts")
    found = {kind: (await zid.control("GET", f"/stores/{tokens.store_id}/entities/{kind}"))["items"] for kind in kinds}
    stats = await zid.stats()
    for part in (stats, stats["stores"][str(tokens.store_id)]):
        part.pop("requests")
    stats.pop("now")
    deliveries = (await zid.control("GET", "/deliveries?bodies=true"))["deliveries"]
    knobs = (await zid.control("GET", "/knobs"))["knobs"]
    stores = (await zid.control("GET", "/stores"))["stores"]
    return found | {"stats": stats, "deliveries": deliveries, "knobs": knobs, "stores": stores}


SERVE = """
import asyncio, pathlib, sys
from sandbox.server import serve
from sandbox.settings import SandboxSettings
path = pathlib.Path(sys.argv[2])
asyncio.run(serve(SandboxSettings(port=int(sys.argv[1]), state_file=path, save_every_seconds=0.02)))
"""


async def test_a_killed_sandbox_resumes_its_retries(settings, visit, zid, tmp_path, wait_until):
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(port), str(settings.state_file), stdout=subprocess.DEVNULL
    )
    zid.running = replace_url(zid.running, port)
    try:
        await wait_until(lambda: answers(zid), "the sandbox to listen")
        app = {
            name: getattr(zid.app, name)
            for name in ("client_id", "client_secret", "app_id", "callback_url", "redirection_url")
        }
        await zid.control("POST", "/apps", app)
        tokens = await zid.installed(products=1)
        await zid.subscribe(tokens, "order.create")
        zid.receiver.status = 503
        await zid.trigger(tokens, "order.create")
        await wait_until(lambda: saved_attempts(settings.state_file, tmp_path) == [503])
    finally:
        process.kill()
        await process.wait()
    zid.receiver.status = 200

    second = await visit(settings)
    await second.control("POST", "/clock", {"advance_seconds": 61})
    stats = await second.settled()

    assert (stats["deliveries"]["attempts"], stats["deliveries"]["acknowledged"]) == (2, 1)
    first, again = zid.receiver.at("/hook")
    assert first.body == again.body
    assert (await second.get(tokens, PROFILE))[0] == 200


async def answers(zid) -> bool:
    try:
        return (await zid.call("GET", "/__sandbox/stats"))[0] == 200
    except aiohttp.ClientConnectionError:
        return False


def saved_attempts(path: Path, folder: Path) -> list[int]:
    """The statuses of the deliveries on the disk, read from a copy because the sandbox keeps its file locked."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path.parent, copy)
    connection = sqlite3.connect(copy / path.name)
    rows = connection.execute("SELECT value FROM rows WHERE section = 'delivery'").fetchall()
    connection.close()
    return [attempt[1] for (value,) in rows for attempt in json.loads(value)["attempts"]]


async def test_a_state_in_use_is_refused_and_left_alone(settings, visit):
    first = await visit(settings)
    await first.store()

    with pytest.raises(StateBusyError):
        await visit(settings)

    assert not list(settings.state_file.parent.glob("*unreadable*"))


async def test_serve_saves_when_it_is_cancelled(settings, visit, zid, wait_until):
    taken = free_port()
    settings = replace(settings, port=taken, save_every_seconds=3600)
    serving = asyncio.create_task(serve(settings))
    client = type(zid)(replace_url(zid.running, taken), zid.session, zid.receiver)
    await wait_until(lambda: answers(client), "the sandbox to listen")
    store_id = await client.store(products=2)

    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert not await answers(client)
    second = await visit(replace(settings, port=0))
    assert [row["store_id"] for row in (await second.control("GET", "/stores"))["stores"]] == [store_id]


async def test_a_taken_port_is_an_error_that_leaves_nothing_open(settings, visit):
    first = await visit(replace(settings, state_file=None))

    with pytest.raises(OSError, match="address already in use"):
        await start(replace(settings, port=first.running.port))

    await visit(settings)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def replace_url(running: RunningSandbox, port: int) -> RunningSandbox:
    return replace(running, url=f"http://127.0.0.1:{port}", port=port)


async def test_reset_empties_the_file_too(settings, visit):
    first = await visit(settings)
    await first.installed(products=3)
    await first.control("POST", "/reset")
    await first.running.stop()

    second = await visit(settings)

    assert (await second.control("GET", "/stores"))["stores"] == []
    assert len((await second.control("GET", "/apps"))["apps"]) == 1


@pytest.mark.parametrize("content", [b"this is no database, but long enough to look like one" * 50, b""])
async def test_an_unreadable_state_is_set_aside(settings, visit, content):
    settings.state_file.parent.mkdir()
    settings.state_file.write_bytes(content)

    zid = await visit(settings)
    await zid.store()

    aside = settings.state_file.with_name("state.db.unreadable-1")
    assert aside.exists() is bool(content)
    if content:
        assert aside.read_bytes() == content


async def test_a_state_of_another_making_is_set_aside(settings, visit):
    first = await visit(settings)
    await first.store(products=1)
    await first.running.stop()
    state = StateFile(settings.state_file)
    state.save([("store", "5", b'{"nonsense": true}')])
    state.close()

    second = await visit(settings)

    assert (await second.control("GET", "/stores"))["stores"] == []
    assert settings.state_file.with_name("state.db.unreadable-1").exists()


async def test_a_body_beyond_the_budget_is_not_kept_for_redelivery(settings, visit):
    small = SandboxSettings(port=0, app=settings.app, delivery_body_budget=20_000, delivery_log_limit=15)
    zid = await visit(small)
    tokens = await zid.installed(products=1)
    await zid.subscribe(tokens, "order.create")
    await zid.trigger(tokens, "order.create", count=30)
    await zid.settled()

    answer = await zid.control("POST", "/redeliver")

    kept = (await zid.control("GET", "/deliveries?event=order.create&state=acknowledged&limit=1000"))["deliveries"]
    assert len(kept) <= 15
    assert 1 <= answer["redelivered"] < 15
    assert answer["skipped"] > 0
    assert (await zid.stats())["deliveries"]["distinct_acknowledged"] == 30
