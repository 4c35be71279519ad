"""`/v1/stores/{store_id}/webhooks`: what Zid delivers to us, and subscribing it anew."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from core.domain.operations.webhooks import ListWebhooks, Subscription
from core.features.subscribe_webhooks import SubscriptionReport
from entrypoints.http.api.asking import ask, known_store, live_install
from entrypoints.http.api.shapes import Asked, Told, json
from entrypoints.http.api.sources import Source
from entrypoints.http.api.stores import SubscriptionView, subscription_view
from entrypoints.http.reading import no_query, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES


class WebhooksQuery(Asked, frozen=True):
    """The mirror of webhooks is what Zid listed last."""

    source: Source = Source.MIRROR


class WebhooksView(Told, frozen=True):
    items: Sequence[SubscriptionView]
    next_cursor: str | None = None


class FailedTopic(Told, frozen=True):
    topic: str
    reason: str


class SubscribedView(Told, frozen=True):
    """What stands at Zid now. `gap`: for a moment some event had no subscription, so deliveries may be missing."""

    created: Sequence[str]
    kept: Sequence[str]
    failed: Sequence[FailedTopic]
    gap: bool


async def index(request: web.Request) -> web.Response:
    query = read_query(request, WebhooksQuery)
    return json(WebhooksView([subscription_view(found) for found in await _found(request, query.source)]))


async def _found(request: web.Request, source: Source) -> Sequence[Subscription]:
    if source is Source.ZID:
        return await ask(request, ListWebhooks())
    install = await known_store(request)
    return await request.app[SERVICES].installations.subscriptions(install.install_id)


async def subscribe(request: web.Request) -> web.Response:
    no_query(request)
    services = request.app[SERVICES]
    return json(_report(await services.subscribe.ensure(await live_install(request), services.topics)))


def _report(report: SubscriptionReport) -> SubscribedView:
    failed = [FailedTopic(topic, reason) for topic, reason in report.failed]
    return SubscribedView(report.created, report.kept, failed, report.gap)


_WEBHOOKS = "/v1/stores/{store_id}/webhooks"

ROUTES = (
    Route(
        "GET",
        _WEBHOOKS,
        index,
        "Webhook subscriptions and their health",
        Access.API_KEY,
        query=WebhooksQuery,
        answer=WebhooksView,
        zid=True,
    ),
    Route(
        "POST",
        _WEBHOOKS,
        subscribe,
        "Subscribe every event the handlers need",
        Access.API_KEY,
        query=NoQuery,
        answer=SubscribedView,
        zid=True,
    ),
)
