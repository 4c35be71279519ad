"""How one store stands, as its merchant may see it: read from what is known here, never from Zid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.backfill import StoreProgress
from core.domain.stores import Install
from core.domain.webhook_states import SICK, WebhookState, state_of
from core.ids import EntityKind
from core.ports.ledger_reading import EventFilter, EventSummary
from entrypoints.http.services import HttpServices


@dataclass(frozen=True, slots=True)
class WebhookHealth:
    """How the store's notifications stand; `checked_at` is None before the first look at them."""

    states: Mapping[str, WebhookState]
    checked_at: datetime | None

    @property
    def arriving(self) -> int:
        return sum(state not in SICK for state in self.states.values())

    @property
    def missing(self) -> Sequence[str]:
        """Events that do not arrive."""
        return sorted(event for event, state in self.states.items() if state in SICK)


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """Everything the embedded page shows."""

    install: Install
    backfill: StoreProgress | None
    webhooks: WebhookHealth
    last: EventSummary | None
    mirror: Mapping[EntityKind, int]


async def store_status(services: HttpServices, install: Install) -> StoreStatus:
    """Of exactly this install's store. Raises Unavailable."""
    store_id = install.store_id
    progress = await services.backfill.overviews([store_id])
    latest = await services.reader.events(EventFilter(store_id=store_id), limit=1)
    return StoreStatus(
        install,
        progress.get(store_id),
        await _webhooks(services, install),
        latest[0] if latest else None,
        await services.reader.mirror_counts(store_id),
    )


async def _webhooks(services: HttpServices, install: Install) -> WebhookHealth:
    """What the last look found; before it, what Zid listed at the install."""
    checked = await services.webhook_checks.of_install(install.install_id)
    if checked is not None:
        return WebhookHealth(checked.states, checked.checked_at)
    listed = await services.installations.subscriptions(install.install_id)
    return WebhookHealth({one.event: state_of(one) for one in listed}, None)
