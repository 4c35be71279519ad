"""The inbox in memory."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import EventRow, IntakeRow
from core.domain.event_states import FINISHED, EventState
from core.domain.events import Delivery, Receipt
from core.ports.event_ledger import BulkInbox


class MemoryInbox(BulkInbox):
    """Deliveries become events at once."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def accept(self, delivery: Delivery) -> Receipt:
        if self._is_repeat(delivery):
            self._database.intake.append(IntakeRow(delivery.store_id, delivery.origin, duplicates=1))
            return Receipt.DUPLICATE
        install = self._database.live_install(delivery.install_id)
        is_live = install is not None and install.store_id == delivery.store_id
        until = self._database.now() + delivery.keep_for
        self._database.enter(self._row(delivery, is_live), delivery.dedupe_key, until)
        return Receipt.ACCEPTED if is_live else Receipt.CANCELLED

    async def accept_all(self, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
        return [await self.accept(delivery) for delivery in deliveries]

    def _is_repeat(self, delivery: Delivery) -> bool:
        known = self._database.dedupe.get(delivery.dedupe_key)
        return known is not None and known.expires_at > self._database.now()

    def _row(self, delivery: Delivery, is_live: bool) -> EventRow:
        state = delivery.state if is_live else EventState.CANCELLED
        return EventRow(
            event_id=delivery.event_id,
            seq=self._database.next_seq(),
            store_id=delivery.store_id,
            install_id=delivery.install_id,
            origin=delivery.origin,
            topic=delivery.topic,
            entity=delivery.entity,
            received_at=delivery.received_at,
            size=len(delivery.body),
            body=delivery.body if is_live else None,
            state=state,
            reason=delivery.reason if is_live else "the install is over",
            settled_at=self._database.now() if state in FINISHED else None,
            trace=delivery.trace,
        )
