"""Batches of events in which each event is timed as part of its own trace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import MappingProxyType

from core.domain.events import ClaimedEvent, Settlement, WorkItem
from core.domain.tracing import Attribute, SpanName, Value, is_sampled
from core.ids import EventId, StoreId
from core.ports.event_ledger import EventBatch, EventLedger
from core.ports.system import Clock
from core.ports.tracing import Tracer


class TracedLedger(EventLedger):
    """A ledger that times each event of a batch from its claim to the batch's end; events without a trace cost nothing.

    No span is current inside the batch, which belongs to many traces.
    """

    def __init__(self, ledger: EventLedger, tracer: Tracer, clock: Clock) -> None:
        self._ledger = ledger
        self._tracer = tracer
        self._clock = clock

    def open_batch(self, ids: Sequence[EventId], *, limit: int) -> AbstractAsyncContextManager[EventBatch]:
        return self._batch(ids, limit)

    @asynccontextmanager
    async def _batch(self, ids: Sequence[EventId], limit: int) -> AsyncIterator[EventBatch]:
        began = self._clock.monotonic()
        async with self._ledger.open_batch(ids, limit=limit) as batch:
            try:
                yield batch
            except BaseException as error:
                self._tell(batch.events, self._clock.monotonic() - began, {Attribute.ERROR: type(error).__name__})
                raise
        self._tell(batch.events, self._clock.monotonic() - began)

    def _tell(
        self, events: Sequence[ClaimedEvent], seconds: float, more: Mapping[Attribute, Value] = MappingProxyType({})
    ) -> None:
        for event in events:
            if event.trace is not None and is_sampled(event.trace):
                attributes = {**_about(event), **more}
                self._tracer.record(SpanName.MIRROR, parent=event.trace, seconds=seconds, attributes=attributes)

    async def put_off(self, event: ClaimedEvent, settlement: Settlement) -> None:
        await self._ledger.put_off(event, settlement)

    async def claimable(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        return await self._ledger.claimable(items)

    async def following(self, events: Sequence[ClaimedEvent]) -> Sequence[WorkItem]:
        return await self._ledger.following(events)

    async def backlog(self, store_id: StoreId | None = None, *, limit: int) -> Sequence[WorkItem]:
        return await self._ledger.backlog(store_id, limit=limit)


def _about(event: ClaimedEvent) -> Mapping[Attribute, Value]:
    return {Attribute.EVENT_ID: str(event.event_id), Attribute.STORE_ID: event.store_id, Attribute.TOPIC: event.topic}
