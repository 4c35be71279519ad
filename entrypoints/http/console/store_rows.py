"""Stores as rows of a list: what is asked of the database once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from aiohttp import web

from core.domain.backfill import StoreProgress
from core.domain.stores import LIVE, Install, InstallState
from core.domain.webhook_states import WebhookCheck, WebhookState
from core.ids import StoreId
from core.ports.store_directory import LastEvent, StoreFilter
from entrypoints.http import cursors
from entrypoints.http.api.stores import AppSubscriptionView, StoreView, app_subscription_view, store_view
from entrypoints.http.problems import bad_request
from entrypoints.http.services import HttpServices

PAGE: Final = 50
LONGEST_TEXT: Final = 200
PAUSED: Final = "paused"
STATES: Final = (*(state.value for state in InstallState), PAUSED)
_CURSOR: Final = "stores"


@dataclass(frozen=True, slots=True)
class StoreSearch:
    """What was asked for; empty where nothing was."""

    text: str = ""
    state: str = ""

    @classmethod
    def read(cls, request: web.Request) -> Self:
        """400 for a state that no store can be in."""
        text, state = request.query.get("text", "").strip(), request.query.get("state", "")
        if state and state not in STATES:
            raise bad_request("state", f"one of {', '.join(STATES)}, or nothing")
        return cls(text[:LONGEST_TEXT], state)

    @property
    def wanted(self) -> StoreFilter:
        if self.state == PAUSED:
            return StoreFilter(self.text or None, paused=True)
        return StoreFilter(self.text or None, InstallState(self.state) if self.state else None)

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.state)


@dataclass(frozen=True, slots=True)
class StoreRow:
    """One store. `webhooks` is how the worst of them stands; None before the first look, and where it is over."""

    store: StoreView
    days_left: int | None
    plan: AppSubscriptionView | None
    webhooks: WebhookState | None
    backfill: StoreProgress | None
    last: LastEvent | None


@dataclass(frozen=True, slots=True)
class StoreRows:
    """One page of a search. `next` goes on in the list, None at its end."""

    rows: Sequence[StoreRow]
    next: str | None


async def find_stores(services: HttpServices, search: StoreSearch, cursor: str | None, limit: int = PAGE) -> StoreRows:
    """A page of the stores that match. Raises Unavailable."""
    after = cursors.decode(_CURSOR, cursor)
    after_id = StoreId(after) if after is not None else None
    found = await services.stores.directory.find(search.wanted, after=after_id, limit=limit + 1)
    page, last = cursors.cut(found, limit)
    return StoreRows(await _rows(services, page), cursors.encode(_CURSOR, last.store_id) if last else None)


async def _rows(services: HttpServices, installs: Sequence[Install]) -> Sequence[StoreRow]:
    store_ids = [install.store_id for install in installs]
    install_ids = [install.install_id for install in installs]
    statuses = await services.token_statuses.of(install_ids)
    plans = {one.store_id: one for one in await services.store_subscriptions.of_stores(store_ids)}
    checks = await services.webhook_checks.of_installs(install_ids)
    backfills = await services.backfill.overviews(store_ids)
    events = await services.stores.directory.last_events(store_ids)
    now = services.clock.now()
    return [
        StoreRow(
            store=store_view(install, status := statuses.get(install.install_id)),
            days_left=days_left(status.expires_at if status else None, now),
            plan=app_subscription_view(plans[install.store_id]) if install.store_id in plans else None,
            webhooks=worst_of(install, checks.get(install.install_id)),
            backfill=backfills.get(install.store_id),
            last=events.get(install.store_id),
        )
        for install in installs
    ]


def days_left(until: datetime | None, now: datetime) -> int | None:
    """Whole days; below zero when it is over."""
    return (until - now).days if until else None


def worst_of(install: Install, check: WebhookCheck | None) -> WebhookState | None:
    """How the webhook stands that delivers least."""
    if check is None or install.state not in LIVE:
        return None
    order = list(WebhookState)
    states = [*check.states.values(), *([WebhookState.MISSING] if check.problems else [])]
    return max(states, key=order.index, default=None)


def tallied(states: Mapping[str, WebhookState]) -> Mapping[WebhookState, int]:
    """How many events are in which state; states of none are left out."""
    every = list(states.values())
    return {state: every.count(state) for state in WebhookState if state in every}
