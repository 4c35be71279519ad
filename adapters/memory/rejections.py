"""The log of rejected requests in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.ports.rejections import LoggedRejection, Rejection, RejectionFilter, Rejections


class MemoryRejections(Rejections):
    """A list."""

    def __init__(self) -> None:
        self._rows: list[LoggedRejection] = []
        self._last = 0

    async def write(self, rejections: Sequence[Rejection]) -> None:
        for rejection in rejections:
            self._last += 1
            self._rows.append(LoggedRejection(self._last, rejection))

    async def latest(
        self, wanted: RejectionFilter, *, before: int | None = None, limit: int
    ) -> Sequence[LoggedRejection]:
        found = [row for row in reversed(self._rows) if _matches(row.rejection, wanted)]
        return [row for row in found if before is None or row.number < before][:limit]

    async def forget(self, *, before: datetime, keep: int) -> int:
        kept = [row for row in self._rows if row.rejection.received_at >= before]
        kept = kept[max(0, len(kept) - keep) :]
        removed, self._rows = len(self._rows) - len(kept), kept
        return removed


def _matches(rejection: Rejection, wanted: RejectionFilter) -> bool:
    return (
        wanted.store_id in (None, rejection.store_id)
        and wanted.reason in (None, rejection.reason)
        and (wanted.since is None or rejection.received_at >= wanted.since)
    )
