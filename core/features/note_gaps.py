"""Remembering which deliveries were turned away, so that reconciliation reads what they would have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from core.domain.gaps import Gap
from core.domain.topics import ZID_TOPICS
from core.domain.webhook_address import Addressee
from core.errors import Unavailable
from core.ids import InstallId
from core.ports.gap_notes import GapNotes
from core.ports.gaps import Gaps
from core.ports.system import Clock

ROUNDING: Final = timedelta(minutes=5)
"""Notes say `until` rounded up to this: a gap that grows is written once in five minutes, not once a second."""


class NoteGaps:
    """`note` costs nothing and never fails; `flush` opens the gaps in the database, or writes them down for later."""

    def __init__(self, *, gaps: Gaps, notes: GapNotes, clock: Clock) -> None:
        self._gaps = gaps
        self._notes = notes
        self._clock = clock
        self._pending: dict[tuple[InstallId, str | None, str], Gap] = {}
        self._written: Sequence[Gap] = ()

    def note(self, addressee: Addressee, topic: str, cause: str, at: datetime | None = None) -> None:
        """A genuine delivery is turned away, or was at `at`. A topic that nobody knows has nothing to be read anew."""
        if topic in ZID_TOPICS:
            then = at or self._clock.now()
            self._remember(Gap(addressee.store_id, addressee.install_id, topic, then, then, cause))

    @property
    def pending(self) -> int:
        """How many the database has not been told of."""
        return len(self._pending)

    async def flush(self) -> int:
        """How many were opened. Raises Unavailable while the database is away; they are on the disk then."""
        opening, self._pending = list(self._pending.values()), {}
        if not opening:
            return 0
        try:
            await self._gaps.open(opening)
        except Unavailable:
            self._remember(*opening)
            await self._write_down()
            raise
        except BaseException:
            self._remember(*opening)
            raise
        if self._written:
            await self._notes.write(())
            self._written = ()
        return len(opening)

    async def take_over(self) -> None:
        """The notes of processes that are gone become ours. Raises Unavailable."""
        if found := await self._notes.take_over():
            self._remember(*found)
            await self._write_down()

    def _remember(self, *gaps: Gap) -> None:
        """Of one name as one, however far apart: too much read anew is no harm."""
        for gap in gaps:
            known = self._pending.get(gap.names)
            self._pending[gap.names] = known.joined(gap) if known else gap

    async def _write_down(self) -> None:
        rounded = [_rounded(gap) for gap in self._pending.values()]
        if rounded != self._written:
            await self._notes.write(rounded)
            self._written = rounded


def _rounded(gap: Gap) -> Gap:
    beyond = (gap.until - datetime.min.replace(tzinfo=UTC)) % ROUNDING
    return replace(gap, until=gap.until - beyond + ROUNDING)
