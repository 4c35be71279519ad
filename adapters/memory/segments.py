"""Saved segments in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry
from core.domain.segments import Segment, SegmentDraft, SegmentId
from core.ids import StoreId
from core.ports.segments import NameTaken, Segments


class MemorySegments(Segments):
    """A dict by store and id."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def add(self, store_id: StoreId, draft: SegmentDraft, *, audit: AuditEntry) -> Segment:
        self._expect_free(store_id, draft.name, None)
        now = self._database.now()
        segment = Segment(SegmentId(next(self._database.numbers)), draft.name, draft.rule, now, now)
        self._database.segments[store_id, segment.segment_id] = segment
        self._database.note(audit)
        return segment

    async def change(
        self, store_id: StoreId, segment_id: SegmentId, draft: SegmentDraft, *, audit: AuditEntry
    ) -> Segment | None:
        segment = self._database.segments.get((store_id, segment_id))
        if segment is None:
            return None
        self._expect_free(store_id, draft.name, segment_id)
        changed = replace(segment, name=draft.name, rule=draft.rule, updated_at=self._database.now())
        self._database.segments[store_id, segment_id] = changed
        self._database.note(audit)
        return changed

    async def remove(self, store_id: StoreId, segment_id: SegmentId, *, audit: AuditEntry) -> bool:
        removed = self._database.segments.pop((store_id, segment_id), None)
        if removed is not None:
            self._database.note(audit)
        return removed is not None

    async def get(self, store_id: StoreId, segment_id: SegmentId) -> Segment | None:
        return self._database.segments.get((store_id, segment_id))

    async def all(self, store_id: StoreId) -> Sequence[Segment]:
        found = (segment for (owner, _), segment in self._database.segments.items() if owner == store_id)
        return sorted(found, key=lambda segment: segment.segment_id)

    def _expect_free(self, store_id: StoreId, name: str, but: SegmentId | None) -> None:
        for (owner, segment_id), segment in self._database.segments.items():
            if owner == store_id and segment.name == name and segment_id != but:
                raise NameTaken(name)
