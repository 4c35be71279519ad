"""Counting for the console's overview, so that whoever looks at it counts nothing.

Several schedulers post the same; the newest stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.events import WorkKind
from core.domain.reconcile_progress import ratios
from core.domain.topics import ZID_TOPICS
from core.domain.traffic import counted_from, last_hour, look_above
from core.ports.bulletins import Bulletins
from core.ports.gaps import Gaps
from core.ports.reconciliations import Reconciliations
from core.ports.refresh_reports import RefreshReports
from core.ports.sealed_vault import KeyCensus
from core.ports.system import Clock
from core.ports.traffic_counts import TrafficCounts
from core.ports.webhook_checks import WebhookChecks
from core.ports.work_index import WorkIndex
from entrypoints import sheets
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

TRAFFIC_EVERY: Final = 10.0
STORES_EVERY: Final = 15.0
NEWEST: Final = 50_000
"""Events that one count of arrivals looks at; more in three minutes are told as so many."""
QUARANTINE_SHOWN: Final = 100


def loops(parts: Daemon) -> Sequence[Work]:
    adapters = parts.adapters
    board, clock = adapters.bulletins(), adapters.clock()
    traffic = PostTraffic(board, adapters.traffic_counts(), adapters.indexes(), clock)
    stores = PostStores(
        board=board,
        reports=adapters.refresh_reports(),
        checks=adapters.webhook_checks(),
        reconciliations=adapters.reconciliations(),
        gaps=adapters.gaps(),
        keys=adapters.key_census(),
        clock=clock,
    )
    return [Loop("post_traffic", traffic.step, TRAFFIC_EVERY), Loop("post_stores", stores.step, STORES_EVERY)]


@dataclass(frozen=True, slots=True)
class PostTraffic:
    """The last hour's minutes."""

    board: Bulletins
    counts: TrafficCounts
    indexes: Mapping[WorkKind, WorkIndex]
    clock: Clock

    async def step(self) -> None:
        now = self.clock.now()
        known = sheets.read(await self.board.read(), sheets.TRAFFIC, sheets.TrafficSheet)
        before = known.minutes if known else ()
        arrivals = await self.counts.arrivals(look_above(before, now), limit=NEWEST)
        settled = await self.counts.settled(counted_from(now))
        depth = sum([await index.depth() for index in self.indexes.values()])
        sheet = sheets.TrafficSheet(last_hour(before, arrivals, settled, now), settled.latency, depth)
        await sheets.post(self.board, sheets.TRAFFIC, sheet, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostStores:
    """How all stores stand."""

    board: Bulletins
    reports: RefreshReports
    checks: WebhookChecks
    reconciliations: Reconciliations
    gaps: Gaps
    keys: KeyCensus
    clock: Clock

    async def step(self) -> None:
        now = self.clock.now()
        census, standing = await self.reports.census(now), await self.reports.standing(now)
        counted = await self.reconciliations.missed()
        missed = {topic: pair[0] for topic, pair in counted.items() if topic in ZID_TOPICS}
        received = {topic: pair[1] for topic, pair in counted.items() if topic in ZID_TOPICS}
        sheet = sheets.StoresSheet(
            states={state.value: number for state, number in census.stores.items()},
            days_left=[(step.value, number) for step, number in (await self.reports.days_left(now)).items()],
            webhooks={state.value: number for state, number in (await self.checks.totals()).items()},
            missed=dict(ratios(missed, received)),
            open_gaps=await self.gaps.count_open(),
            in_doubt=standing.in_doubt,
            renewals_due=standing.due,
            quarantined=len(await self.keys.quarantined(limit=QUARANTINE_SHOWN)),
        )
        await sheets.post(self.board, sheets.STORES, sheet, now)
