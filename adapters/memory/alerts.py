"""Alerts in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import AlertRow
from core.domain.alerts import Alert, AlertKind, Change, KnownAlert, News
from core.ids import InstallId
from core.ports.alerts import AlertFilter, Alerts


def raise_alert(database: MemoryDatabase, alert: Alert) -> bool:
    """Open from now on, unless one of this kind and subject is."""
    if _open_ones(database, alert.kind, alert.subject):
        return False
    database.alerts.append(AlertRow(len(database.alerts) + 1, alert, database.now()))
    return True


def heal_alert(database: MemoryDatabase, kind: AlertKind, subject: str) -> bool:
    found = _open_ones(database, kind, subject)
    for row in found:
        row.healed_at = database.now()
    return bool(found)


def heal_alerts_of(database: MemoryDatabase, install_id: InstallId) -> None:
    """Whatever is open about this install is over with it."""
    for row in database.alerts:
        if row.alert.install_id == install_id and row.healed_at is None:
            row.healed_at = database.now()


def _open_ones(database: MemoryDatabase, kind: AlertKind, subject: str) -> list[AlertRow]:
    named = (row for row in database.alerts if (row.alert.kind, row.alert.subject) == (kind, subject))
    return [row for row in named if row.healed_at is None]


class MemoryAlerts(Alerts):
    """A list, oldest first."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def raise_once(self, alert: Alert) -> bool:
        return raise_alert(self._database, alert)

    async def heal(self, kind: AlertKind, subject: str) -> bool:
        return heal_alert(self._database, kind, subject)

    async def page(self, wanted: AlertFilter, *, before: int | None = None, limit: int = 50) -> Sequence[KnownAlert]:
        newest_first = (row for row in reversed(self._database.alerts) if before is None or row.alert_id < before)
        return [row.known() for row in newest_first if _is_wanted(row, wanted)][:limit]

    async def open_counts(self) -> Mapping[AlertKind, int]:
        counts = Counter(row.alert.kind for row in self._database.alerts if row.healed_at is None)
        return {kind: counts[kind] for kind in AlertKind}

    async def claim_news(self, *, limit: int, hold: float) -> Sequence[News]:
        now = self._database.now()
        free = (row for row in self._database.alerts if row.claimed_until is None or row.claimed_until <= now)
        claimed = [row for row in free if row.untold()][:limit]
        for row in claimed:
            row.claimed_until = now + timedelta(seconds=hold)
        return [News(row.known(), change) for row in claimed for change in row.untold()]

    async def told(self, news: Sequence[News]) -> None:
        rows = {row.alert_id: row for row in self._database.alerts}
        for one in news:
            if row := rows.get(one.known.alert_id):
                row.claimed_until = None
                if one.change is Change.RAISED:
                    row.told_at = self._database.now()
                else:
                    row.healing_told_at = self._database.now()

    async def forget(self, *, healed_before: datetime) -> int:
        before = len(self._database.alerts)
        kept = [row for row in self._database.alerts if not _is_forgettable(row, healed_before)]
        self._database.alerts[:] = kept
        return before - len(kept)


def _is_wanted(row: AlertRow, wanted: AlertFilter) -> bool:
    return (
        wanted.kind in (None, row.alert.kind)
        and wanted.store_id in (None, row.alert.store_id)
        and wanted.is_open in (None, row.healed_at is None)
    )


def _is_forgettable(row: AlertRow, healed_before: datetime) -> bool:
    return row.healed_at is not None and row.healed_at < healed_before and not row.untold()
