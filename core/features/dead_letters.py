"""What a person decides about dead letters: at once where they are few, as a job where they are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from core.domain.audit import AuditEntry
from core.domain.dead_letters import DeadGrowth, GrowthAlarm, growth_alarm
from core.domain.event_states import EventState
from core.domain.events import WorkItem
from core.domain.redrive import DeskAction, Job, JobId
from core.ports.dead_letters import DeadCount, DeadGroup, DeadLetters
from core.ports.ledger_reading import Desk, EventFilter
from core.ports.redrives import Order, Redrives

AT_ONCE: Final = 200
"""So many letters are redriven or discarded while the person waits."""
ALARM: Final = 1000
DISCARD_DELAY: Final = timedelta(minutes=10)
"""A discard of many begins so much later: a discarded event is cancelled for good, and nights are long."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was chosen, and what came of it: `changed` events at once, or a `job`; neither after a dry run."""

    chosen: DeadCount
    changed: int = 0
    work: Sequence[WorkItem] = ()
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """How dead letters grow now, and when they would be as many as `threshold`."""

    growth: DeadGrowth
    alarm: GrowthAlarm
    threshold: int


class DecideDeadLetters:
    """The desk. Every decision is audited in the transaction that carries it out.

    `threshold` is the number of dead events that is an alarm.
    """

    def __init__(self, *, desk: Desk, letters: DeadLetters, redrives: Redrives, threshold: int = ALARM) -> None:
        self._desk = desk
        self._letters = letters
        self._redrives = redrives
        self._threshold = threshold

    async def decide(self, order: Order, *, audit: AuditEntry, dry_run: bool = False) -> Decided:
        """Carries the order out, or opens a job for it; a dry run only counts."""
        chosen = await self._letters.count(order.wanted, order.ids)
        if dry_run:
            return Decided(chosen)
        entry = replace(audit, details={**order.chosen, **audit.details})
        if _is_for_now(order, chosen):
            return await self._at_once(order, chosen, entry)
        return Decided(chosen, job=await self._redrives.open(_delayed(order, chosen), audit=entry))

    async def _at_once(self, order: Order, chosen: DeadCount, audit: AuditEntry) -> Decided:
        wanted = replace(order.wanted, state=EventState.DEAD)
        audit = replace(audit, details={**audit.details, "matched": chosen.events})
        if order.action is DeskAction.DISCARD:
            reason = order.reason or "discarded by hand"
            return Decided(chosen, await self._desk.discard(wanted, order.ids, reason=reason, audit=audit))
        work = await self._desk.redrive(wanted, order.ids, audit=audit)
        return Decided(chosen, len(work), work)

    async def undo(self, job_id: JobId, *, audit: AuditEntry) -> Job | None:
        """What the job has not yet executed stays as it was; None when there is no such job."""
        return await self._redrives.undo(job_id, audit=audit)

    async def groups(self, wanted: EventFilter, *, limit: int = 100) -> Sequence[DeadGroup]:
        return await self._letters.groups(wanted, limit=limit)

    async def outlook(self) -> Outlook:
        """Measured now."""
        growth = await self._letters.growth()
        return Outlook(growth, growth_alarm(growth, self._threshold), self._threshold)

    async def job(self, job_id: JobId) -> Job | None:
        return await self._redrives.job(job_id)

    async def jobs(self, *, limit: int = 50) -> Sequence[Job]:
        return await self._redrives.jobs(limit=limit)


def _is_for_now(order: Order, chosen: DeadCount) -> bool:
    """Few, and whole events: single handlers' letters, canaries and delays are a job's business."""
    whole = order.wanted.fingerprint is None and order.wanted.handler is None
    plain = not order.canary and order.stop_above is None and not order.starts_in
    return whole and plain and chosen.letters <= AT_ONCE


def _delayed(order: Order, chosen: DeadCount) -> Order:
    """A discard of many waits, unless its delay was chosen."""
    many = order.action is DeskAction.DISCARD and chosen.letters > AT_ONCE
    return replace(order, starts_in=DISCARD_DELAY) if many and not order.starts_in else order
