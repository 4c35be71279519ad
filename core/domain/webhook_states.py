"""How the webhooks of a store stand: event by event, and what would be done about it.

Zid's health states: docs.zid.sa "webhook-health-tracking"; older ones only switch `active` off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.operations.webhooks import Subscription
from core.ids import InstallId, StoreId


class WebhookState(StrEnum):
    """How an event is delivered."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """Still delivered; Zid counted ten failures within an hour."""
    BROKEN = "broken"
    """No longer delivered, until it is recovered; what was pending is lost."""
    INACTIVE = "inactive"
    """Switched off without a word."""
    MISSING = "missing"
    """Not in Zid's list."""


SICK = frozenset({WebhookState.BROKEN, WebhookState.INACTIVE, WebhookState.MISSING})
"""Nothing is delivered in these."""


class Action(StrEnum):
    """What becomes of a subscription."""

    KEEP = "keep"
    CREATE = "create"
    REPLACE = "replace"
    REMOVE = "remove"
    FOREIGN = "foreign"
    """Made under another id than ours: never touched."""


@dataclass(frozen=True, slots=True)
class PlannedWebhook:
    """One line of a plan. `webhook_id` is Zid's, None for what is to be made."""

    event: str
    action: Action
    state: WebhookState
    webhook_id: str | None = None
    why: str | None = None


def state_of(one: Subscription) -> WebhookState:
    """As Zid lists it."""
    if one.health == "broken":
        return WebhookState.BROKEN
    if not one.active:
        return WebhookState.INACTIVE
    return WebhookState.DEGRADED if one.health == "degraded" else WebhookState.HEALTHY


def webhook_states(
    listed: Sequence[Subscription], wanted: Mapping[str, str], ids: Sequence[str]
) -> Mapping[str, WebhookState]:
    """Each wanted event with the best of its subscriptions that deliver to its address (event → target URL)."""
    order = list(WebhookState)
    found = dict.fromkeys(wanted, WebhookState.MISSING)
    for one in listed:
        if one.original_id in ids and wanted.get(one.event) == one.target_url:
            found[one.event] = min(found[one.event], state_of(one), key=order.index)
    return found


def aging_states(
    listed: Sequence[Subscription],
    states: Mapping[str, WebhookState],
    older: Iterable[Mapping[str, str]],
    ids: Sequence[str],
) -> Mapping[str, WebhookState]:
    """Events that are delivered, but only to an address that an older secret made (`older`: event → such a URL)."""
    aging: dict[str, WebhookState] = {}
    for urls in older:
        for event, state in webhook_states(listed, urls, ids).items():
            if states[event] in SICK and state not in SICK:
                aging.setdefault(event, state)
    return aging


def plan_lines(
    listed: Sequence[Subscription], wanted: Mapping[str, str], ids: Sequence[str]
) -> Sequence[PlannedWebhook]:
    """What there is and what there should be, by event: kept, made, replaced, removed, and what is not ours."""
    mine = [one for one in listed if one.original_id in ids]
    lines = [_foreign(one) for one in listed if one.original_id not in ids]
    for event in sorted({*wanted, *(one.event for one in mine)}):
        lines += _of_event(event, [one for one in mine if one.event == event], wanted.get(event))
    return sorted(lines, key=lambda line: (line.event, line.action, line.webhook_id or ""))


def is_settled(lines: Iterable[PlannedWebhook]) -> bool:
    """Whether there is nothing to do."""
    return all(line.action in (Action.KEEP, Action.FOREIGN) for line in lines)


def _of_event(event: str, mine: Sequence[Subscription], target: str | None) -> Iterable[PlannedWebhook]:
    if target is None:
        return [PlannedWebhook(event, Action.REMOVE, state_of(one), one.id, "no handler needs it") for one in mine]
    good = [one for one in mine if one.target_url == target and state_of(one) not in SICK]
    rest = [one for one in mine if one not in good]
    if good:
        kept = PlannedWebhook(event, Action.KEEP, state_of(good[0]), good[0].id)
        return [kept, *(_removed(one, target) for one in [*good[1:], *rest])]
    if rest:
        return [PlannedWebhook(event, Action.REPLACE, state_of(one), one.id, _why(one, target)) for one in rest]
    return [PlannedWebhook(event, Action.CREATE, WebhookState.MISSING)]


def _removed(one: Subscription, target: str) -> PlannedWebhook:
    return PlannedWebhook(one.event, Action.REMOVE, state_of(one), one.id, _why(one, target))


def _foreign(one: Subscription) -> PlannedWebhook:
    return PlannedWebhook(one.event, Action.FOREIGN, state_of(one), one.id, "made under another original_id")


def _why(one: Subscription, target: str) -> str:
    if one.target_url != target:
        return "delivers to another address"
    return f"is {state_of(one)}" if state_of(one) in SICK else "is there twice"


@dataclass(frozen=True, slots=True)
class WebhookCheck:
    """What the last look found. `problems` are events that could not be subscribed, and why.

    `complete_at` is when every event was last seen to be delivered.
    """

    store_id: StoreId
    install_id: InstallId
    checked_at: datetime | None
    complete_at: datetime | None
    states: Mapping[str, WebhookState]
    problems: Mapping[str, str]
