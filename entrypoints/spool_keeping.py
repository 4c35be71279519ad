"""What an http process does beside its answers: replays the spool, adopts what others left, opens gaps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from core.domain.webhook_address import Addressee
from core.errors import TryLater, Unavailable
from core.features.log_rejections import LogRejections
from core.features.note_gaps import NoteGaps
from core.features.spooling import Presence, Replayed, ReplaySpool, SpoolingInbox
from core.features.watch_symptoms import WatchSymptoms, spool
from core.ports.metrics import Metrics
from core.ports.spool import Spool
from entrypoints.process import Loops, keep_doing

log = structlog.get_logger()

LOOK_EVERY = 0.5
ADOPT_EVERY = 5.0
GAPS_EVERY = 1.0
REJECTED_EVERY = 2.0
GIVE_UP_SECONDS = 1.0
"""For the last try to tell of gaps and rejections."""


@dataclass(frozen=True, slots=True)
class SpoolServices:
    """What the keeper works with."""

    spool: Spool
    replay: ReplaySpool
    inbox: SpoolingInbox
    presence: Presence
    gaps: NoteGaps
    metrics: Metrics
    rejected: LogRejections
    monotonic: Callable[[], float]
    watch: WatchSymptoms
    machine: str


class SpoolKeeper:
    """While the process lives the spool holds nothing that the database could take."""

    def __init__(self, services: SpoolServices) -> None:
        self._services = services
        self._told_away = False

    def start(self, loops: Loops) -> None:
        loops.start("adopt", keep_doing("adopt", self._adopt, every=ADOPT_EVERY))
        loops.start("replay", keep_doing("replay", self._replay, every=LOOK_EVERY))
        loops.start("rejected", keep_doing("rejected", self._services.rejected.flush, every=REJECTED_EVERY))
        loops.start("gaps", keep_doing("gaps", self._services.gaps.flush, every=GAPS_EVERY))

    async def drain(self, seconds: float) -> None:
        """Returns when the spool is empty, or has what the database cannot take now: a later process adopts that."""
        with suppress(TimeoutError, TryLater):
            async with asyncio.timeout(seconds):
                await self._replay()
        left = await self._depth()
        if left:
            log.warning("spool_left", deliveries=left)
        with suppress(TimeoutError, TryLater):
            async with asyncio.timeout(GIVE_UP_SECONDS):
                await self._services.gaps.flush()
                await self._services.rejected.flush()

    async def _replay(self) -> None:
        """Everything that waits, batch by batch; nothing while the database is away."""
        self._tell_away()
        if not await self._services.replay.look():
            return
        self._tell_back()
        taken = 0
        while (replayed := await self._services.replay.replay_some()) is not None:
            taken += replayed.taken
            self._note_refused(replayed)
        if taken:
            log.info("spool_replayed", deliveries=taken)
            await self._measure()

    async def _adopt(self) -> None:
        await self._services.spool.adopt()
        await self._services.gaps.take_over()
        await self._measure()
        if self._services.presence.is_there:
            await self._services.watch.see(spool(await self._depth(), self._services.machine))

    async def _measure(self) -> None:
        self._services.metrics.set("spool_depth", await self._depth())
        now = self._services.monotonic()
        for name in ("database", "spool"):
            queue = self._services.inbox.database_queue if name == "database" else self._services.inbox.spool_queue
            self._services.metrics.set("webhook_queue_seconds", queue.wait(now), queue=name)

    async def _depth(self) -> int:
        try:
            return await self._services.spool.depth()
        except Unavailable:
            return 0

    def _note_refused(self, replayed: Replayed) -> None:
        """The ledger will never take them: what they said has to be read from Zid."""
        for one in replayed.refused:
            log.error("spooled_delivery_refused", event_id=str(one.event_id), store_id=one.store_id, topic=one.topic)
            whose = Addressee(one.store_id, one.install_id)
            self._services.gaps.note(whose, one.topic, "the ledger refused a spooled delivery", one.received_at)

    def _tell_away(self) -> None:
        if not self._services.presence.is_there and not self._told_away:
            self._told_away = True
            log.warning("database_away", cause=self._services.presence.cause)

    def _tell_back(self) -> None:
        if self._told_away:
            self._told_away = False
            log.info("database_back")
