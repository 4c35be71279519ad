"""Jobs: redriving or discarding many dead letters, bit by bit, in the background."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from core.domain.audit import AuditEntry
from core.domain.events import WorkItem
from core.domain.redrive import DeskAction, Group, Job, JobId, Pace
from core.ids import EventId
from core.ports.ledger_reading import EventFilter


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for: which letters, and how. `reason` is needed to discard."""

    action: DeskAction
    wanted: EventFilter = field(default_factory=EventFilter)
    ids: Sequence[EventId] = ()
    canary: bool = False
    stop_above: float | None = None
    reason: str | None = None
    starts_in: timedelta = timedelta(0)

    @property
    def chosen(self) -> dict[str, str | int | None]:
        """Which letters, as it is kept with the job and in the audit trail: ids and names only."""
        wanted = self.wanted
        fields: dict[str, str | int | None] = {
            "store_id": wanted.store_id,
            "topic": wanted.topic,
            "origin": wanted.origin,
            "since": wanted.since.isoformat() if wanted.since else None,
            "until": wanted.until.isoformat() if wanted.until else None,
            "entity_id": wanted.entity_id,
            "fingerprint": wanted.fingerprint,
            "handler": wanted.handler,
            "ids": len(self.ids) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one step of a job did: work to publish, groups stopped now, and the job as it stands."""

    job: Job
    work: Sequence[WorkItem] = ()
    stopped: Sequence[Group] = ()


class Redrives(Protocol):
    """The jobs, and their one step. Each change is audited in its own transaction."""

    @abstractmethod
    async def open(self, order: Order, *, audit: AuditEntry) -> Job:
        """Marks every letter that matches now and that no open job has; its counts are exact from then on.

        What nothing can handle is not marked for a redrive. The letters stay dead until
        their turn. A job without letters is done at once.
        """

    @abstractmethod
    async def job(self, job_id: JobId) -> Job | None: ...

    @abstractmethod
    async def jobs(self, *, limit: int = 50) -> Sequence[Job]:
        """Newest first."""

    @abstractmethod
    async def undo(self, job_id: JobId, *, audit: AuditEntry) -> Job | None:
        """What is not yet executed stays dead, exactly as it was; None when there is no such job.

        Of a job that is over nothing changes.
        """

    @abstractmethod
    async def advance(self, pace: Pace) -> Advanced | None:
        """One step of one open job that is due and that nobody else is at; None when there is none.

        Looks what became of the letters in flight, stops groups that fail, sends the next
        ones. All of it happens or nothing: a step that is cut short is taken again.
        Jobs take turns.
        """

    @abstractmethod
    async def forget(self, age: timedelta) -> int:
        """Removes jobs that have been over for longer; how many."""
