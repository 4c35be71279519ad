"""Alerts to an address that somebody has configured, signed as Standard Webhooks has it (standardwebhooks.com)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from structlog import get_logger

from adapters.outbound.session import Outbound
from adapters.outbound.signing import secret_key, signature
from core.domain.alerts import Change, News
from core.domain.secret import Secret
from core.errors import TryLater, Unavailable
from core.ports.alerts import AlertChannel
from core.ports.metrics import Metrics
from core.ports.system import Chance, Clock

log = get_logger()

FIRST_REST: Final = 5.0
LONGEST_REST: Final = 300.0


class AlertWebhook(AlertChannel):
    """One POST for each change. The same change keeps its `webhook-id`, so that a receiver knows a repetition.

    While the address does not take them it is left alone, longer each time; `tell` raises TryLater meanwhile.
    """

    def __init__(
        self, outbound: Outbound, url: str, secret: Secret | None, metrics: Metrics, clock: Clock, chance: Chance
    ) -> None:
        self._outbound = outbound
        self._url = url
        self._key = secret_key(secret) if secret is not None else None
        self._metrics = metrics
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._rest_until = 0.0

    async def tell(self, news: News) -> None:
        left = self._rest_until - self._clock.monotonic()
        if left > 0:
            raise TryLater("the alert webhook rests after a failure", left)
        body = orjson.dumps(document(news))
        try:
            status = await self._outbound.post(self._url, body, self._headers(news, body))
        except Unavailable as error:
            raise self._failed(str(error)) from error
        if not 200 <= status < 300:
            raise self._failed(f"answered {status}")
        self._metrics.count("alert_webhooks_total", outcome="sent")
        self._failures = 0

    def _failed(self, why: str) -> TryLater:
        self._metrics.count("alert_webhooks_total", outcome="failed")
        rest = min(LONGEST_REST, FIRST_REST * 2**self._failures) * (0.5 + self._chance.fraction() / 2)
        self._failures = min(self._failures + 1, 16)
        self._rest_until = self._clock.monotonic() + rest
        log.warning("alert_webhook_failed", why=why, seconds=round(rest, 1))
        return TryLater("the alert webhook failed", rest)

    def _headers(self, news: News, body: bytes) -> Mapping[str, str]:
        message_id = f"alert_{news.known.alert_id}_{news.change.value}"
        at = int(self._clock.now().timestamp())
        headers = {"Content-Type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(at)}
        if self._key is None:
            return headers
        return headers | {"webhook-signature": signature(self._key, message_id, at, body)}


def document(news: News) -> Mapping[str, object]:
    """What is told: ids and reasons, no secret and no person."""
    known = news.known
    moment = known.raised_at if news.change is Change.RAISED or known.healed_at is None else known.healed_at
    return {
        "type": f"alert.{news.change.value}",
        "timestamp": moment,
        "data": {
            "alert_id": known.alert_id,
            "alert": known.alert.kind.value,
            "subject": known.alert.subject,
            "store_id": known.alert.store_id,
            "reason": known.alert.reason,
            "raised_at": known.raised_at,
            "healed_at": known.healed_at,
        },
    }
