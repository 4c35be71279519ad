"""Metrics and health of a process that serves nothing else, on METRICS_PORT."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from core.errors import SettingInvalid
from entrypoints.http.health_app import create_health_app
from entrypoints.http.services import HealthServices

log = structlog.get_logger()


@asynccontextmanager
async def side_door(services: HealthServices, host: str, port: int) -> AsyncIterator[None]:
    """Open while inside. Raises SettingInvalid when the port is taken."""
    runner = web.AppRunner(create_health_app(services), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("metrics_served", host=host, port=port)
        yield
    except OSError as error:
        raise SettingInvalid("METRICS_PORT", f"{port} cannot be listened on: {error.strerror}") from error
    finally:
        await runner.cleanup()
