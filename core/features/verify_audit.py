"""Checking the audit against its seals, from the first line to the last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.domain.audit import AuditRecord
from core.domain.audit_chain import Seal, SealingKey
from core.domain.audit_flaws import (
    Flaw,
    FlawKind,
    Mark,
    flaws_of_end,
    flaws_of_lines,
    flaws_of_seal,
    flaws_of_tail,
    holds,
)
from core.ports.audit_seals import AuditSeals
from core.ports.system import Clock

SEALS_AT_ONCE: Final = 20
LINES_AT_ONCE: Final = 1000


@dataclass(slots=True)
class Finding:
    """What a check found. `mark` is the head to note for the next one; None before the first seal."""

    mark: str | None = None
    seals: int = 0
    sealed: int = 0
    unsealed: int = 0
    unsealed_since: datetime | None = None
    flaws: list[Flaw] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self.flaws


@dataclass(frozen=True, slots=True)
class VerifyAudit:
    """Reads everything, a bounded piece at a time; writes nothing."""

    seals: AuditSeals
    keys: Sequence[SealingKey]
    clock: Clock

    async def check(self, mark: Mark | None = None) -> Finding:
        """Every flaw, in the order of the chain. With a mark noted earlier, also whether the chain still holds it."""
        finding, before, held = Finding(), None, mark is None
        async for seal in self._chain():
            finding.flaws += flaws_of_seal(before, seal, self.keys)
            finding.flaws += await self._lines(before, seal)
            finding.seals += 1
            finding.sealed += len(seal.lines)
            held = held or (mark is not None and holds(seal, mark))
            before = seal
        finding.flaws += flaws_of_end(before, self.keys)
        if not held and mark is not None:
            finding.flaws.append(Flaw(FlawKind.CUT, seal=mark.number))
        finding.mark = before.mark if before else None
        await self._tail(before, finding)
        return finding

    async def _chain(self) -> AsyncIterator[Seal]:
        after = 0
        while page := await self.seals.page(after=after, limit=SEALS_AT_ONCE):
            for seal in page:
                yield seal
            after = page[-1].number

    async def _lines(self, before: Seal | None, seal: Seal) -> list[Flaw]:
        """The lines from where the seal before ended; where seals are missing between, from where this one begins."""
        follows = before is not None and before.number + 1 == seal.number
        if before is None and seal.number == 1:
            after = None
        else:
            after = before.to_id if before is not None and follows else seal.from_id - 1
        records = [record async for record in self._entries(after, seal.to_id)]
        return list(flaws_of_lines(seal, records))

    async def _tail(self, last: Seal | None, finding: Finding) -> None:
        now, late = self.clock.now(), None
        async for record in self._entries(last.to_id if last else None, None):
            finding.unsealed += 1
            finding.unsealed_since = min(record.at, finding.unsealed_since or record.at)
            late = late or next(flaws_of_tail([record], now), None)
        if late:
            finding.flaws.append(late)

    async def _entries(self, after: int | None, upto: int | None) -> AsyncIterator[AuditRecord]:
        while page := await self.seals.entries(after=after, upto=upto, limit=LINES_AT_ONCE):
            for record in page:
                yield record
            after = page[-1].audit_id
