"""Health and metrics alone, for processes that serve nothing else."""

from __future__ import annotations

from aiohttp import web

from entrypoints.http import health
from entrypoints.http.health_services import HEALTH, HealthServices
from entrypoints.http.outcomes import guard_plainly
from entrypoints.http.routing import add_routes
from entrypoints.http.tracing import stamp, trace


def create_health_app(services: HealthServices) -> web.Application:
    """`/health/live`, `/health/ready` and `/metrics`."""
    app = web.Application(middlewares=[trace, guard_plainly])
    app[HEALTH] = services
    add_routes(app, health.ROUTES)
    app.on_response_prepare.append(stamp)
    return app
