"""Sealing the audit: the scheduler's part in showing that nobody altered it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from core.domain.audit_chain import Seal, SealingKey, genuine, next_seal
from core.errors import KeyMissing, SealBroken
from core.ports.audit_seals import AuditSeals
from core.ports.metrics import Metrics
from core.ports.system import Clock

AT_ONCE: Final = 500
IN_TURNS: Final = timedelta(minutes=1)


@dataclass(slots=True)
class SealAudit:
    """Adds seals to the end of the chain. Any number may do it at once: one of them is first, the others add nothing.

    `keys` are derived from TOKEN_KEYS: the first one seals.
    """

    seals: AuditSeals
    keys: Sequence[SealingKey]
    metrics: Metrics
    clock: Clock
    _seen: Seal | None = field(default=None, init=False)

    async def tick(self) -> Seal | None:
        """The seal that was added; None where nothing is to be sealed yet.

        The end of the chain is vouched for by the next seal, so it is looked at first. Raises
        SealBroken when it was altered or cut off, KeyMissing when its key left the ring too early.
        """
        last = await self.seals.last()
        self._look(last)
        records = await self.seals.settled(after=last.to_id if last else 0, limit=AT_ONCE)
        if not records and not self._vouches_anew(last):
            return None
        seal = next_seal(last, records, self.keys[0], at=self.clock.now())
        if not await self.seals.add(seal):
            return None
        self._seen = seal
        for record in records:
            self.metrics.count("audit_entries_total", action=record.entry.action)
        return seal

    def _vouches_anew(self, last: Seal | None) -> bool:
        """Whether a new key is to vouch for what an old one sealed.

        Processes whose rings begin with different keys, as a rotation has them for a while, do not do it in turns.
        """
        if last is None or last.key_id == self.keys[0].key_id:
            return False
        return bool(last.lines) or self.clock.now() - last.sealed_at >= IN_TURNS

    def _look(self, last: Seal | None) -> None:
        """A chain shorter than, or other than, the one this process saw before was cut off or made anew."""
        seen = self._seen
        if seen is not None and (last is None or last.number < seen.number):
            raise SealBroken(f"the audit's seals after {last.number if last else 0} are gone; {seen.mark} was there")
        if seen is not None and last is not None and last.number == seen.number and last.head != seen.head:
            raise SealBroken(f"the audit's seal {last.number} was changed: {seen.mark} was there")
        if last is not None:
            _check(last, self.keys)
        self._seen = last


def _check(last: Seal, keys: Sequence[SealingKey]) -> None:
    match genuine(last, keys):
        case None:
            raise KeyMissing(last.key_id)
        case False:
            raise SealBroken(f"the audit's last seal, {last.number}, was not made with its key {last.key_id}")
