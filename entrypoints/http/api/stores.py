"""`/v1/stores`: which stores are installed and how they stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from aiohttp import web

from core.domain.app_events import StoreSubscription
from core.domain.operations.webhooks import Subscription
from core.domain.stores import Install, InstallState
from core.ids import EntityKind, StoreId
from core.ports.store_directory import StoreFilter
from core.ports.token_status import TokenStatus
from entrypoints.http import cursors
from entrypoints.http.api.asking import install_of
from entrypoints.http.api.shapes import AskedPage, Told, Word, json, utc
from entrypoints.http.path_ids import store_id_of
from entrypoints.http.reading import no_query, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES, HttpServices


class StoresQuery(AskedPage, frozen=True):
    """Each word of `text` begins a word of the store's title, in any spelling, or its id."""

    text: Word | None = None
    state: InstallState | None = None
    paused: bool | None = None


class StoreView(Told, frozen=True):
    """A store and its current install. Install ids exceed 2^53, so they are text."""

    store_id: int
    uuid: str | None
    title: str
    url: str | None
    currency: str | None
    state: InstallState
    epoch: int
    install_id: str
    installed_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    generation: int | None
    refresh_due_at: datetime | None
    refresh_failures: int
    refresh_in_doubt_since: datetime | None
    paused_at: datetime | None


class StoresPage(Told, frozen=True):
    items: list[StoreView]
    next_cursor: str | None


class SubscriptionView(Told, frozen=True):
    """A webhook as Zid listed it last. Its address is a secret and not shown."""

    id: str
    event: str
    active: bool
    health: str | None


class AppSubscriptionView(Told, frozen=True):
    """What the store pays the app for. `verified` is false where only an event claims it, and Zid did not say."""

    status: str | None
    plan_id: str | None
    plan_name: dict[str, str]
    plan_type: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_usage_based: bool | None
    verified: bool
    told_by: str
    seen_at: datetime | None


class StoreDetail(StoreView, frozen=True):
    """`webhook_problems`: events that could not be subscribed, and why."""

    subscriptions: list[SubscriptionView]
    webhook_problems: Mapping[str, str]
    mirror: dict[str, int]
    app_subscription: AppSubscriptionView | None


async def index(request: web.Request) -> web.Response:
    query = read_query(request, StoresQuery)
    services = request.app[SERVICES]
    after = cursors.decode("stores", query.cursor)
    wanted = StoreFilter(query.text, query.state, query.paused)
    after_id = StoreId(after) if after is not None else None
    found = await services.stores.directory.find(wanted, after=after_id, limit=query.limit + 1)
    page, last = cursors.cut(found, query.limit)
    statuses = await services.token_statuses.of([install.install_id for install in page])
    items = [store_view(install, statuses.get(install.install_id)) for install in page]
    return json(StoresPage(items, cursors.encode("stores", last.store_id) if last else None))


async def show(request: web.Request) -> web.Response:
    no_query(request)
    services = request.app[SERVICES]
    return json(await store_detail(services, await install_of(services, store_id_of(request))))


async def store_detail(services: HttpServices, install: Install) -> StoreDetail:
    statuses = await services.token_statuses.of([install.install_id])
    subscriptions = await services.installations.subscriptions(install.install_id)
    counts = await services.reader.mirror_counts(install.store_id)
    checked = await services.webhook_checks.of_install(install.install_id)
    paid = await services.store_subscriptions.of_stores([install.store_id])
    return StoreDetail(
        **msgspec.structs.asdict(store_view(install, statuses.get(install.install_id))),
        subscriptions=[subscription_view(found) for found in subscriptions],
        webhook_problems=checked.problems if checked else {},
        mirror={kind.value: counts.get(kind, 0) for kind in EntityKind if kind is not EntityKind.STORE},
        app_subscription=app_subscription_view(paid[0]) if paid else None,
    )


def store_view(install: Install, status: TokenStatus | None) -> StoreView:
    return StoreView(
        store_id=install.store_id,
        uuid=install.identity.uuid,
        title=install.identity.title,
        url=install.identity.url,
        currency=install.identity.currency,
        state=install.state,
        epoch=install.epoch,
        install_id=str(install.install_id),
        installed_at=utc(install.installed_at),
        ended_at=utc(install.ended_at),
        expires_at=utc(status.expires_at) if status else None,
        generation=status.generation if status else None,
        refresh_due_at=utc(status.refresh_due_at) if status else None,
        refresh_failures=status.failures if status else 0,
        refresh_in_doubt_since=utc(status.in_doubt_since) if status else None,
        paused_at=utc(install.paused_at),
    )


def app_subscription_view(found: StoreSubscription) -> AppSubscriptionView:
    plan = found.plan
    return AppSubscriptionView(
        status=plan.status,
        plan_id=plan.plan_id,
        plan_name=plan.plan_name.written(),
        plan_type=plan.plan_type,
        starts_at=utc(plan.starts_at),
        ends_at=utc(plan.ends_at),
        is_usage_based=found.is_usage_based,
        verified=found.verified,
        told_by=found.told_by,
        seen_at=utc(found.seen_at),
    )


def subscription_view(found: Subscription) -> SubscriptionView:
    return SubscriptionView(found.id, found.event, found.active, found.health)


ROUTES = (
    Route("GET", "/v1/stores", index, "Stores by ascending id", Access.API_KEY, query=StoresQuery, answer=StoresPage),
    Route(
        "GET",
        "/v1/stores/{store_id}",
        show,
        "One store: tokens' expiry, subscriptions and what the mirror holds",
        Access.API_KEY,
        query=NoQuery,
        answer=StoreDetail,
    ),
)
