"""Claimed runs out of nothing."""

from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid5

from core.domain.event_states import Origin
from core.domain.events import ClaimedEvent, ClaimedRun
from core.ids import Entity, EntityKind, EventId, Fence, InstallId, Seq, StoreId, WorkerId

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def run(name: str, *, trace: str | None = None) -> ClaimedRun:
    event = ClaimedEvent(
        EventId(uuid5(NAMESPACE_OID, name)),
        Seq(1),
        StoreId(7),
        InstallId(1),
        "order.create",
        Entity(EntityKind.ORDER, "1"),
        b"{}",
        datetime(2026, 1, 1, tzinfo=UTC),
        Origin.ZID,
        attempts=1,
        trace=trace,
    )
    return ClaimedRun(1, "courier", 2, WorkerId(1), Fence(1), event)
