"""Telling people what is wrong and what is well again: each change of an alert once, on every channel there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Final

from core.domain.alerts import News
from core.errors import TryLater
from core.ports.alerts import AlertChannel, Alerts
from core.ports.metrics import Metrics
from core.ports.system import Clock

AT_ONCE: Final = 100
HOLD: Final = 60.0
"""Seconds until news that a channel did not take, or whose teller died, are told again."""
KEPT: Final = timedelta(days=90)
"""How long a healed alert can be looked up."""


@dataclass(frozen=True, kw_only=True)
class TellAlerts:
    """Any number of processes may do it: what one of them tells is not told by another."""

    alerts: Alerts
    channels: Sequence[AlertChannel]
    metrics: Metrics
    clock: Clock

    async def tick(self) -> int:
        """Tells what nobody was told yet; how many changes. What a channel does not take comes back, in its order.

        Ends before the claim does, so that no other process tells the same meanwhile.
        """
        until, number = self.clock.monotonic() + HOLD / 2, 0
        claimed = await self.alerts.claim_news(limit=AT_ONCE, hold=HOLD)
        for _, of_one in groupby(claimed, key=lambda news: news.known.alert_id):
            told = await self._tell_in_order(of_one) if self.clock.monotonic() < until else []
            if told:
                await self.alerts.told(told)
            number += len(told)
        return number

    async def forget(self) -> int:
        return await self.alerts.forget(healed_before=self.clock.now() - KEPT)

    async def measure(self) -> None:
        for kind, number in (await self.alerts.open_counts()).items():
            self.metrics.set("alerts", number, kind=kind.value)

    async def _tell_in_order(self, of_one: Iterable[News]) -> list[News]:
        """An alert's news up to the first that a channel does not take."""
        told: list[News] = []
        for news in of_one:
            if not await self._tell(news):
                break
            told.append(news)
        return told

    async def _tell(self, news: News) -> bool:
        try:
            for channel in self.channels:
                await channel.tell(news)
        except TryLater:
            return False
        self.metrics.count("alert_changes_total", kind=news.known.alert.kind.value, change=news.change.value)
        return True
