"""Starts and stops a sandbox: `create_app` for any aiohttp server, `start` within a process, `serve` for a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from aiohttp import web

from sandbox.api.routes import add_routes as add_api_routes
from sandbox.clock import SandboxClock
from sandbox.control.routes import add_routes as add_control_routes
from sandbox.http import SANDBOX
from sandbox.middleware import observe
from sandbox.oauth.routes import add_routes as add_oauth_routes
from sandbox.sandbox import Sandbox
from sandbox.saving import Saver, open_state
from sandbox.settings import SandboxSettings

log = structlog.get_logger()

MAX_BODY = 8 * 1024 * 1024


@dataclass(slots=True)
class RunningSandbox:
    """A sandbox that listens. `url` has the port it got; `stop()` saves and closes everything."""

    url: str
    port: int
    sandbox: Sandbox
    runner: web.AppRunner

    async def stop(self) -> None:
        await self.runner.cleanup()


def create_app(settings: SandboxSettings, clock: SandboxClock | None = None) -> web.Application:
    """The whole sandbox as one application; raises SettingsError. Opens nothing before the server starts."""
    settings.check()
    app = web.Application(middlewares=[observe], client_max_size=MAX_BODY)
    app[SANDBOX] = Sandbox(settings, clock)
    add_oauth_routes(app)
    add_control_routes(app)
    add_api_routes(app)
    app.cleanup_ctx.append(_run)
    return app


async def start(settings: SandboxSettings) -> RunningSandbox:
    """Listens when it returns; port 0 takes a free one.

    Raises OSError when the port is taken, StateBusyError when another sandbox has the state file open.
    """
    app = create_app(settings)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=1024, reuse_address=True)
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    port = runner.addresses[0][1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return RunningSandbox(f"http://{host}:{port}", port, app[SANDBOX], runner)


async def serve(settings: SandboxSettings) -> None:
    """Runs until cancelled, then saves and stops."""
    running = await start(settings)
    log.info("sandbox_ready", url=running.url, stores=len(running.sandbox.world.stores))
    try:
        await asyncio.Event().wait()
    finally:
        await running.stop()
        log.info("sandbox_stopped")


async def _run(app: web.Application) -> AsyncIterator[None]:
    """Loads the state, starts deliveries and saving; undoes it in reverse."""
    sandbox = app[SANDBOX]
    state = open_state(sandbox)
    await sandbox.courier.start()
    saver = None if state is None else Saver(sandbox, state, sandbox.settings.save_every_seconds)
    if saver is not None:
        saver.start()
    yield
    await sandbox.courier.stop()
    if saver is not None:
        await saver.stop()
