"""Gaps: spans of time in which deliveries of a store may have been lost, until its rows are read anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType

from core.ids import InstallId, StoreId

GapId = NewType("GapId", int)

NEAR: Final = timedelta(minutes=1)
"""Gaps of one cause closer than this are one: a burst of refusals is one thing to read."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Between `since` and `until` deliveries of a topic, or of all where it is None, may not have come.

    `cause` is one short phrase for people: gaps of different causes are kept apart.
    """

    store_id: StoreId
    install_id: InstallId
    topic: str | None
    since: datetime
    until: datetime
    cause: str

    @property
    def names(self) -> tuple[InstallId, str | None, str]:
        """What gaps that may be merged have in common."""
        return self.install_id, self.topic, self.cause

    def meets(self, other: Gap) -> bool:
        """Whether the two are one: of the same name, and overlapping or near."""
        is_near = self.since <= other.until + NEAR and other.since <= self.until + NEAR
        return self.names == other.names and is_near

    def covers(self, other: Gap) -> bool:
        """Whether the other says nothing that this one does not say."""
        return self.names == other.names and self.since <= other.since and other.until <= self.until

    def joined(self, other: Gap) -> Gap:
        """Both as one."""
        since, until = min(self.since, other.since), max(self.until, other.until)
        return Gap(self.store_id, self.install_id, self.topic, since, until, self.cause)


@dataclass(frozen=True, slots=True)
class KnownGap:
    """A gap on record. One that grows gets another id, so that reading the smaller one does not close it.

    `closed_at` is when its rows had been read; `lost` says then what no reading brings back.
    """

    gap_id: GapId
    gap: Gap
    opened_at: datetime
    closed_at: datetime | None = None
    lost: str | None = None


def merged(gaps: Iterable[Gap]) -> Sequence[Gap]:
    """The same gaps with those that meet as one, by time."""
    found: list[Gap] = []
    for gap in sorted(gaps, key=lambda one: (one.install_id, one.topic or "", one.cause, one.since)):
        if found and found[-1].meets(gap):
            found[-1] = found[-1].joined(gap)
        else:
            found.append(gap)
    return found
