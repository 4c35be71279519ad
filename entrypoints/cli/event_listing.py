"""Lists of events longer than a page."""

from __future__ import annotations

from typing import Final

from core.ports.ledger_reading import EventFilter, EventSummary, LedgerReader
from entrypoints.cli.event_rows import event_row
from entrypoints.cli.output import Row

PAGE: Final = 500


async def list_events(reader: LedgerReader, wanted: EventFilter, limit: int) -> list[Row]:
    """The newest `limit` events that match."""
    found: list[EventSummary] = []
    while len(found) < limit:
        before = found[-1].seq if found else None
        page = await reader.events(wanted, before=before, limit=min(PAGE, limit - len(found)))
        if not page:
            break
        found += page
    return [event_row(event) for event in found]
