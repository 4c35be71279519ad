"""What the memory adapters share: one value with a dict or list per table."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from adapters.formats.request_context import with_request_id
from adapters.memory.backfill_rows import BackfillRow
from adapters.memory.rows import (
    AlertRow,
    DedupeRow,
    DueRow,
    EventRow,
    IdempotencyRow,
    IntakeRow,
    IntentRow,
    JobRow,
    RotationRow,
    RunRow,
    TokenRow,
)
from adapters.memory.system import ManualClock
from core.domain.audit import AuditEntry, AuditRecord
from core.domain.audit_chain import Seal
from core.domain.customer_records import CustomerRecord
from core.domain.erasures import Erasure, ErasureId, ErasureKind
from core.domain.event_states import EventState, Origin
from core.domain.events import WorkItem, WorkKind
from core.domain.gaps import GapId, KnownGap
from core.domain.mirror import MirrorRow
from core.domain.operations.webhooks import Subscription
from core.domain.redrive import OVER, JobId
from core.domain.rings import Holder
from core.domain.segments import Segment, SegmentId
from core.domain.stock import Movement
from core.domain.stores import LIVE, Install
from core.ids import Entity, EntityKind, EventId, Generation, InstallId, Lane, Seq, StoreId, WorkerId, lane_of
from core.ports.ledger_reading import AttemptSummary
from core.ports.refresh_reports import RunReport
from core.ports.sealed_vault import SetAside
from core.ports.sealing import WrappedKey
from core.ports.system import Clock


@dataclass
class MemoryDatabase:
    """Every table of the real database, for all memory adapters of one test. Its time is `clock`'s."""

    clock: Clock = field(default_factory=ManualClock)
    latest: dict[StoreId, InstallId] = field(default_factory=dict)
    paused: dict[StoreId, datetime] = field(default_factory=dict)
    """Since when."""
    installs: dict[InstallId, Install] = field(default_factory=dict)
    data_keys: dict[InstallId, WrappedKey] = field(default_factory=dict)
    tokens: dict[InstallId, TokenRow] = field(default_factory=dict)
    refresh_due: dict[InstallId, DueRow] = field(default_factory=dict)
    intents: dict[tuple[InstallId, Generation], IntentRow] = field(default_factory=dict)
    alerts: list[AlertRow] = field(default_factory=list)
    refresh_runs: list[RunReport] = field(default_factory=list)
    subscriptions: dict[InstallId, Sequence[Subscription]] = field(default_factory=dict)
    trail: list[AuditRecord] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)
    workers: dict[WorkerId, datetime] = field(default_factory=dict)
    """Until when each worker's lease runs."""
    worker_kinds: dict[WorkerId, str] = field(default_factory=dict)
    worker_processes: dict[WorkerId, str] = field(default_factory=dict)
    events: dict[EventId, EventRow] = field(default_factory=dict)
    runs: dict[int, RunRow] = field(default_factory=dict)
    dedupe: dict[bytes, DedupeRow] = field(default_factory=dict)
    intake: list[IntakeRow] = field(default_factory=list)
    pruned: Counter[tuple[StoreId, Origin, EventState]] = field(default_factory=Counter)
    """How many events are no longer kept."""
    mirror: dict[tuple[StoreId, Entity], MirrorRow] = field(default_factory=dict)
    seen: dict[tuple[StoreId, Entity], datetime] = field(default_factory=dict)
    """When each mirror row was written last."""
    movements: list[tuple[StoreId, Movement]] = field(default_factory=list)
    records: dict[tuple[StoreId, str], CustomerRecord] = field(default_factory=dict)
    segments: dict[tuple[StoreId, SegmentId], Segment] = field(default_factory=dict)
    effects: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    """What units of work executed and committed: (sql, arguments)."""
    attempts: list[tuple[EventId, AttemptSummary]] = field(default_factory=list)
    idempotency: dict[bytes, IdempotencyRow] = field(default_factory=dict)
    backfills: dict[tuple[InstallId, EntityKind], BackfillRow] = field(default_factory=dict)
    erasures: dict[ErasureId, Erasure] = field(default_factory=dict)
    gaps: dict[GapId, KnownGap] = field(default_factory=dict)
    jobs: dict[JobId, JobRow] = field(default_factory=dict)
    rotations: list[RotationRow] = field(default_factory=list)
    quarantine: dict[InstallId, SetAside] = field(default_factory=dict)
    process_rings: dict[WorkerId, Holder] = field(default_factory=dict)
    held: dict[EventId, asyncio.Event] = field(default_factory=dict)
    """The row locks of open batches; set when given up."""
    numbers: count[int] = field(default_factory=lambda: count(1))

    def now(self) -> datetime:
        return self.clock.now()

    @property
    def audit(self) -> list[AuditEntry]:
        """The entries written so far, oldest first."""
        return [record.entry for record in self.trail]

    def note(self, entry: AuditEntry) -> None:
        install = self.installs.get(entry.install_id) if entry.install_id is not None else None
        epoch = install.epoch if install else None
        self.trail.append(AuditRecord(len(self.trail) + 1, self.now(), with_request_id(entry), epoch))

    def forget_keys(self, install_id: InstallId) -> None:
        """Nothing is left that opens the install's tokens."""
        self.data_keys.pop(install_id, None)
        self.tokens.pop(install_id, None)
        self.quarantine.pop(install_id, None)

    def is_being_erased(self, store_id: StoreId) -> bool:
        """Whether the erasure of the whole store is under way."""
        mine = (one for one in self.erasures.values() if one.store_id == store_id and one.kind is ErasureKind.STORE)
        return any(one.finished_at is None for one in mine)

    def current_install(self, store_id: StoreId) -> Install | None:
        if store_id not in self.latest:
            return None
        return replace(self.installs[self.latest[store_id]], paused_at=self.paused.get(store_id))

    def live_install(self, install_id: InstallId) -> Install | None:
        """The install, if it is its store's current one and not over."""
        install = self.installs.get(install_id)
        if install is None or self.latest[install.store_id] != install_id or install.state not in LIVE:
            return None
        return install

    def in_doubt_since(self, install_id: InstallId, generation: Generation) -> datetime | None:
        """Since when nobody waits for the answer to the exchange of this generation any more."""
        intent = self.intents.get((install_id, generation))
        if intent is None or (intent.state == IntentRow.SENDING and self.is_alive(intent.worker)):
            return None
        return intent.taken_at

    def is_alive(self, worker: WorkerId | None) -> bool:
        return worker in self.workers and self.workers[worker] > self.now()

    def enter(self, event: EventRow, dedupe_key: bytes, recognised_until: datetime) -> None:
        """A new event with its key and its count, as every ingest transaction writes them."""
        self.events[event.event_id] = event
        self.dedupe[dedupe_key] = DedupeRow(event.event_id, event.store_id, event.origin, recognised_until)
        self.intake.append(IntakeRow(event.store_id, event.origin, accepted=1))

    def open_run(self, event: EventRow, handler: str) -> WorkItem:
        """A queued run of one handler; its event is running until its last run ends."""
        assert event.entity is not None
        run = RunRow(
            run_id=next(self.numbers),
            event_id=event.event_id,
            handler=handler,
            store_id=event.store_id,
            install_id=event.install_id,
            lane=lane_of(event.store_id, event.entity, handler),
            seq=event.seq,
        )
        self.runs[run.run_id] = run
        event.open_runs += 1
        return item_of(run)

    def marked_letters(self) -> set[tuple[EventId, int]]:
        """The letters that open jobs have, by event and run."""
        items = (item for row in self.jobs.values() for item in row.items)
        return {(item.event_id, item.run_id) for item in items if item.state not in OVER}

    def next_seq(self) -> Seq:
        return Seq(next(self.numbers))

    def runs_of(self, event_id: EventId) -> list[RunRow]:
        return [run for run in self.runs.values() if run.event_id == event_id]

    def is_next_event(self, event: EventRow) -> bool:
        """Whether it is queued for the mirror with nothing unfinished before it in its lane."""
        if event.state is not EventState.QUEUED or event.open_runs or not self.works(event):
            return False
        in_lane = (other for other in self.events.values() if other.awaits_mirror and other.lane == event.lane)
        return min(in_lane, key=_seq) is event

    def is_next_run(self, run: RunRow) -> bool:
        """Whether it is queued with nothing unfinished before it in its lane."""
        return run.state is EventState.QUEUED and self.works(run) and self.next_run(run.lane) is run

    def works(self, row: EventRow | RunRow) -> bool:
        """Whether its store is not paused."""
        return row.store_id not in self.paused

    def runs_alone(self, run: RunRow) -> bool:
        """Whether its worker holds nothing else."""
        return not any(
            other is not run and other.worker == run.worker and other.state is EventState.RUNNING
            for other in self.runs.values()
        )

    def next_run(self, lane: Lane) -> RunRow | None:
        """The earliest unfinished run of a lane."""
        return min((run for run in self.runs.values() if run.lane == lane and run.unfinished), default=None, key=_seq)

    async def unlocked(self, events: Iterable[EventRow]) -> None:
        """Waits until no open batch holds any of them, as a row lock would."""
        ids = [event.event_id for event in events]
        while holds := [self.held[event_id].wait() for event_id in ids if event_id in self.held]:
            await asyncio.gather(*holds)

    async def cancel_unfinished(self, install_id: InstallId, reason: str) -> int:
        """Cancels an ended install's events and runs and drops their bodies; how many events."""
        await self.unlocked(event for event in self.events.values() if event.install_id == install_id)
        for run in self.runs.values():
            if run.install_id == install_id and run.unfinished:
                run.move(EventState.CANCELLED, now=self.now(), reason=reason)
        events = [event for event in self.events.values() if event.install_id == install_id and event.unfinished]
        for event in events:
            event.move(EventState.CANCELLED, now=self.now(), reason=reason)
            event.body, event.open_runs = None, 0
        return len(events)


def _seq(row: EventRow | RunRow) -> Seq:
    return row.seq


def item_of(row: EventRow | RunRow) -> WorkItem:
    """What the work index carries for it."""
    if isinstance(row, RunRow):
        return WorkItem(WorkKind.RUN, str(row.run_id), row.store_id)
    return WorkItem(WorkKind.EVENT, str(row.event_id), row.store_id)
