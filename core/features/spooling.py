"""Taking deliveries in while the database is away, full of others or slow: they wait in the spool, then enter it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.admission import QueueTime
from core.domain.event_states import EventState
from core.domain.events import Delivery, Receipt, WorkItem, WorkKind
from core.errors import TryLater, Unavailable, WaslError
from core.ports.event_ledger import BulkInbox, Inbox
from core.ports.spool import Kept, Spool
from core.ports.system import Clock
from core.ports.work_index import Announcer

REPLAY_AT_ONCE: Final = 200


class Presence:
    """What this process believes of the database. `since` tells when it went away, None while it is there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.since: float | None = None
        self.cause = ""

    @property
    def is_there(self) -> bool:
        return self.since is None

    def note_away(self, cause: str) -> None:
        if self.since is None:
            self.since, self.cause = self._clock.monotonic(), cause

    def note_back(self) -> float:
        """How many seconds it was away."""
        away = self._clock.monotonic() - self.since if self.since is not None else 0.0
        self.since, self.cause = None, ""
        return away


class SpoolingInbox(Inbox):
    """The database where it answers in time, else the spool; Unavailable only where neither can be used in time.

    Once the database is known to be away nobody waits for it: whoever replays looks for its return. A delivery
    whose commit was not answered in time goes to the spool too: should both have it, the ledger keeps one.
    """

    def __init__(self, *, inbox: Inbox, spool: Spool, presence: Presence, clock: Clock) -> None:
        self._inbox = inbox
        self._spool = spool
        self._presence = presence
        self._clock = clock
        self.database_queue: Final = QueueTime()
        self.spool_queue: Final = QueueTime()

    async def accept(self, delivery: Delivery) -> Receipt:
        now = self._clock.monotonic()
        if self._presence.is_there and self.database_queue.has_room(now):
            try:
                return await self._timed(self.database_queue, self._inbox.accept(delivery))
            except Unavailable as error:
                self._presence.note_away(str(error))
        if not self.spool_queue.has_room(self._clock.monotonic()):
            raise Unavailable("spool", "too many deliveries wait for it")
        await self._timed(self.spool_queue, self._keep(delivery))
        return Receipt.SPOOLED

    async def _keep(self, delivery: Delivery) -> Receipt:
        await self._spool.keep(delivery)
        return Receipt.SPOOLED

    async def _timed(self, queue: QueueTime, work: Awaitable[Receipt]) -> Receipt:
        ticket = queue.enter(self._clock.monotonic())
        try:
            return await work
        finally:
            queue.leave(ticket, self._clock.monotonic())


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one batch: how many entered the ledger now, and those that it would never take."""

    taken: int = 0
    refused: Sequence[Delivery] = ()


class ReplaySpool:
    """Brings what waits in the spool into the ledger, oldest first, batch by batch. Any number may do so at once."""

    def __init__(
        self,
        *,
        spool: Spool,
        inbox: BulkInbox,
        announcer: Announcer,
        presence: Presence,
        ask_database: Callable[[], Awaitable[None]],
    ) -> None:
        self._spool = spool
        self._inbox = inbox
        self._announcer = announcer
        self._presence = presence
        self._ask_database = ask_database

    async def look(self) -> bool:
        """Whether the database is there; asks it where it was away."""
        if not self._presence.is_there:
            try:
                await self._ask_database()
            except TryLater:
                return False
            self._presence.note_back()
        return True

    async def replay_some(self) -> Replayed | None:
        """One batch; None when nothing waits. Raises Unavailable, and forgets nothing then."""
        kept = await self._spool.oldest(limit=REPLAY_AT_ONCE)
        if not kept:
            return None
        try:
            refused = await self._enter(kept)
        except Unavailable as error:
            self._presence.note_away(str(error))
            raise
        await self._spool.forget(kept)
        return Replayed(len(kept) - len(refused), refused)

    async def _enter(self, kept: Sequence[Kept]) -> Sequence[Delivery]:
        """Those that the ledger will not take whatever happens; every other one is committed."""
        deliveries = [one.delivery for one in kept]
        try:
            self._announce(deliveries, await self._inbox.accept_all(deliveries))
        except Unavailable:
            raise
        except WaslError:
            return [delivery for delivery in deliveries if not await self._enters(delivery)]
        return ()

    async def _enters(self, delivery: Delivery) -> bool:
        try:
            self._announce([delivery], await self._inbox.accept_all([delivery]))
        except Unavailable:
            raise
        except WaslError:
            return False
        return True

    def _announce(self, deliveries: Sequence[Delivery], receipts: Sequence[Receipt]) -> None:
        self._announcer.announce(
            [
                WorkItem(WorkKind.EVENT, str(one.event_id), one.store_id)
                for one, receipt in zip(deliveries, receipts, strict=True)
                if receipt is Receipt.ACCEPTED and one.state is EventState.QUEUED
            ]
        )
