"""Subscribing a store's webhooks: the new set stands before the old one goes.

Zid's subscription API: docs.zid.sa "create-a-webhook" and "delete-a-webhook-by-original-id".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.domain.audit import SYSTEM, AuditEntry
from core.domain.gaps import Gap
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks, Subscription
from core.domain.secret import Secret
from core.domain.stores import LIVE, Install
from core.domain.subscription_plan import Plan, original_ids, plan_subscriptions, served
from core.domain.webhook_address import USERNAME, Addressee, install_token, password
from core.errors import AskMerchant, FixSetup, RateLimited, Stale, TryLater, WaslError
from core.ports.audit_trail import AuditTrail
from core.ports.gaps import Gaps
from core.ports.guards import Locks
from core.ports.installations import Installations
from core.ports.system import Clock
from core.ports.zid_gateway import ZidGateway

LOCK_WAIT: Final = 30.0
EXISTS: Final = "Zid says that it exists (409 or 422), but does not list it"
UNLISTED: Final = "Zid does not list it"


@dataclass(frozen=True, slots=True)
class SubscriptionReport:
    """What stands at Zid now. `gap`: for a moment some event had no subscription, so deliveries may be missing."""

    created: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    """(event, reason)."""
    gap: bool = False

    @property
    def complete(self) -> bool:
        return not self.failed

    @classmethod
    def nothing(cls, topics: Sequence[str], reason: str) -> SubscriptionReport:
        """None of the topics could be subscribed."""
        return cls(failed=tuple((topic, reason) for topic in topics))


class InstallOver(Stale):
    """Another install took the store over, or it was uninstalled: nothing more is written for this one."""


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """What subscriptions are made of. The first of `secrets` makes addresses and passwords."""

    public_url: str
    app_id: str
    secrets: tuple[Secret, ...]

    def urls(self, install: Install, topics: Sequence[str]) -> Mapping[str, str]:
        """Event → the address that only this install's deliveries use."""
        return self._urls(self.secrets[0], install, topics)

    def older_urls(self, install: Install, topics: Sequence[str]) -> Sequence[Mapping[str, str]]:
        """The same as older members of the ring made them: deliveries to them are taken as well."""
        return [self._urls(secret, install, topics) for secret in self.secrets[1:]]

    def _urls(self, secret: Secret, install: Install, topics: Sequence[str]) -> Mapping[str, str]:
        token = install_token(secret, _addressee(install))
        return {topic: f"{self.public_url}/webhooks/zid/{token}/{topic}" for topic in topics}

    def password(self, install: Install) -> Secret:
        return password(self.secrets[0], _addressee(install))


@dataclass(frozen=True, kw_only=True)
class SubscribeWebhooks:
    """Makes Zid's subscriptions what they should be. The lock only saves work: every write looks first."""

    gateway: ZidGateway
    installations: Installations
    locks: Locks
    trail: AuditTrail
    target: WebhookTarget
    gaps: Gaps
    clock: Clock

    async def ensure(self, install: Install, topics: Sequence[str]) -> SubscriptionReport:
        """Afterwards every topic delivers to this install, or the report says which does not and why.

        Raises TryLater while another process is at it, InstallOver, and what listing raises.
        """
        async with self.locks.hold(f"subscriptions:{install.store_id}", wait=LOCK_WAIT) as held:
            if not held:
                raise TryLater(f"the webhooks of store {install.store_id} are being subscribed already", 10.0)
            begun = self.clock.now()
            report = await self._ensure(install, self.target.urls(install, topics))
            if report.gap:
                await self._note_gap(install, report, begun)
        await self.trail.note(_entry("webhooks.subscribed", install, report))
        return report

    async def remove(self, install: Install) -> None:
        """Removes every subscription of this app in the store. Raises what the gateway raises."""
        async with self.locks.hold(f"subscriptions:{install.store_id}", wait=LOCK_WAIT):
            for original_id in original_ids(self.target.app_id):
                await self._delete(install, original_id)

    async def _note_gap(self, install: Install, report: SubscriptionReport, begun: datetime) -> None:
        """What was made anew had no subscription for a moment: its deliveries of that time are read."""
        now, cause = self.clock.now(), "its webhook was made anew"
        events = [*report.created, *(event for event, _ in report.failed)]
        await self.gaps.open([Gap(install.store_id, install.install_id, event, begun, now, cause) for event in events])

    async def _ensure(self, install: Install, wanted: Mapping[str, str]) -> SubscriptionReport:
        before = await self.gateway.perform(install.store_id, ListWebhooks())
        plan = plan_subscriptions(before, wanted, original_ids(self.target.app_id))
        if plan.clear_first:
            await self._delete(install, plan.original_id)
        problems = await self._create(install, plan, plan.create, wanted)
        after = await self.gateway.perform(install.store_id, ListWebhooks())
        gap = plan.clear_first
        if blocked := _blocked(after, plan, problems, wanted):
            # Zid refuses the same event twice (U6): the old set has to go first.
            await self._delete(install, _in_the_way(plan))
            problems |= await self._create(install, plan, blocked, wanted)
            gap = True
        elif plan.remove and served(after, wanted, plan.original_id) == set(wanted):
            await self._delete(install, plan.remove)
        return await self._report(install, plan, wanted, problems, gap)

    async def _create(
        self, install: Install, plan: Plan, events: Sequence[str], wanted: Mapping[str, str]
    ) -> dict[str, str]:
        """Event → why it may not stand. What hinders all of them ends the round."""
        problems: dict[str, str] = {}
        for position, event in enumerate(events):
            try:
                made = await self._subscribe(install, plan.original_id, event, wanted[event])
            except (AskMerchant, FixSetup, RateLimited) as problem:
                return problems | dict.fromkeys(events[position:], str(problem))
            except InstallOver:
                raise
            except WaslError as problem:
                problems[event] = str(problem)
            else:
                if made is None:
                    problems[event] = EXISTS
        return problems

    async def _subscribe(self, install: Install, original_id: str, event: str, url: str) -> Subscription | None:
        await self._must_be_current(install)
        secret = self.target.password(install)
        return await self.gateway.perform(
            install.store_id, CreateWebhook(event, url, original_id, username=USERNAME, password=secret)
        )

    async def _delete(self, install: Install, original_id: str) -> None:
        """Only while this install is the store's current one: a later one's subscriptions are never touched."""
        await self._must_be_current(install)
        await self.gateway.perform(install.store_id, DeleteWebhooks(original_id))

    async def _must_be_current(self, install: Install) -> None:
        current = await self.installations.current(install.store_id)
        if current is None or current.install_id != install.install_id or current.state not in LIVE:
            raise InstallOver(f"install {install.install_id} of store {install.store_id} is over")

    async def _report(
        self, install: Install, plan: Plan, wanted: Mapping[str, str], problems: Mapping[str, str], gap: bool
    ) -> SubscriptionReport:
        """Judged by what Zid lists, not by what it answered: an answer may have been lost."""
        listed = await self.gateway.perform(install.store_id, ListWebhooks())
        await self.installations.note_subscriptions(install.install_id, listed)
        standing = served(listed, wanted, plan.original_id)
        missing = sorted(set(wanted) - standing)
        return SubscriptionReport(
            created=tuple(event for event in plan.create if event in standing),
            kept=tuple(event for event in plan.keep if event in standing),
            failed=tuple((event, problems.get(event, UNLISTED)) for event in missing),
            gap=gap,
        )


def _blocked(
    listed: Sequence[Subscription], plan: Plan, problems: Mapping[str, str], wanted: Mapping[str, str]
) -> list[str]:
    """Events that Zid refused to subscribe a second time while the old set stands."""
    standing = served(listed, wanted, plan.original_id)
    return [event for event, why in problems.items() if why == EXISTS and event not in standing and plan.remove]


def _in_the_way(plan: Plan) -> str:
    assert plan.remove is not None, "blocked events are only looked for where another set stands"
    return plan.remove


def _addressee(install: Install) -> Addressee:
    return Addressee(install.store_id, install.install_id)


def _entry(action: str, install: Install, report: SubscriptionReport) -> AuditEntry:
    counts = {"created": len(report.created), "kept": len(report.kept), "failed": len(report.failed)}
    return AuditEntry(action, install.store_id, install.install_id, SYSTEM, details={**counts, "gap": report.gap})
