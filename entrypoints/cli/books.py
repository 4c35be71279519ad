"""The ledger as rows: one for each origin, with everything received against everything accounted for."""

from __future__ import annotations

from typing import Final

from core.domain.event_states import Books, EventState, Ledger, Origin
from entrypoints.cli.output import Row

BOOK_COLUMNS: Final = ("origin", "received", "difference", *(state.value for state in EventState), "duplicates")


def book_rows(ledger: Ledger) -> list[Row]:
    """Zid's own events always, the other origins where there are any."""
    shown = [origin for origin in Origin if origin is Origin.ZID or ledger.of(origin) != Books()]
    return [_row(ledger, origin) for origin in shown]


def book_record(ledger: Ledger) -> Row:
    """The shape of GET /v1/ledger: Zid's own events on top, the rest by origin."""
    by_origin = {origin.value: _numbers(ledger, origin) for origin in Origin if origin is not Origin.ZID}
    return {
        **_numbers(ledger, Origin.ZID),
        "spooled": ledger.spooled,
        "balanced": ledger.balanced,
        "by_origin": by_origin,
    }


def _row(ledger: Ledger, origin: Origin) -> Row:
    return {"origin": origin.value, **_numbers(ledger, origin), "difference": ledger.of(origin).difference}


def _numbers(ledger: Ledger, origin: Origin) -> dict[str, int]:
    books = ledger.of(origin)
    states = {state.value: books.count(state) for state in EventState}
    return {"received": books.received, **states, "duplicates": books.duplicates}
