"""The audit trail and its seals in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry, AuditRecord
from core.domain.audit_chain import Seal
from core.ids import StoreId
from core.ports.audit_seals import AuditSeals
from core.ports.audit_trail import AuditLog, AuditTrail


class MemoryAuditTrail(AuditTrail):
    """Appends to the list that changes append to as well."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def note(self, entry: AuditEntry) -> None:
        self._database.note(entry)


class MemoryAuditLog(AuditLog):
    """Reads the same list."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def page(
        self,
        *,
        store_id: StoreId | None = None,
        action: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[AuditRecord]:
        found = (
            record
            for record in reversed(self._database.trail)
            if (before is None or record.audit_id < before)
            and store_id in (None, record.entry.store_id)
            and action in (None, record.entry.action)
            and actor in (None, record.entry.actor)
            and (since is None or record.at >= since)
            and (until is None or record.at < until)
        )
        return list(islice(found, limit))


class MemoryAuditSeals(AuditSeals):
    """A list; what was noted is final at once."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def last(self) -> Seal | None:
        return self._database.seals[-1] if self._database.seals else None

    async def settled(self, *, after: int, limit: int) -> Sequence[AuditRecord]:
        return await self.entries(after=after, upto=None, limit=limit)

    async def add(self, seal: Seal) -> bool:
        if any(seal.number == known.number for known in self._database.seals):
            return False
        self._database.seals.append(seal)
        return True

    async def page(self, *, after: int = 0, limit: int) -> Sequence[Seal]:
        return [seal for seal in self._database.seals if seal.number > after][:limit]

    async def entries(self, *, after: int | None, upto: int | None, limit: int) -> Sequence[AuditRecord]:
        found = (
            record
            for record in self._database.trail
            if (after is None or record.audit_id > after) and (upto is None or record.audit_id <= upto)
        )
        return list(islice(found, limit))
