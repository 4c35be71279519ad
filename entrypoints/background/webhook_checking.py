"""Looking at stores' webhooks beside a daemon's other work, and saying loudly what is not delivered."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.features.check_webhooks import Checked, CheckWebhooks
from core.ports.metrics import Metrics
from core.ports.webhook_checks import WebhookChecks
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

LOOK_EVERY = 5.0
"""Seconds between claims of what is due."""
MEASURE_EVERY = 30.0
AT_ONCE = 10


def loops(parts: Daemon) -> Sequence[Work]:
    adapters = parts.adapters
    checking = WebhookChecking(parts.features.check_webhooks(), adapters.webhook_checks(), adapters.metrics())
    return [
        Loop("check_webhooks", checking.step, LOOK_EVERY),
        Loop("measure_webhooks", checking.measure, MEASURE_EVERY),
    ]


class WebhookChecking:
    """Claims and looks at what is due, and counts stores by how their webhooks do."""

    def __init__(self, feature: CheckWebhooks, checks: WebhookChecks, metrics: Metrics) -> None:
        self._feature = feature
        self._checks = checks
        self._metrics = metrics

    async def step(self) -> None:
        for checked in await self._feature.run_due(limit=AT_ONCE):
            tell(checked)

    async def measure(self) -> None:
        for state, count in (await self._checks.totals()).items():
            self._metrics.set("webhook_health", count, state=state.value)


def tell(checked: Checked) -> None:
    """Nothing where all is well."""
    if checked.healed:
        found = {event: state.value for event, state in checked.healed.items()}
        log.warning("webhooks_recovered", store_id=checked.store_id, events=found)
    if checked.renewed:
        log.info("webhooks_renewed", store_id=checked.store_id, events=list(checked.renewed))
    if checked.failed:
        log.error("webhooks_not_registered", store_id=checked.store_id, events=dict(checked.failed))
    elif checked.problem:
        log.info("webhooks_not_checked", store_id=checked.store_id, problem=checked.problem)
