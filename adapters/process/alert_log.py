"""Alerts as log lines: loud when raised, quiet when healed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import structlog

from core.domain.alerts import Change, News
from core.ports.alerts import AlertChannel

log = structlog.get_logger()

REMEMBERED: Final = 1000


class AlertLog(AlertChannel):
    """One line for each change, also where the change comes again because another channel did not take it."""

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[int, Change], None] = OrderedDict()

    async def tell(self, news: News) -> None:
        key = news.known.alert_id, news.change
        if key in self._told:
            return
        self._told[key] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        _write(news)


def _write(news: News) -> None:
    about = news.known.alert
    told = log.bind(alert=about.kind.value, subject=about.subject, store_id=about.store_id, reason=about.reason)
    if news.change is Change.RAISED:
        told.error("alert_raised", raised_at=news.known.raised_at.isoformat(timespec="seconds"))
    else:
        told.info("alert_healed", raised_at=news.known.raised_at.isoformat(timespec="seconds"))
