"""What the overview shows, read at most once per second per process however many people watch.

What is dear to count was counted by a scheduler (entrypoints/background/posting.py); here it is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.domain.backfill import StoreProgress
from core.domain.breaker import BreakerState
from core.domain.event_states import EventState
from core.domain.rate import HeldBack
from core.ids import StoreId
from core.ports.bulletins import Bulletin
from core.ports.ledger_reading import EventFilter
from core.ports.standing_work import Standing
from entrypoints import sheets
from entrypoints.http.api.events import EventView, event_view
from entrypoints.http.api.ledger import LedgerView
from entrypoints.http.api.stores import StoreView, store_view
from entrypoints.http.console.attention import Known, Need, needs
from entrypoints.http.pages import Language, render
from entrypoints.http.services import HttpServices

STORES: Final = 20
EVENTS: Final = 15
FRAGMENTS: Final = ("attention", "ledger", "traffic", "health", "stores", "events")
WATCHED: Final = timedelta(minutes=3)
"""A scheduler counts every few seconds; after so long there is none."""

FRESH_FOR: Final = 1.0
"""Seconds that one look serves everybody."""
IDLE_SHARE: Final = 10
"""Looking takes at most one part in so many of the time, however large the ledger is."""
_BAR: Final = 1000


@dataclass(frozen=True, slots=True)
class Overview:
    """One look at everything the first page shows. The ledger as it was counted last, at `counted_at`."""

    ledger: LedgerView | None
    counted_at: datetime | None
    standing: Standing
    needs: Sequence[Need]
    traffic: sheets.TrafficSheet | None
    health: sheets.StoresSheet | None
    breakers: Mapping[str, tuple[BreakerState, int]]
    held_back: Sequence[HeldBack]
    stores: Sequence[StoreView]
    more_stores: bool
    backfills: Mapping[StoreId, StoreProgress]
    events: Sequence[EventView]

    def values(self) -> Mapping[str, object]:
        """What the templates are given."""
        shown = {name: getattr(self, name) for name in _SHOWN}
        return {
            **shown,
            "ledger": msgspec.structs.asdict(self.ledger) if self.ledger else None,
            "states": [state.value for state in EventState],
            "share": _shares(self.ledger) if self.ledger else (),
            "unfinished": {state: self.standing.count(EventState(state)) for state in _UNFINISHED},
            "titles": {store.store_id: store.title for store in self.stores},
        }

    def fragments(self, language: Language) -> Mapping[str, str]:
        """The parts of the page that change, by name."""
        values = self.values()
        return {name: render(f"console/_{name}.html", language, values) for name in FRAGMENTS}


_UNFINISHED: Final = ("queued", "running", "waiting", "dead")
_SHOWN: Final = (
    "counted_at",
    "needs",
    "traffic",
    "health",
    "breakers",
    "held_back",
    "stores",
    "more_stores",
    "backfills",
    "events",
)


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
    now = services.clock.now()
    installs = await services.installations.page(limit=STORES + 1)
    statuses = await services.token_statuses.of([install.install_id for install in installs])
    backfills = await services.backfill.overviews([install.store_id for install in installs])
    events = await services.reader.events(EventFilter(), limit=EVENTS)
    board = await services.overlook.board.read()
    standing = await services.overlook.standing.standing()
    ledger = sheets.read(board, sheets.LEDGER, LedgerView)
    health, breakers = sheets.read(board, sheets.STORES, sheets.StoresSheet), services.overlook.breakers()
    known = Known(
        dead=standing.count(EventState.DEAD),
        is_balanced=ledger is None or ledger.balanced,
        is_watched=_is_watched(board, now),
        stores=health,
        alerts=await services.alerts.open_counts(),
        breakers=breakers,
    )
    return Overview(
        ledger=ledger,
        counted_at=board[sheets.LEDGER].posted_at if ledger else None,
        standing=standing,
        needs=needs(known),
        traffic=sheets.read(board, sheets.TRAFFIC, sheets.TrafficSheet),
        health=health,
        breakers=breakers,
        held_back=await services.overlook.held_back(),
        stores=[store_view(install, statuses.get(install.install_id)) for install in installs[:STORES]],
        more_stores=len(installs) > STORES,
        backfills=backfills,
        events=[event_view(event) for event in events],
    )


def _is_watched(board: Mapping[str, Bulletin], now: datetime) -> bool:
    """Also while nobody has counted anything yet: that is a first start."""
    traffic = board.get(sheets.TRAFFIC)
    return traffic is None or now - traffic.posted_at <= WATCHED


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
