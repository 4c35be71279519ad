"""Metrics and health of a process that serves nothing else, on METRICS_PORT."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from core.errors import SettingInvalid
from entrypoints.http.health_app import create_health_app
from entrypoints.http.serving import make_runner
from entrypoints.wiring import Daemon, health_services

log = structlog.get_logger()


@asynccontextmanager
async def side_door(parts: Daemon, default_port: int) -> AsyncIterator[None]:
    """Open while inside. Raises SettingInvalid when the port is taken."""
    host = parts.settings.metrics_host
    port = default_port if parts.settings.metrics_port is None else parts.settings.metrics_port
    runner = make_runner(create_health_app(health_services(parts)), grace=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("metrics_served", host=host, port=port)
        yield
    except OSError as error:
        raise SettingInvalid("METRICS_PORT", f"{port} cannot be listened on: {error.strerror}") from error
    finally:
        await runner.cleanup()
