"""`/embedded`: the app inside Zid's dashboard.

Zid frames `/embedded?token=<uuid>&language=<ar|en>`. The UUID is traded for a bearer that the
page keeps in its memory and shows with each of its requests: cookies do not reach a frame of
another site (live 2026-08-22). The bearer opens what is below `/embedded` for its one store, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from aiohttp import web
from structlog import get_logger

from core.domain.backfill import BackfillState
from core.domain.stores import Install, InstallState
from core.domain.webhook_states import WebhookState
from core.features.embedded_sessions import EmbeddedVisits
from core.ids import EntityKind
from entrypoints.http.api.shapes import Told, json, utc
from entrypoints.http.embedded_status import StoreStatus, store_status
from entrypoints.http.pages import Message, language_of, page, render, say
from entrypoints.http.problems import KINDS, Refusal, not_found
from entrypoints.http.reading import no_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

log = get_logger()

_BEARER: Final = re.compile(r"[Bb]earer +(?P<bearer>[A-Za-z0-9_-]{20,100})")
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="wasl embedded"'}
_SHOWN: Final = (EntityKind.ORDER, EntityKind.PRODUCT, EntityKind.CUSTOMER)


class EmbeddedBackfill(Told, frozen=True):
    state: BackfillState
    percent: float


class EmbeddedWebhooks(Told, frozen=True):
    """`arriving` of `wanted` notifications arrive; the others are in `missing`."""

    wanted: int
    arriving: int
    missing: Sequence[str]
    states: dict[str, WebhookState]
    checked_at: datetime | None


class EmbeddedEvent(Told, frozen=True):
    topic: str
    received_at: datetime | None


class EmbeddedStore(Told, frozen=True):
    """The store of the visit."""

    store_id: int
    title: str
    state: InstallState
    installed_at: datetime | None
    paused_at: datetime | None
    backfill: EmbeddedBackfill | None
    webhooks: EmbeddedWebhooks
    last_event: EmbeddedEvent | None
    mirror: dict[str, int]


async def open_app(request: web.Request) -> web.Response:
    """The page with a new visit in it. Whatever is wrong with a UUID, the answer is the same."""
    visits = _visits(request)
    given = request.query.getall("token", [])
    visit = await visits.enter(given[0]) if len(given) == 1 and request.method == "GET" else None
    if visit is None:
        log.info("embedded_refused")
        return say(request, Message("embedded.closed.title", "embedded.closed", 401))
    log.info("embedded_opened", store_id=visit.install.store_id)
    status = await store_status(request.app[SERVICES], visit.install)
    return page(request, "embedded.html", {**_values(status), "bearer": visit.bearer.reveal()})


async def view(request: web.Request) -> web.Response:
    """The part of the page that changes."""
    status = await store_status(request.app[SERVICES], await _visitor(request))
    html = render("_embedded.html", language_of(request), _values(status))
    return web.Response(text=html, content_type="text/html")


async def store(request: web.Request) -> web.Response:
    """The same for programs of the page."""
    no_query(request)
    return json(_told(await store_status(request.app[SERVICES], await _visitor(request))))


async def leave(request: web.Request) -> web.Response:
    """Ends the visit; one that is over already is over."""
    no_query(request)
    if bearer := _bearer(request):
        await _visits(request).leave(bearer)
    return web.Response(status=204)


def _visits(request: web.Request) -> EmbeddedVisits:
    visits = request.app[SERVICES].embedded
    if visits is None:
        raise not_found("embedded app here; ZID_EMBEDDED=true makes it one")
    return visits


async def _visitor(request: web.Request) -> Install:
    """The install whose visit it is; 401 for every other request alike."""
    visits, bearer = _visits(request), _bearer(request)
    install = await visits.visitor(bearer) if bearer else None
    if install is None:
        raise Refusal("visit-over", KINDS["visit-over"].meaning, headers=_CHALLENGE)
    return install


def _bearer(request: web.Request) -> str | None:
    given = request.headers.getall("Authorization", [])
    found = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    return found["bearer"] if found else None


def _values(status: StoreStatus) -> dict[str, object]:
    """What the templates are given."""
    mirror = {f"{kind.value}s": status.mirror.get(kind, 0) for kind in _SHOWN}
    return {"status": status, "store": status.install, "webhooks": status.webhooks, "mirror": mirror}


def _told(status: StoreStatus) -> EmbeddedStore:
    store, webhooks, backfill, last = status.install, status.webhooks, status.backfill, status.last
    return EmbeddedStore(
        store_id=store.store_id,
        title=store.identity.title,
        state=store.state,
        installed_at=utc(store.installed_at),
        paused_at=utc(store.paused_at),
        backfill=EmbeddedBackfill(backfill.state, backfill.percent) if backfill else None,
        webhooks=EmbeddedWebhooks(
            len(webhooks.states), webhooks.arriving, webhooks.missing, dict(webhooks.states), utc(webhooks.checked_at)
        ),
        last_event=EmbeddedEvent(last.topic, utc(last.received_at)) if last else None,
        mirror={f"{kind.value}s": status.mirror.get(kind, 0) for kind in _SHOWN},
    )


ROUTES: Final = (
    Route("GET", "/embedded", open_app, access=Access.OWN, page=True),
    Route("GET", "/embedded/view", view, access=Access.OWN, quiet=True),
    Route("GET", "/embedded/api/store", store, access=Access.OWN, quiet=True),
    Route("DELETE", "/embedded/api/session", leave, access=Access.OWN, quiet=True),
)


def in_frames(routes: Iterable[Route], frames: tuple[str, ...]) -> Sequence[Route]:
    """The routes, of which the embedded page alone may be shown by these origins' pages."""
    framed = ROUTES[0]
    return [replace(route, framed_by=frames) if route is framed else route for route in routes]
