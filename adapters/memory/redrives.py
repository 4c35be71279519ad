"""Jobs over dead letters, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.memory.database import MemoryDatabase, item_of
from adapters.memory.dead_letters import MemoryDeadLetters, can_be_handled
from adapters.memory.letters import Letter
from adapters.memory.rows import EventRow, JobItem, JobRow, RunRow
from core.domain.audit import AuditEntry
from core.domain.dead_letters import Fingerprint
from core.domain.event_states import UNFINISHED, EventState
from core.domain.events import WorkItem
from core.domain.redrive import DeskAction, Group, ItemState, Job, JobId, JobState, Pace, Step, end_of, share_out
from core.domain.redrive_audit import ended, opened, stopped
from core.ids import EventId
from core.ports.redrives import Advanced, Order, Redrives


@dataclass(frozen=True, slots=True)
class _Load:
    """What the letters in flight are doing."""

    active: int
    waiting: int


class MemoryRedrives(Redrives):
    """A job holds its items; letters are looked up when their turn comes."""

    def __init__(self, database: MemoryDatabase, version: str = "") -> None:
        self._database = database
        self._letters = MemoryDeadLetters(database, version)

    async def open(self, order: Order, *, audit: AuditEntry) -> Job:
        now, taken = self._database.now(), self._database.marked_letters()
        letters = self._letters.chosen(order.wanted, order.ids)
        row = JobRow(
            job_id=JobId(next(self._database.numbers)),
            order=order,
            actor=audit.actor,
            opened_at=now,
            starts_at=now + order.starts_in,
            items=[
                _item(one) for one in letters if (one.event.event_id, one.run_id) not in taken and self._can(order, one)
            ],
        )
        self._database.jobs[row.job_id] = row
        self._database.note(opened(audit, row.job_id, len(row.items)))
        if not row.items:
            self._close(row, JobState.DONE)
        return self._told(row)

    def _can(self, order: Order, letter: Letter) -> bool:
        return order.action is DeskAction.DISCARD or can_be_handled(self._database, letter)

    async def job(self, job_id: JobId) -> Job | None:
        row = self._database.jobs.get(job_id)
        return self._told(row) if row else None

    async def jobs(self, *, limit: int = 50) -> Sequence[Job]:
        return [self._told(row) for row in reversed(self._database.jobs.values())][:limit]

    async def undo(self, job_id: JobId, *, audit: AuditEntry) -> Job | None:
        row = self._database.jobs.get(job_id)
        if row is None or row.state is not JobState.OPEN:
            return self._told(row) if row else None
        pending = [item for item in row.items if item.state is ItemState.PENDING]
        for item in pending:
            item.state = ItemState.UNDONE
        row.undone = True
        self._database.note(opened(audit, job_id, len(pending)))
        self._end(row)
        return self._told(row)

    async def advance(self, pace: Pace) -> Advanced | None:
        now = self._database.now()
        due = [row for row in self._database.jobs.values() if row.state is JobState.OPEN and row.starts_at <= now]
        if not due:
            return None
        row = min(due, key=lambda row: (row.turn, row.job_id))
        row.turn = next(self._database.numbers)
        self._look(row)
        steps = self._steps(row, pace)
        halted = [self._stop(row, step) for step in steps if step.stop]
        work = [item for step in steps for item in self._execute(row, step)]
        self._end(row)
        return Advanced(self._told(row), work, halted)

    def _look(self, row: JobRow) -> None:
        for item in row.items:
            if item.state is ItemState.IN_FLIGHT:
                item.state = self._outcome(item)

    def _outcome(self, item: JobItem) -> ItemState:
        found = self._row(item)
        if found is None or found.state is EventState.ERASED:
            return ItemState.SKIPPED
        if isinstance(found, EventRow) and (found.open_runs or found.dead_runs):
            return ItemState.SUCCEEDED
        if found.state is EventState.DEAD:
            return ItemState.FAILED
        return ItemState.IN_FLIGHT if found.state in UNFINISHED else ItemState.SUCCEEDED

    def _row(self, item: JobItem) -> EventRow | RunRow | None:
        return self._database.runs.get(item.run_id) if item.run_id else self._database.events.get(item.event_id)

    def _steps(self, row: JobRow, pace: Pace) -> Sequence[Step]:
        groups = self._told(row).groups
        if row.order.action is DeskAction.DISCARD:
            return share_out(groups, canary=False, stop_above=None, room=pace.discard_at_once, waiting_room=1)
        load = self._load(item for job in self._database.jobs.values() for item in job.items)
        return share_out(
            groups,
            canary=row.order.canary,
            stop_above=row.order.stop_above,
            room=pace.in_flight - load.active,
            waiting_room=pace.waiting - load.waiting,
        )

    def _load(self, items: Iterable[JobItem]) -> _Load:
        flying = [self._row(item) for item in items if item.state is ItemState.IN_FLIGHT]
        waiting = sum(found is not None and found.state is EventState.WAITING for found in flying)
        return _Load(len(flying) - waiting, waiting)

    def _stop(self, row: JobRow, step: Step) -> Group:
        for item in row.items:
            if item.fingerprint == step.fingerprint and item.state is ItemState.PENDING:
                item.state = ItemState.UNDONE
        row.stopped[step.fingerprint] = step.stop or ""
        group = next(group for group in self._told(row).groups if group.fingerprint == step.fingerprint)
        self._database.note(stopped(row.job_id, group))
        return group

    def _execute(self, row: JobRow, step: Step) -> list[WorkItem]:
        pending = [one for one in row.items if one.state is ItemState.PENDING and one.fingerprint == step.fingerprint]
        pending = [one for one in pending if not self._is_paused(one)]
        act = self._discard if row.order.action is DeskAction.DISCARD else self._send
        return [work for item in pending[: step.send] for work in act(row, item, step)]

    def _is_paused(self, item: JobItem) -> bool:
        event = self._database.events.get(item.event_id)
        return event is not None and event.store_id in self._database.paused

    def _send(self, _: JobRow, item: JobItem, step: Step) -> list[WorkItem]:
        event, found = self._database.events.get(item.event_id), self._row(item)
        if event is None or found is None or not self._revivable(event, found):
            item.state = ItemState.SKIPPED
            return []
        now, item.state = self._database.now(), ItemState.IN_FLIGHT
        found.attempts, found.tries, found.fingerprint = 0, step.tries, None
        found.move(EventState.QUEUED, now=now)
        if isinstance(found, RunRow):
            found.failure = None
            event.open_runs, event.dead_runs, event.attempts = event.open_runs + 1, event.dead_runs - 1, 0
            if event.state is EventState.DEAD:
                reason = event.reason if event.dead_runs else None
                event.move(EventState.QUEUED, EventState.RUNNING, now=now, reason=reason)
        return [item_of(found)]

    def _revivable(self, event: EventRow, found: EventRow | RunRow) -> bool:
        is_dead = found.state is EventState.DEAD and event.state in {EventState.DEAD, EventState.RUNNING}
        return is_dead and can_be_handled(self._database, Letter(event, found))

    def _discard(self, row: JobRow, item: JobItem, _: Step) -> list[WorkItem]:
        event, found, now = self._database.events.get(item.event_id), self._row(item), self._database.now()
        if event is None or found is None or found.state is not EventState.DEAD:
            item.state = ItemState.SKIPPED
            return []
        item.state = ItemState.SUCCEEDED
        found.move(EventState.CANCELLED, now=now, reason=row.order.reason)
        if isinstance(found, RunRow):
            event.dead_runs -= 1
            if event.state is EventState.DEAD and not event.dead_runs:
                event.move(EventState.CANCELLED, now=now, reason=row.order.reason)
        return []

    def _end(self, row: JobRow) -> None:
        state = end_of(self._told(row).groups, undone=row.undone)
        if state:
            self._close(row, state)

    def _close(self, row: JobRow, state: JobState) -> None:
        row.state, row.closed_at = state, self._database.now()
        self._database.note(ended(self._told(row)))

    async def forget(self, age: timedelta) -> int:
        long_over = [
            row.job_id for row in self._database.jobs.values() if row.closed_at and self._is_old(row.closed_at, age)
        ]
        for job_id in long_over:
            del self._database.jobs[job_id]
        return len(long_over)

    def _is_old(self, closed_at: datetime, age: timedelta) -> bool:
        return closed_at < self._database.now() - age

    def _told(self, row: JobRow) -> Job:
        order = row.order
        return Job(
            row.job_id,
            order.action,
            row.state,
            row.actor,
            order.chosen,
            order.canary,
            order.stop_above,
            order.reason,
            row.starts_at,
            row.opened_at,
            row.closed_at,
            self._groups(row),
        )

    def _groups(self, row: JobRow) -> list[Group]:
        marks = dict.fromkeys(item.fingerprint for item in row.items)
        return [self._group(row, mark) for mark in sorted(marks)]

    def _group(self, row: JobRow, mark: Fingerprint) -> Group:
        items = [item for item in row.items if item.fingerprint == mark]
        states = Counter(item.state for item in items)
        flying = [found for item in items if item.state is ItemState.IN_FLIGHT and (found := self._row(item))]
        return Group(
            mark,
            items[0].handler,
            len(items),
            in_flight=states[ItemState.IN_FLIGHT],
            succeeded=states[ItemState.SUCCEEDED],
            failed=states[ItemState.FAILED],
            skipped=states[ItemState.SKIPPED],
            undone=states[ItemState.UNDONE],
            stopped=row.stopped.get(mark),
            failing=sum(found.attempts > 0 and found.state is EventState.WAITING for found in flying),
        )


def _item(letter: Letter) -> JobItem:
    return JobItem(EventId(letter.event.event_id), letter.run_id, letter.fingerprint, letter.handler)
