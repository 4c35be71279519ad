"""Looking at stores' webhooks beside a daemon's other work, and saying loudly what is not delivered."""

from __future__ import annotations

import structlog

from core.features.check_webhooks import Checked, CheckWebhooks
from core.ports.metrics import Metrics
from core.ports.webhook_checks import WebhookChecks

log = structlog.get_logger()

LOOK_EVERY = 5.0
"""Seconds between claims of what is due."""
MEASURE_EVERY = 30.0
AT_ONCE = 10


class WebhookChecking:
    """Steps for the scheduler's loops."""

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
    if checked.failed:
        log.error("webhooks_not_registered", store_id=checked.store_id, events=dict(checked.failed))
    elif checked.problem:
        log.info("webhooks_not_checked", store_id=checked.store_id, problem=checked.problem)
