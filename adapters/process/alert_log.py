"""Alerts as log lines: loud when raised, quiet when healed."""

from __future__ import annotations

import structlog

from core.domain.alerts import Change, News
from core.ports.alerts import AlertChannel

log = structlog.get_logger()


class AlertLog(AlertChannel):
    """One line for each change."""

    async def tell(self, news: News) -> None:
        about = news.known.alert
        told = log.bind(alert=about.kind.value, subject=about.subject, store_id=about.store_id, reason=about.reason)
        if news.change is Change.RAISED:
            told.error("alert_raised", raised_at=news.known.raised_at.isoformat(timespec="seconds"))
        else:
            told.info("alert_healed", raised_at=news.known.raised_at.isoformat(timespec="seconds"))
