"""What the console shows, read at most once per second per process however many people watch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from core.domain.backfill import StoreProgress
from core.domain.event_states import EventState
from core.ids import StoreId
from core.ports.ledger_reading import EventFilter
from entrypoints.http.api.events import EventView, event_view
from entrypoints.http.api.ledger import LedgerView, ledger_view
from entrypoints.http.api.stores import StoreView, store_view
from entrypoints.http.pages import Language, render
from entrypoints.http.services import HttpServices

STORES: Final = 50
EVENTS: Final = 25
FRAGMENTS: Final = ("ledger", "stores", "events")

FRESH_FOR: Final = 1.0
"""Seconds that one look serves everybody."""
IDLE_SHARE: Final = 10
"""Looking takes at most one part in so many of the time, however large the ledger is."""
_BAR: Final = 1000


@dataclass(frozen=True, slots=True)
class Overview:
    """One look at everything the first page shows."""

    ledger: LedgerView
    stores: Sequence[StoreView]
    more_stores: bool
    backfills: Mapping[StoreId, StoreProgress]
    events: Sequence[EventView]

    def values(self) -> Mapping[str, object]:
        """What the templates are given."""
        return {
            "ledger": msgspec.structs.asdict(self.ledger),
            "states": [state.value for state in EventState],
            "share": _shares(self.ledger),
            "stores": self.stores,
            "more_stores": self.more_stores,
            "backfills": self.backfills,
            "events": self.events,
            "titles": {store.store_id: store.title for store in self.stores},
        }

    def fragments(self, language: Language) -> Mapping[str, str]:
        """The parts of the page that change, by name."""
        values = self.values()
        return {name: render(f"console/_{name}.html", language, values) for name in FRAGMENTS}


@dataclass(frozen=True, slots=True)
class Share:
    """A state's stretch of the bar, in thousandths."""

    state: str
    start: float
    width: float


def _shares(ledger: LedgerView) -> Sequence[Share]:
    total = max(1, ledger.received)
    shares, start = [], 0.0
    for state in EventState:
        width = _BAR * getattr(ledger, state.value) / total
        if width:
            shares.append(Share(state.value, round(start, 2), round(width, 2)))
        start += width
    return shares


async def look(services: HttpServices) -> Overview:
    """Reads everything anew. Raises Unavailable."""
    installs = await services.installations.page(limit=STORES + 1)
    statuses = await services.token_statuses.of([install.install_id for install in installs])
    backfills = await services.backfill.overviews([install.store_id for install in installs])
    events = await services.reader.events(EventFilter(), limit=EVENTS)
    return Overview(
        ledger_view(await services.reader.books()),
        [store_view(install, statuses.get(install.install_id)) for install in installs[:STORES]],
        len(installs) > STORES,
        backfills,
        [event_view(event) for event in events],
    )


class Lookout:
    """Shares one look among all who watch."""

    def __init__(self, services: HttpServices) -> None:
        self._services = services
        self._turn = asyncio.Lock()
        self._seen: Overview | None = None
        self._until = float("-inf")

    async def overview(self) -> Overview:
        """The last look if it is fresh, else a new one. Raises Unavailable."""
        async with self._turn:
            now = self._services.clock.monotonic()
            if self._seen is None or now >= self._until:
                self._seen = await look(self._services)
                done = self._services.clock.monotonic()
                self._until = done + max(FRESH_FOR, IDLE_SHARE * (done - now))
            return self._seen
