"""A store whose webhooks stand at a model of Zid, and the feature that looks after them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from adapters.memory.gaps import MemoryGaps
from adapters.memory.webhook_checks import MemoryWebhookChecks
from core.domain.webhook_states import WebhookState
from core.features.check_webhooks import Checked, CheckWebhooks
from tests.unit.zid.subscribing_world import TOPICS, SubscribingWorld

EVERY = timedelta(minutes=15)


class CheckedWorld(SubscribingWorld):
    """A store whose webhooks stand, and the feature that looks after them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.checks = MemoryWebhookChecks(self.database)
        self.gaps = MemoryGaps(self.database)
        self.check = CheckWebhooks(
            subscribe=self.feature(),
            gateway=self.webhooks,
            installations=self.installations,
            checks=self.checks,
            gaps=self.gaps,
            clock=self.clock,
            chance=self.chance,
            topics=TOPICS,
            every=EVERY,
            recover_path="",
        )

    async def ready(self) -> CheckedWorld:
        self.live = await self.install()
        await self.feature().ensure(self.live, TOPICS)
        await self.check.check(self.live)
        self.webhooks.performed.clear()
        self.well_at = self.clock.now()
        self.clock.advance(600)
        return self

    async def look(self) -> Checked:
        return await self.check.check(self.live)

    def change(self, event: str, **fields: object) -> None:
        """As Zid shows this event's subscription from now on."""
        self.webhooks.standing = [
            replace(one, **fields) if one.event == event else one  # type: ignore[arg-type]
            for one in self.webhooks.standing
        ]

    async def open_gaps(self) -> dict[str | None, tuple[datetime, datetime]]:
        return {
            known.gap.topic: (known.gap.since, known.gap.until)
            for known in await self.gaps.of_install(self.live.install_id)
        }

    async def noted(self) -> tuple[set[WebhookState], dict[str, str]]:
        found = await self.checks.of_install(self.live.install_id)
        assert found is not None
        return set(found.states.values()), dict(found.problems)


def with_topics(check: CheckWebhooks, topics: tuple[str, ...]) -> CheckWebhooks:
    """The same feature of an app whose handlers need these."""
    return replace(check, topics=topics)
