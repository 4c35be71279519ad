"""One store as its page shows it: everything we hold about how it stands. Zid is not asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.domain.backfill import OPEN, BackfillStatus, StoreProgress, overall
from core.domain.erasures import Erasure
from core.domain.event_states import EventState
from core.domain.gaps import KnownGap
from core.domain.operations.webhooks import Subscription
from core.domain.stores import LIVE, Install
from core.domain.token_claims import LocalCheck
from core.domain.webhook_states import PlannedWebhook, WebhookCheck, WebhookState, is_settled
from core.ids import StoreId
from core.ports.ledger_reading import EventFilter, EventSummary
from core.ports.rejections import LoggedRejection, RejectionFilter
from core.ports.token_status import TokenStatus
from entrypoints.http.api.reconciliation import ReconciliationView, reconciliation_view
from entrypoints.http.api.stores import AppSubscriptionView, StoreView, app_subscription_view, store_view
from entrypoints.http.console.store_life import Life, life_of
from entrypoints.http.console.store_needs import Known, needs_of
from entrypoints.http.console.store_rows import days_left, tallied
from entrypoints.http.services import HttpServices

FEW: Final = 8
"""So many of each list; the rest have pages of their own."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Subscriptions as Zid listed them last (`from_zid`: just now), against what the handlers need."""

    lines: Sequence[PlannedWebhook]
    check: WebhookCheck | None
    from_zid: bool = False

    @property
    def is_settled(self) -> bool:
        return is_settled(self.lines)

    @property
    def tally(self) -> Mapping[WebhookState, int]:
        """How many events stand how, at the last look."""
        return tallied(self.check.states) if self.check else {}


@dataclass(frozen=True, slots=True)
class Backfills:
    """How far each kind is, and all of them as one."""

    kinds: Sequence[BackfillStatus]

    @property
    def whole(self) -> StoreProgress | None:
        return overall(self.kinds)

    @property
    def is_open(self) -> bool:
        return any(one.state in OPEN for one in self.kinds)


@dataclass(frozen=True, slots=True)
class StoreSight:
    """All of it. `local` is what the tokens say of themselves, `token_problem` why that cannot be read."""

    install: Install
    store: StoreView
    needs: Sequence[str]
    now: datetime
    plan: AppSubscriptionView | None
    tokens: TokenStatus | None
    local: LocalCheck | None
    token_problem: str | None
    webhooks: Webhooks
    backfills: Backfills
    reconciliations: Sequence[ReconciliationView]
    gaps: Sequence[KnownGap]
    events: Sequence[EventSummary]
    dead: Sequence[EventSummary]
    rejected: Sequence[LoggedRejection]
    erasures: Sequence[Erasure]
    life: Life

    @property
    def is_live(self) -> bool:
        return self.install.state in LIVE

    @property
    def days_left(self) -> int | None:
        return days_left(self.tokens.expires_at if self.tokens else None, self.now)

    @property
    def renewal(self) -> str:
        """How the last renewal ended, in one word."""
        if self.tokens is None:
            return "none"
        if self.tokens.in_doubt_since:
            return "in_doubt"
        if self.tokens.failures:
            return "failing"
        return "renewed" if self.tokens.renewed_at else "first"


async def look_at(services: HttpServices, install: Install) -> StoreSight:
    """Everything anew, each by an index. Raises Unavailable."""
    store_id, install_id = install.store_id, install.install_id
    tokens = (await services.token_statuses.of([install_id])).get(install_id)
    validation = await services.check_tokens.validate(install)
    paid = await services.store_subscriptions.of_stores([store_id])
    webhooks = await webhooks_of(services, install, await services.installations.subscriptions(install_id))
    backfills = await services.backfill.progress(store_id)
    reconciliations = await services.reconciliation.history(store_id, limit=FEW)
    erasures = await services.erasing.book.of_store(store_id, limit=FEW)
    dead = await services.reader.events(EventFilter(store_id=store_id, state=EventState.DEAD), limit=FEW)
    now = services.clock.now()
    expires_in = tokens.expires_at - now if tokens and tokens.expires_at else None
    known = Known(install, tokens, webhooks.check, backfills, erasures, len(dead), expires_in)
    return StoreSight(
        install=install,
        store=store_view(install, tokens),
        needs=needs_of(known),
        now=now,
        plan=app_subscription_view(paid[0]) if paid else None,
        tokens=tokens,
        local=validation.local,
        token_problem=validation.problem,
        webhooks=webhooks,
        backfills=Backfills(backfills),
        reconciliations=[reconciliation_view(one) for one in reconciliations],
        gaps=(await services.reconciliation.known_gaps(store_id))[:FEW],
        events=await services.reader.events(EventFilter(store_id=store_id), limit=FEW),
        dead=dead,
        rejected=await services.rejections.latest(RejectionFilter(store_id), limit=FEW),
        erasures=erasures,
        life=await life_of(services, store_id, None, FEW),
    )


async def webhooks_of(
    services: HttpServices, install: Install, listed: Sequence[Subscription], *, from_zid: bool = False
) -> Webhooks:
    """What there is against what there should be; nothing should be where the install is over."""
    lines = services.webhooks.lines(install, listed) if install.state in LIVE else []
    return Webhooks(lines, await services.webhook_checks.of_install(install.install_id), from_zid)


async def backfills_of(services: HttpServices, store_id: StoreId) -> Backfills:
    return Backfills(await services.backfill.progress(store_id))
