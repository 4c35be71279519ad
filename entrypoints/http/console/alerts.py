"""`/console/alerts`: what is wrong now, what was, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web

from core.domain.alerts import APP, AlertKind
from core.ports.alerts import AlertFilter
from entrypoints.http import cursors
from entrypoints.http.api.alerts import alert_view
from entrypoints.http.console.access import signed_in
from entrypoints.http.console.framing import console_page
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

ALERTS: Final = "/console/alerts"
ROWS: Final = 50
COMMANDS: Final[Mapping[AlertKind, str]] = MappingProxyType(
    {
        AlertKind.NEEDS_REAUTHORIZATION: "wasl stores link",
        AlertKind.STORES_DO_NOT_OPEN: "wasl keys status",
        AlertKind.AUDIT_ALTERED: "wasl audit verify",
        AlertKind.DEAD_LETTERS: "wasl dead list",
        AlertKind.BOOKS_NOT_BALANCED: "wasl verify",
        AlertKind.EVENTS_STUCK: "wasl status",
        AlertKind.WEBHOOKS_NOT_DELIVERED: "wasl webhooks plan",
        AlertKind.RENEWALS_LATE: "wasl status",
        AlertKind.SPOOL_STAYS_FULL: "wasl keys status",
    }
)
"""Where one says more. It changes nothing."""


async def index(request: web.Request) -> web.Response:
    services, also_healed = request.app[SERVICES], request.query.get("show") == "all"
    before = cursors.decode("alerts", request.query.get("cursor") or None)
    wanted = AlertFilter(is_open=None if also_healed else True)
    page, last = cursors.cut(await services.alerts.page(wanted, before=before, limit=ROWS + 1), ROWS)
    shown = {
        "rows": [alert_view(one) for one in page],
        "next": cursors.encode("alerts", last.alert_id) if last else None,
        "first": before is None,
        "show": "all" if also_healed else "",
        "commands": COMMANDS,
        "app": APP,
    }
    return console_page(request, "console/alerts.html", shown)


ROUTES = (Route("GET", ALERTS, signed_in(index), access=Access.OWN, page=True),)
