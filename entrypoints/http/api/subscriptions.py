"""`/v1/stores/{store_id}/webhooks`: what Zid delivers to us, and subscribing it anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from core.domain.operations.webhooks import ListWebhooks, Subscription
from core.domain.stores import LIVE, Install
from core.domain.webhook_states import Action, WebhookState, is_settled
from core.features.subscribe_webhooks import SubscriptionReport
from entrypoints.http.api.asking import ask, entry, known_store, live_install
from entrypoints.http.api.shapes import Asked, Moment, Told, json, utc
from entrypoints.http.api.sources import Source
from entrypoints.http.api.stores import SubscriptionView, subscription_view
from entrypoints.http.reading import no_query, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES


class WebhooksQuery(Asked, frozen=True):
    """The mirror of webhooks is what Zid listed last."""

    source: Source = Source.MIRROR


class PlannedView(Told, frozen=True):
    """What is to become of an event's webhook; `webhook_id` is Zid's, null for what is to be made."""

    event: str
    action: Action
    state: WebhookState
    webhook_id: str | None
    why: str | None


class WebhooksView(Told, frozen=True):
    """`plan` compares `items` with what the handlers need. `problems` are what the last look could not subscribe."""

    items: Sequence[SubscriptionView]
    plan: Sequence[PlannedView]
    settled: bool
    problems: Mapping[str, str]
    checked_at: Moment | None
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
    services, install = request.app[SERVICES], await known_store(request)
    found = await _found(request, install, query.source)
    lines = services.webhooks.lines(install, found) if install.state in LIVE else []
    checked = await services.webhook_checks.of_install(install.install_id)
    return json(
        WebhooksView(
            items=[subscription_view(one) for one in found],
            plan=[PlannedView(line.event, line.action, line.state, line.webhook_id, line.why) for line in lines],
            settled=is_settled(lines),
            problems=checked.problems if checked else {},
            checked_at=utc(checked.checked_at) if checked else None,
        )
    )


async def _found(request: web.Request, install: Install, source: Source) -> Sequence[Subscription]:
    if source is Source.ZID:
        return await ask(request, ListWebhooks())
    return await request.app[SERVICES].installations.subscriptions(install.install_id)


async def subscribe(request: web.Request) -> web.Response:
    no_query(request)
    services, install = request.app[SERVICES], await live_install(request)
    await services.trail.note(entry(request, "webhooks.subscribing_asked", install))
    return json(_report(await services.webhooks.renew(install)))


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
