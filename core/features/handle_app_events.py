"""App Market events: written down first, then decided by asking Zid, again and again where it cannot be known yet.

An event proves nothing: anybody who learns the address can send one. What an install
is, its tokens tell; what a store pays, `GET /v1/market/app/subscription` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.domain.app_events import (
    RECHECK_EVERY,
    UNINSTALL,
    AppEvent,
    AppEventOutcome,
    LookAgain,
    PlanClaim,
    Settled,
    StoreSubscription,
    concerns_subscription,
    handler_data,
    later_or_never,
    next_look,
)
from core.domain.audit import AuditEntry
from core.domain.event_states import Origin
from core.domain.events import SHORT_DEDUPE, Delivery, Receipt, WorkItem, WorkKind, dedupe_key
from core.domain.operations.account import GetAppSubscription
from core.domain.results.settings import AppSubscription
from core.domain.stores import LIVE, Install
from core.errors import AskMerchant, FixSetup, Refused, TryLater, Unreadable
from core.features.event_handlers.registry import Handlers
from core.features.uninstall_store import Decision, UninstallStore
from core.ids import Entity, EntityKind, StoreId
from core.ports.app_events import AppEventBook, AppEventClaim, StoreSubscriptions
from core.ports.event_ledger import Inbox
from core.ports.installations import Installations
from core.ports.system import Clock, Ids
from core.ports.work_index import Announcer
from core.ports.zid_gateway import ZidGateway

HOLD: Final = timedelta(seconds=60)
"""How long a decision may take before somebody else begins it anew."""
KEPT: Final = timedelta(days=90)
_ENDINGS: Final = {
    Decision.ENDED: AppEventOutcome.ENDED,
    Decision.NOT_INSTALLED: AppEventOutcome.NOT_INSTALLED,
}


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one event for now."""

    event: AppEvent
    verdict: Settled | LookAgain


@dataclass(frozen=True, kw_only=True)
class HandleAppEvents:
    """Any number of callers in any number of processes; each event is decided once."""

    book: AppEventBook
    subscriptions: StoreSubscriptions
    installations: Installations
    uninstall: UninstallStore
    gateway: ZidGateway
    handlers: Handlers
    inbox: Inbox
    announcer: Announcer
    clock: Clock
    ids: Ids
    app_id: str | None
    encode: Callable[[object], bytes]

    async def note(self, event: AppEvent) -> AppEventClaim | None:
        """Durable when this returns; None for a repeat. The event names a store. Raises Unavailable."""
        return await self.book.note(event, hold=HOLD)

    async def run_due(self, *, limit: int) -> Sequence[Handled]:
        """Decides what waits for it. Raises Unavailable."""
        return [await self.decide(claim) for claim in await self.book.claim_due(limit=limit, hold=HOLD)]

    async def forget(self) -> int:
        """Drops what was decided three months ago; how many."""
        return await self.book.forget(older_than=KEPT)

    async def decide(self, claim: AppEventClaim) -> Handled:
        """One look. Raises Unavailable where the outcome cannot be written: the event comes back by itself."""
        install = await self._live(claim)
        try:
            verdict = await self._look(claim, install)
        except TryLater as error:
            verdict = LookAgain(max(timedelta(seconds=error.retry_after), next_look(claim.tries)), str(error))
        except (FixSetup, Unreadable) as error:
            verdict = LookAgain(RECHECK_EVERY, str(error))
        match verdict:
            case Settled(outcome):
                await self.book.settle(claim, outcome)
            case LookAgain(wait, why):
                await self.book.look_again(claim, wait, why, install.install_id if install else None)
        return Handled(claim.event, verdict)

    async def _live(self, claim: AppEventClaim) -> Install | None:
        """The install that the event can be about: not one that began after the first look at it."""
        install = await self.installations.current(_store(claim))
        if install is None or install.state not in LIVE:
            return None
        return install if claim.install_id in {None, install.install_id} else None

    async def _look(self, claim: AppEventClaim, install: Install | None) -> Settled | LookAgain:
        if claim.event.name == UNINSTALL:
            return await self._uninstalled(claim, install)
        if not concerns_subscription(claim.event.name):
            await self._hand_on(claim, install, None)
            return Settled(AppEventOutcome.NOTED)
        return await self._subscription(claim, install)

    async def _uninstalled(self, claim: AppEventClaim, install: Install | None) -> Settled | LookAgain:
        """The delivery may outrun the end of the tokens (U36), hence the further looks."""
        if install is None:
            return Settled(AppEventOutcome.NOT_INSTALLED)
        decision = await self.uninstall.on_hint(install.store_id, first=claim.tries == 1)
        if decision is Decision.STILL_INSTALLED:
            return self._later(claim, "its tokens still work", AppEventOutcome.STILL_INSTALLED)
        return Settled(_ENDINGS[decision])

    async def _subscription(self, claim: AppEventClaim, install: Install | None) -> Settled | LookAgain:
        """Before the install there is nobody to ask: the claim is kept, and looked at again when there is."""
        if install is None:
            await self._keep(claim, None)
            return self._later(claim, "the store is not installed yet", AppEventOutcome.NOT_INSTALLED)
        answer = await self._ask(install)
        found = await self._keep(claim, answer)
        await self._hand_on(claim, install, found)
        return Settled(AppEventOutcome.SUBSCRIPTION_READ if answer else AppEventOutcome.SUBSCRIPTION_UNVERIFIED)

    async def _ask(self, install: Install) -> AppSubscription | None:
        """What Zid says; None where it will not say."""
        if self.app_id is None:
            return None
        try:
            return await self.gateway.perform(install.store_id, GetAppSubscription(self.app_id))
        except (AskMerchant, Refused):
            return None

    async def _keep(self, claim: AppEventClaim, answer: AppSubscription | None) -> StoreSubscription:
        found = StoreSubscription(
            store_id=_store(claim),
            plan=_answered(answer, claim.event.plan) if answer else claim.event.plan,
            is_usage_based=answer.is_usage_based if answer else None,
            verified=answer is not None,
            told_by=claim.event.name,
            seen_at=self.clock.now(),
        )
        details = {"status": found.plan.status, "plan_id": found.plan.plan_id, "verified": found.verified}
        entry = AuditEntry("subscription.changed", found.store_id, details={**details, "event": claim.event.name})
        await self.subscriptions.keep(found, audit=entry)
        return found

    async def _hand_on(self, claim: AppEventClaim, install: Install | None, found: StoreSubscription | None) -> None:
        """Into the ledger, where an app's handler listens; once, however often the decision is begun."""
        if install is None or not self.handlers.names_for(claim.event.name):
            return
        body = self.encode({**handler_data(claim.event, found), "app_event": claim.number})
        delivery = Delivery(
            event_id=self.ids.event_id(),
            store_id=install.store_id,
            install_id=install.install_id,
            topic=claim.event.name,
            body=body,
            received_at=claim.received_at,
            dedupe_key=dedupe_key(install.store_id, install.install_id, claim.event.name, str(claim.number).encode()),
            keep_for=SHORT_DEDUPE,
            entity=Entity(EntityKind.STORE, str(install.store_id)),
            origin=Origin.SYNTHETIC,
        )
        if await self.inbox.accept(delivery) is Receipt.ACCEPTED:
            self.announcer.announce([WorkItem(WorkKind.EVENT, str(delivery.event_id), delivery.store_id)])

    def _later(self, claim: AppEventClaim, why: str, otherwise: AppEventOutcome) -> Settled | LookAgain:
        return later_or_never(self.clock.now() - claim.received_at, claim.tries, why, otherwise)


def _store(claim: AppEventClaim) -> StoreId:
    assert claim.event.store_id is not None, "an event without a store is not written down"
    return claim.event.store_id


def _answered(answer: AppSubscription, claimed: PlanClaim) -> PlanClaim:
    """Zid's answer; what it is silent about (no shape is published, U9) stays unknown but for the plan's type."""
    return PlanClaim(
        status=answer.status,
        plan_id=answer.plan_id,
        plan_name=answer.plan_name,
        plan_type=claimed.plan_type if claimed.plan_id == answer.plan_id else None,
        starts_at=answer.starts_at,
        ends_at=answer.ends_at,
    )
