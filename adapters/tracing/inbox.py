"""Deliveries that remember the trace in which they came."""

from __future__ import annotations

from dataclasses import replace

from core.domain.events import Delivery, Receipt
from core.domain.tracing import Attribute, SpanName, Value
from core.ports.event_ledger import Inbox
from core.ports.tracing import Tracer


class TracedInbox(Inbox):
    """An inbox that times each delivery until it is durable; whatever handles its event goes on that trace."""

    def __init__(self, inbox: Inbox, tracer: Tracer) -> None:
        self._inbox = inbox
        self._tracer = tracer

    async def accept(self, delivery: Delivery) -> Receipt:
        about: dict[Attribute, Value] = {
            Attribute.EVENT_ID: str(delivery.event_id),
            Attribute.STORE_ID: delivery.store_id,
        }
        with self._tracer.span(SpanName.COMMIT, attributes=about) as span:
            receipt = await self._inbox.accept(replace(delivery, trace=self._tracer.current()))
            span.note(Attribute.OUTCOME, receipt.value)
        return receipt
