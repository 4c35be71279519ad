"""Backfills: a store's lists read page by page into the ledger, and from there into the mirror.

A page becomes synthetic events, taken in like webhooks: counted, recognised when they
come again, cancelled when the install is over. Then the backfill moves on to the next
page. Whoever dies between the two leaves a page that is read once more, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.domain.audit import SYSTEM, AuditEntry
from core.domain.backfill import (
    BACKFILLED,
    BackfillClaim,
    BackfillState,
    BackfillStatus,
    PageDone,
    PutOff,
    StoreProgress,
    after_error,
    overall,
)
from core.domain.documents import Document
from core.domain.event_states import EventState, Origin
from core.domain.events import SHORT_DEDUPE, Delivery, Receipt, dedupe_key
from core.domain.paging import Page, Place
from core.domain.stores import LIVE, Install
from core.domain.topics import BACKFILL_TOPICS
from core.errors import LostClaim, Unavailable, UnknownShape, WaslError
from core.features.listed_rows import Row, documents, enter, listing, place_of, recognised
from core.ids import EntityKind, StoreId, WorkerId
from core.ports.backfills import Backfills
from core.ports.event_ledger import BulkInbox
from core.ports.installations import Installations
from core.ports.system import Chance, Clock, Ids
from core.ports.work_index import Announcer
from core.ports.zid_gateway import ZidGateway

PAGES_PER_TURN: Final = 20
"""Then another store has its turn, however long this one's lists are."""
LONGEST_BACKLOG: Final = 1000
"""Events of one store that may wait for the mirror before its next page is read."""
BEHIND: Final = PutOff(BackfillState.WAITING, "waits until the consumers have caught up", timedelta(seconds=1))
TURN_OVER: Final = PutOff(BackfillState.QUEUED)
OVER: Final = PutOff(BackfillState.CANCELLED, "the install is over")
RETRY_SETTLE: Final = 1.0
"""Seconds between tries to lay a backfill aside while the database is away."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of one turn with a backfill. `decided` is None when it is done or was lost to another worker."""

    claim: BackfillClaim
    pages: int
    rows: int
    unreadable: int
    decided: PutOff | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class BackfillRefused:
    """Nothing was queued: the store has no live install."""


@dataclass(frozen=True, kw_only=True)
class AskForBackfill:
    """Queues backfills and tells how far they are. Reading them is `ReadBackfills`' work, in any process."""

    backfills: Backfills
    installations: Installations

    async def request(
        self, store_id: StoreId, kinds: Sequence[EntityKind] = BACKFILLED, *, actor: str = SYSTEM
    ) -> Sequence[BackfillStatus] | BackfillRefused:
        """How the store's backfills stand after these were asked for: closed ones begin anew, open ones go on."""
        install = await self.installations.current(store_id)
        if install is None or install.state not in LIVE or not await self.begin(install, kinds, actor=actor):
            return BackfillRefused()
        return await self.backfills.of_stores([store_id])

    async def begin(self, install: Install, kinds: Sequence[EntityKind] = BACKFILLED, *, actor: str = SYSTEM) -> bool:
        """The same for an install at hand; False when it is over."""
        details = {"kinds": ", ".join(kinds)}
        entry = AuditEntry("backfill.requested", install.store_id, install.install_id, actor, details=details)
        return await self.backfills.request(install.install_id, kinds, audit=entry)

    async def progress(self, store_id: StoreId) -> Sequence[BackfillStatus]:
        """One status per kind in the order of reading; empty for a store never installed."""
        return await self.backfills.of_stores([store_id])

    async def overviews(self, store_ids: Sequence[StoreId]) -> Mapping[StoreId, StoreProgress]:
        """Each store's backfills as one; stores without any are left out."""
        found: dict[StoreId, list[BackfillStatus]] = {}
        for status in await self.backfills.of_stores(store_ids):
            found.setdefault(status.store_id, []).append(status)
        return {store_id: progress for store_id, ones in found.items() if (progress := overall(ones))}


@dataclass(frozen=True, kw_only=True)
class ReadBackfills:
    """Reads backfills: whoever claims one has to read it. Any number of callers in any number of processes."""

    backfills: Backfills
    gateway: ZidGateway
    inbox: BulkInbox
    announcer: Announcer
    clock: Clock
    chance: Chance
    ids: Ids
    encode: Callable[[object], bytes]
    worker: Callable[[], WorkerId]
    longest_backlog: int = LONGEST_BACKLOG

    async def claim(self) -> BackfillClaim | None:
        """The backfill that is longest due; None when none is. Raises Unavailable."""
        return await self.backfills.claim(self.worker())

    async def read(self, claim: BackfillClaim) -> Turn:
        """Some pages of it. Whatever happens, it is let go of; when cancelled, with the worker's lease."""
        reading = _Reading(claim, place_of(claim.page))
        try:
            decided = await self._pages(reading)
        except LostClaim:
            return reading.turn(lost=True)
        except WaslError as error:
            decided = after_error(error, reading.failures, self.chance.fraction())
        except Exception as error:  # noqa: BLE001 - a claim must never be left behind in a living process
            unforeseen = UnknownShape(f"unforeseen: {type(error).__name__}")
            decided = after_error(unforeseen, reading.failures, self.chance.fraction())
        if decided is None:
            return reading.turn()
        return await self._lay_aside(reading, decided)

    async def _pages(self, reading: _Reading) -> PutOff | None:
        """Reads on until it is done (None) or something else comes first."""
        for _ in range(PAGES_PER_TURN):
            if await self._is_behind(reading.claim.store_id):
                return BEHIND
            asked_at = self.clock.now()
            page = await self.gateway.perform(reading.claim.store_id, listing(reading.claim.kind, reading.place))
            if not await self._take_in(reading, page, asked_at):
                return OVER
            await self.backfills.advance(reading.claim, reading.after(page))
            if page.next is None:
                return None
        return TURN_OVER

    async def _is_behind(self, store_id: StoreId) -> bool:
        return await self.backfills.backlog(store_id, limit=self.longest_backlog) >= self.longest_backlog

    async def _take_in(self, reading: _Reading, page: Page[Row], asked_at: datetime) -> bool:
        """Every row in the ledger; False when the install is over."""
        deliveries = [self._delivery(reading, document, asked_at) for document in documents(page)]
        return Receipt.CANCELLED not in await enter(self.inbox, self.announcer, deliveries)

    def _delivery(self, reading: _Reading, document: Document, asked_at: datetime) -> Delivery:
        """An unreadable row stays in the ledger as dead, with its reason, like an unreadable webhook."""
        claim, topic = reading.claim, BACKFILL_TOPICS[reading.claim.kind].name
        body = self.encode(document)
        entity, reason = recognised(claim.kind, document)
        return Delivery(
            event_id=self.ids.event_id(),
            store_id=claim.store_id,
            install_id=claim.install_id,
            topic=topic,
            body=body,
            received_at=asked_at,
            dedupe_key=dedupe_key(claim.store_id, claim.install_id, topic, body),
            keep_for=SHORT_DEDUPE,
            entity=entity,
            state=EventState.DEAD if reason else EventState.QUEUED,
            reason=reason,
            origin=Origin.SYNTHETIC,
        )

    async def _lay_aside(self, reading: _Reading, decided: PutOff) -> Turn:
        """Until the database took note: a claim that nobody works on would be held as long as this process lives."""
        while True:
            try:
                await self.backfills.put_off(reading.claim, decided)
            except LostClaim:
                return reading.turn(lost=True)
            except Unavailable:
                await self.clock.sleep(RETRY_SETTLE)
            else:
                return reading.turn(decided)


@dataclass(slots=True)
class _Reading:
    """How far a turn has come."""

    claim: BackfillClaim
    place: Place
    pages: int = 0
    rows: int = 0
    unreadable: int = 0

    @property
    def failures(self) -> int:
        """In a row: a page that was read starts the count anew."""
        return 0 if self.pages else self.claim.failures

    def after(self, page: Page[Row]) -> PageDone:
        """The reading, one page on."""
        rows = sum(1 for _ in documents(page))
        self.pages += 1
        self.rows += rows
        self.unreadable += len(page.unreadable)
        read = page.next.seen if page.next else self.place.seen + rows + len(page.unreadable)
        self.place = page.next or self.place
        return PageDone(read, page.next.token if page.next else None, page.total)

    def turn(self, decided: PutOff | None = None, *, lost: bool = False) -> Turn:
        return Turn(self.claim, self.pages, self.rows, self.unreadable, decided, lost)
