"""Looking after a store's webhooks: what is missing, broken or asleep is made anew, what it lost is noted as a gap."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.domain.gaps import Gap
from core.domain.operations.webhooks import ListWebhooks, Subscription
from core.domain.recover_webhook import RecoverWebhook
from core.domain.stores import Install, InstallState
from core.domain.subscription_plan import original_ids
from core.domain.webhook_states import (
    SICK,
    PlannedWebhook,
    WebhookState,
    aging_states,
    is_settled,
    plan_lines,
    state_of,
    webhook_states,
)
from core.errors import OutcomeUnknown, Refused, Stale, TryLater, Unreadable, WaslError
from core.features.subscribe_webhooks import SubscribeWebhooks, SubscriptionReport
from core.ids import StoreId
from core.ports.gaps import Gaps
from core.ports.installations import Installations
from core.ports.system import Chance, Clock
from core.ports.webhook_checks import WebhookChecks
from core.ports.zid_gateway import ZidGateway

HOLD: Final = timedelta(minutes=5)
"""A claimed check whose worker died comes back after this."""
RETRY: Final = timedelta(minutes=5)
FIXED_CALLS: Final = 7
"""Lists before, between and after, and deletes, beside a call or two for each event."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look found and did. `healed` deliver again, `failed` do not, and why; `problem` stopped the look.

    `calls` are the calls to Zid at most.
    """

    store_id: StoreId
    states: Mapping[str, WebhookState]
    healed: Mapping[str, WebhookState]
    failed: Mapping[str, str]
    problem: str | None = None
    calls: int = 1
    renewed: tuple[str, ...] = ()
    """Delivered all along; their addresses are made by the first WEBHOOK_SECRET now."""


async def _they_do() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class CheckWebhooks:
    """Zid's list against what the handlers need. `topics` are Zid's events that every store gets."""

    subscribe: SubscribeWebhooks
    gateway: ZidGateway
    installations: Installations
    checks: WebhookChecks
    gaps: Gaps
    clock: Clock
    chance: Chance
    topics: Sequence[str]
    every: timedelta
    recover_path: str
    """Where Zid recovers a broken webhook; empty where nobody knows (U7): it is replaced then."""
    secrets_agree: Callable[[], Awaitable[bool]] = _they_do
    """Whether all processes make addresses with the same secret: else they would undo each other's work."""

    @property
    def most_calls(self) -> int:
        """What one look may cost."""
        return FIXED_CALLS + 2 * len(self.topics)

    async def run_due(self, *, limit: int) -> Sequence[Checked]:
        """Looks that are due. Raises Unavailable where the database is away."""
        if not self.every:
            return []
        due = await self.checks.claim_due(every=self.every, hold=HOLD, limit=limit)
        found = []
        for store_id in due:
            install = await self.installations.current(store_id)
            if install is not None and install.state is InstallState.ACTIVE:
                found.append(await self.check(install))
        return found

    async def check(self, install: Install) -> Checked:
        """Looks, heals what is sick, and notes what may have been lost. A problem is told, not raised."""
        return await self._told(install, tidy=False)

    async def apply(self, install: Install) -> Checked:
        """The same, and removes what nobody needs. A problem is told, not raised."""
        return await self._told(install, tidy=True)

    async def _told(self, install: Install, *, tidy: bool) -> Checked:
        try:
            return await self._check(install, tidy=tidy)
        except (TryLater, Stale) as problem:
            await self._note(install, {}, {}, complete=False, keep=True)
            return Checked(install.store_id, {}, {}, {}, str(problem))
        except WaslError as problem:
            failed = dict.fromkeys(self.topics, str(problem))
            await self._note(install, dict.fromkeys(self.topics, WebhookState.MISSING), failed, complete=False)
            return Checked(install.store_id, {}, {}, failed, str(problem))

    async def renew(self, install: Install) -> SubscriptionReport:
        """The same for who wants to see what goes wrong: raises what the gateway raises."""
        listed = await self._listed(install)
        states = webhook_states(listed, self._urls(install), self._ids)
        _, report = await self._heal(install, listed, states, self._aging(install, listed, states))
        return report

    async def plan(self, install: Install) -> Sequence[PlannedWebhook]:
        """What Zid has against what it should have, line by line; nothing is changed."""
        return self.lines(install, await self._listed(install))

    def lines(self, install: Install, listed: Sequence[Subscription]) -> Sequence[PlannedWebhook]:
        """The same for a list at hand."""
        return plan_lines(listed, self._urls(install), self._ids)

    async def _check(self, install: Install, *, tidy: bool) -> Checked:
        listed = await self._listed(install)
        found = webhook_states(listed, self._urls(install), self._ids)
        aging = self._aging(install, listed, found)
        states = {**found, **aging}
        is_well = not SICK.intersection(states.values()) and not (aging and await self.secrets_agree())
        if is_well and (not tidy or is_settled(self.lines(install, listed))):
            await self._note(install, states, {}, complete=True)
            return Checked(install.store_id, states, {}, {})
        checked, _ = await self._heal(install, listed, states, aging)
        return checked

    async def _listed(self, install: Install) -> Sequence[Subscription]:
        listed = await self.gateway.perform(install.store_id, ListWebhooks())
        await self.installations.note_subscriptions(install.install_id, listed)
        return listed

    async def _heal(
        self,
        install: Install,
        listed: Sequence[Subscription],
        states: Mapping[str, WebhookState],
        aging: Mapping[str, WebhookState],
    ) -> tuple[Checked, SubscriptionReport]:
        """`aging` ones are made anew too; they were never silent."""
        states = {**states, **aging}
        sick = {event: state for event, state in states.items() if state in SICK}
        silent_since = await self._silent_since(install, listed, sick)
        recovered = await self._recover(install, listed)
        report = await self.subscribe.ensure(install, self.topics)
        failed = dict(report.failed)
        healed = {event: state for event, state in sick.items() if event not in failed}
        await self.gaps.open(list(_gaps(install, healed, silent_since, self.clock.now())))
        now_standing = {event: WebhookState.HEALTHY for event in states if event not in failed}
        old_stand = {} if report.gap else aging
        left = {event: sick.get(event) or old_stand.get(event, WebhookState.MISSING) for event in failed}
        renewed = tuple(event for event in aging if event not in failed)
        await self._note(install, {**now_standing, **left}, failed, complete=not failed)
        calls = recovered + _calls(report)
        return Checked(install.store_id, states, healed, failed, calls=calls, renewed=renewed), report

    async def _recover(self, install: Install, listed: Sequence[Subscription]) -> int:
        """Broken ones that only need a word; how many calls. One that is refused is replaced like a missing one."""
        urls, ids = self._urls(install), self._ids
        broken = [one for one in listed if one.original_id in ids and urls.get(one.event) == one.target_url]
        broken = [one for one in broken if self.recover_path and state_of(one) is WebhookState.BROKEN]
        for one in broken:
            wanted = RecoverWebhook(self.recover_path, one.id, one.target_url)
            with suppress(Refused, Unreadable, OutcomeUnknown):
                await self.gateway.perform(install.store_id, wanted)
        return len(broken)

    async def _silent_since(
        self, install: Install, listed: Sequence[Subscription], sick: Iterable[str]
    ) -> Mapping[str, datetime]:
        """When each was last known to deliver: Zid's own word, else a delivery or a look that found it well."""
        broken = {one.event: one.broken_at for one in listed if one.broken_at}
        before = await self.checks.of_install(install.install_id)
        heard = await self.checks.heard(install.install_id)
        well = before.complete_at if before and before.complete_at else install.installed_at
        return {event: broken.get(event) or max(well, heard.get(event, well)) for event in sick}

    async def _note(
        self,
        install: Install,
        states: Mapping[str, WebhookState],
        problems: Mapping[str, str],
        *,
        complete: bool,
        keep: bool = False,
    ) -> None:
        """`keep` leaves what the last look found: this one saw nothing."""
        before = await self.checks.of_install(install.install_id) if keep else None
        if before is not None:
            states, problems = before.states, before.problems
        spread = 0.9 + 0.2 * self.chance.fraction()
        next_in = (self.every if complete else min(RETRY, self.every)) * spread
        await self.checks.note(install.install_id, states=states, problems=problems, complete=complete, next_in=next_in)

    def _urls(self, install: Install) -> Mapping[str, str]:
        return self.subscribe.target.urls(install, self.topics)

    def _aging(
        self, install: Install, listed: Sequence[Subscription], states: Mapping[str, WebhookState]
    ) -> Mapping[str, WebhookState]:
        older = self.subscribe.target.older_urls(install, self.topics)
        return aging_states(listed, states, older, self._ids)

    @property
    def _ids(self) -> tuple[str, str]:
        return original_ids(self.subscribe.target.app_id)


def _gaps(
    install: Install, healed: Mapping[str, WebhookState], since: Mapping[str, datetime], now: datetime
) -> Iterable[Gap]:
    for event, state in healed.items():
        begun = min(since[event], now)
        yield Gap(install.store_id, install.install_id, event, begun, now, f"its webhook was {state}")


def _calls(report: SubscriptionReport) -> int:
    """At most: those that failed may have been tried twice."""
    return 1 + 3 + 2 + len(report.created) + 2 * len(report.failed)
