"""Reconciliation: Zid's lists beside the mirror, and what webhooks did not tell entered like webhooks.

Page by page: compare, enter what differs as synthetic events, note how far it is. Rows that
a list lacks are asked for one by one, and what Zid has no more is told as deleted. Whoever
dies on the way leaves a page that is read once more, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core.domain.backfill import BackfillState, PutOff, after_error
from core.domain.documents import Document
from core.domain.entities.catalogue import READERS
from core.domain.events import Receipt
from core.domain.gaps import KnownGap
from core.domain.paging import Page
from core.domain.reconcile_plan import Scan, Span, Why, lost
from core.domain.reconcile_progress import Progress, SpanReport
from core.domain.reconciliation import ReconciliationClaim
from core.domain.stores import Install
from core.domain.topics import ZID_TOPICS
from core.errors import LostClaim, MissingScope, NotFound, Unavailable, UnknownShape, WaslError
from core.features.check_webhooks import CheckWebhooks
from core.features.listed_rows import Row, documents, enter, place_of, recognised
from core.features.reconcile_page import Compared, Sieve, question, single
from core.features.reconcile_requests import PlanReconciliation
from core.ids import Entity, EntityKind, WorkerId
from core.ports.backfills import Backfills
from core.ports.event_ledger import BulkInbox
from core.ports.gaps import Gaps
from core.ports.installations import Installations
from core.ports.reconciliations import Comparison, Reconciliations
from core.ports.system import Chance, Clock, Ids
from core.ports.work_index import Announcer
from core.ports.zid_gateway import ZidGateway

STEPS_PER_TURN: Final = 20
"""Then another store has its turn."""
ASKED_AT_ONCE: Final = 5
LONGEST_BACKLOG: Final = 1000
"""Events of one store that may wait for the mirror before its next page is compared."""
MOST_LEFT: Final = 10_000
SCHEDULED_AT_ONCE: Final = 100
RETRY_SETTLE: Final = 1.0
BEHIND: Final = PutOff(BackfillState.WAITING, "waits until the consumers have caught up", timedelta(seconds=1))
TURN_OVER: Final = PutOff(BackfillState.QUEUED)
OVER: Final = PutOff(BackfillState.CANCELLED, "the install is over")


@dataclass(frozen=True, slots=True)
class ReconcileTurn:
    """What became of one turn. `decided` is None when it is done or was lost to another worker."""

    claim: ReconciliationClaim
    progress: Progress | None
    decided: PutOff | None = None
    lost: bool = False


@dataclass(slots=True)
class _Work:
    """A claimed reconciliation and how far it has come."""

    claim: ReconciliationClaim
    progress: Progress
    steps: int = 0

    @property
    def failures(self) -> int:
        """In a row: a step that went well starts the count anew."""
        return 0 if self.steps else self.claim.failures


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """Works on reconciliations: whoever claims one has to go on with it. Any number of callers at once."""

    reconciliations: Reconciliations
    comparison: Comparison
    planning: PlanReconciliation
    webhooks: CheckWebhooks
    gaps: Gaps
    installations: Installations
    backfills: Backfills
    gateway: ZidGateway
    inbox: BulkInbox
    announcer: Announcer
    clock: Clock
    chance: Chance
    ids: Ids
    encode: Callable[[object], bytes]
    worker: Callable[[], WorkerId]

    async def schedule(self) -> int:
        """Queues what is due; how many. Raises Unavailable."""
        policy = self.planning.policy
        return await self.reconciliations.schedule(every=policy.every, gap_age=policy.gap_age, limit=SCHEDULED_AT_ONCE)

    async def claim(self) -> ReconciliationClaim | None:
        """The one that is longest due; None when none is. Raises Unavailable."""
        return await self.reconciliations.claim(self.worker())

    async def read(self, claim: ReconciliationClaim) -> ReconcileTurn:
        """Some steps of it. Whatever happens, it is let go of; when cancelled, with the worker's lease."""
        work: _Work | None = None
        try:
            work = await self._begin(claim)
            decided = await self._steps(work) if work else OVER
        except LostClaim:
            return ReconcileTurn(claim, work.progress if work else None, lost=True)
        except WaslError as error:
            decided = self._after(error, claim, work)
        except Exception as error:  # noqa: BLE001 - a claim must never be left behind in a living process
            decided = self._after(UnknownShape(f"unforeseen: {type(error).__name__}"), claim, work)
        if decided is None:
            return ReconcileTurn(claim, work.progress if work else None)
        return await self._lay_aside(claim, work, decided)

    async def _begin(self, claim: ReconciliationClaim) -> _Work | None:
        """Planned, where it is not yet, and with its webhooks seen to; None when the install is over."""
        if claim.progress is not None and not _awaits_webhooks(claim.progress):
            return _Work(claim, claim.progress)
        install = await self.installations.current(claim.store_id)
        if install is None or install.install_id != claim.install_id:
            return None
        planned = claim.progress or await self.planning.plan(install, claim.why, claim.before)
        return _Work(claim, await self._with_webhooks(install, planned) if _awaits_webhooks(planned) else planned)

    async def _with_webhooks(self, install: Install, planned: Progress) -> Progress:
        """Who asks wants nothing to be missing from now on. Gaps found by that are closed by what is read next."""
        checked = await self.webhooks.check(install)
        covered = [one.gap_id for one in await self.gaps.of_install(install.install_id) if _covers(planned, one)]
        return replace(planned, others=checked.calls, gaps=tuple(covered))

    async def _steps(self, work: _Work) -> PutOff | None:
        """Goes on until it is done (None) or something else comes first."""
        for _ in range(STEPS_PER_TURN):
            report = work.progress.current
            if report is None:
                await self._finish(work)
                return None
            if await self._is_behind(work.claim):
                return BEHIND
            step = self._ask_for_missing if work.progress.confirming else self._page
            if not await step(work, report):
                return OVER
            await self.reconciliations.advance(work.claim, work.progress)
            work.steps += 1
        return TURN_OVER

    async def _is_behind(self, claim: ReconciliationClaim) -> bool:
        return await self.backfills.backlog(claim.store_id, limit=LONGEST_BACKLOG) >= LONGEST_BACKLOG

    async def _page(self, work: _Work, report: SpanReport) -> bool:
        """One page compared; False when the install is over."""
        here = place_of(work.progress.page)
        asked_at = self.clock.now()
        page = await self.gateway.perform(work.claim.store_id, question(report.span, here))
        found = await self._compare(work, report.span.kind, list(documents(page)), asked_at)
        if not await self._enter(work, report.span.kind, found):
            return False
        counted = report.plus(
            calls=1,
            listed=len(found.seen),
            missed=found.missed,
            caught_up=found.caught_up,
            unreadable=found.unreadable + len(page.unreadable),
        )
        work.progress = _after_page(work.progress.noting(counted), page, found.oldest)
        return True

    async def _compare(self, work: _Work, kind: EntityKind, rows: Sequence[Document], asked_at: datetime) -> Compared:
        entities = [(recognised(kind, row)[0], row) for row in rows]
        readable = {entity: row for entity, row in entities if entity is not None}
        known = await self.comparison.known(work.claim.store_id, kind, [entity.id for entity in readable])
        sieve = self._sieve(work, asked_at)
        for entity, row in readable.items():
            sieve.add(entity, row, known[entity.id])
        return sieve.compared(unreadable=len(rows) - len(readable))

    async def _enter(self, work: _Work, kind: EntityKind, found: Compared) -> bool:
        """In the ledger first: a mark says that the row needs no more looking at."""
        if Receipt.CANCELLED in await enter(self.inbox, self.announcer, found.deliveries):
            return False
        await self.comparison.mark(work.claim.store_id, kind, work.claim.reconciliation_id, found.seen)
        return True

    async def _ask_for_missing(self, work: _Work, report: SpanReport) -> bool:
        """Some rows that the list lacked, asked for one by one; False when the install is over."""
        left = await self._missing(work, report.span, limit=min(ASKED_AT_ONCE, report.allowed - report.asked))
        for entity_id in left:
            counted = await self._ask_for(work, Entity(report.span.kind, entity_id), report)
            if counted is None:
                return False
            report = counted
            work.progress = work.progress.noting(report)
        if not left:
            too_many = await self._missing(work, report.span, limit=MOST_LEFT)
            noted = work.progress.noting(replace(report, left=len(too_many)))
            work.progress = noted.next_span(covers_until=self._covered_until(work))
        return True

    async def _missing(self, work: _Work, span: Span, *, limit: int) -> Sequence[str]:
        if limit <= 0:
            return []
        claim, before = work.claim, work.progress.started_at
        return await self.comparison.unseen(claim.store_id, span, claim.reconciliation_id, before=before, limit=limit)

    async def _ask_for(self, work: _Work, entity: Entity, report: SpanReport) -> SpanReport | None:
        """One row, by its id: there after all, or gone; None when the install is over."""
        asked_at = self.clock.now()
        asked = report.plus(calls=1, asked=1)
        try:
            row = await self.gateway.perform(work.claim.store_id, single(entity))
        except NotFound:
            found = self._sieve(work, asked_at).gone(entity)
            counted = asked.plus(missed=found.missed, caught_up=found.caught_up, gone=1)
        else:
            found = await self._compare(work, entity.kind, [row.raw], asked_at)
            found.seen.setdefault(entity.id, None)
            counted = asked.plus(missed=found.missed, caught_up=found.caught_up, unreadable=found.unreadable)
        return counted if await self._enter(work, entity.kind, found) else None

    def _sieve(self, work: _Work, asked_at: datetime) -> Sieve:
        return Sieve(work.claim, self.ids, self.encode, asked_at, self._settled_before(work))

    def _settled_before(self, work: _Work) -> datetime | None:
        """On schedule only: who asked, or knows of a gap, waits for no webhook."""
        grace = self.planning.policy.grace
        return work.progress.started_at - grace if work.claim.why is Why.SCHEDULED else None

    def _covered_until(self, work: _Work) -> datetime:
        return self._settled_before(work) or work.progress.started_at

    async def _finish(self, work: _Work) -> None:
        """What was read closes the gaps that were open when it was planned."""
        install = await self.installations.current(work.claim.store_id)
        begun = work.claim.before.started_at if work.claim.before else install.installed_at if install else None
        since = begun or work.progress.started_at
        received = await self.comparison.received(work.claim.install_id, since)
        work.progress = replace(work.progress, received=received)
        for known in await self.gaps.of_install(work.claim.install_id):
            if known.gap_id in work.progress.gaps and not _is_left(known, work.progress):
                await self.gaps.close([known], lost=_lost(known, work.progress))
        await self.reconciliations.advance(work.claim, work.progress, done=True)

    def _after(self, error: WaslError, claim: ReconciliationClaim, work: _Work | None) -> PutOff:
        """A list that Zid refuses is skipped, with its reason, and the others are read."""
        decided = after_error(error, work.failures if work else claim.failures, self.chance.fraction())
        if not isinstance(error, MissingScope) and decided.state is not BackfillState.FAILED:
            return decided
        report = work.progress.current if work else None
        if work is None or report is None:
            return decided
        skipped = work.progress.noting(replace(report, skipped=str(error)))
        work.progress = skipped.next_span(covers_until=None)
        return TURN_OVER

    async def _lay_aside(self, claim: ReconciliationClaim, work: _Work | None, decided: PutOff) -> ReconcileTurn:
        """Until the database took note: a claim that nobody works on would be held as long as this process lives."""
        while True:
            try:
                if work is not None and decided.state is not BackfillState.CANCELLED:
                    await self.reconciliations.advance(claim, work.progress)
                await self.reconciliations.put_off(claim, decided)
            except LostClaim:
                return ReconcileTurn(claim, work.progress if work else None, lost=True)
            except Unavailable:
                await self.clock.sleep(RETRY_SETTLE)
            else:
                return ReconcileTurn(claim, work.progress if work else None, decided)


def _awaits_webhooks(progress: Progress) -> bool:
    return progress.others_allowed > 0 and progress.others == 0


def _covers(progress: Progress, known: KnownGap) -> bool:
    """Whether what is planned reads all that the gap's deliveries would have told."""
    return all(any(_reads(one.span, kind, known) for one in progress.spans) for kind in _kinds(known))


def _reads(span: Span, kind: EntityKind, known: KnownGap) -> bool:
    is_long_enough = span.scan is Scan.FULL or (span.since is not None and span.since <= known.gap.since)
    return span.kind is kind and is_long_enough and (span.until is None or span.until >= known.gap.until)


def _after_page(progress: Progress, page: Page[Row], oldest: datetime | None) -> Progress:
    """On the next page, or past the list: at its end, or below the moment that was to be read down to."""
    span = progress.spans[progress.at].span
    is_below = span.scan is Scan.DOWN_TO and span.since is not None and oldest is not None and oldest < span.since
    if page.next is None or is_below:
        return replace(progress, page=None, confirming=True)
    return replace(progress, page=page.next.token)


def _kinds(known: KnownGap) -> Sequence[EntityKind]:
    topic = ZID_TOPICS.get(known.gap.topic or "")
    return list(READERS) if topic is None else [topic.kind]


def _is_left(known: KnownGap, progress: Progress) -> bool:
    """Whether rows that it may concern were not asked for yet."""
    return any(one.left for one in progress.spans if one.span.kind in _kinds(known))


def _lost(known: KnownGap, progress: Progress) -> str | None:
    """What stays lost of it; lists that could not be read are among that."""
    kinds = _kinds(known)
    unread = [f"{one.span.kind}: {one.skipped}" for one in progress.spans if one.skipped and one.span.kind in kinds]
    return "; ".join([*unread, *filter(None, [lost(known.gap.topic)])]) or None
