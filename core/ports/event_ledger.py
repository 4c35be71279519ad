"""The ledger of events: the truth about what came in and where it is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.domain.events import (
    BatchResult,
    ClaimedEvent,
    ClaimedRun,
    Delivery,
    QueuedRun,
    Receipt,
    Settlement,
    WorkItem,
)
from core.domain.mirror import MirrorRow
from core.ids import Entity, EventId, StoreId, WorkerId


class Inbox(Protocol):
    """Takes deliveries in, durably, before it returns."""

    @abstractmethod
    async def accept(self, delivery: Delivery) -> Receipt:
        """Commits the delivery, its dedupe key and its count in one transaction shared with concurrent callers.

        One delivery's bad data never fails another's. Raises Unavailable when the database does not answer.
        """


class BulkInbox(Inbox, Protocol):
    """An inbox that many deliveries can be handed to at once."""

    @abstractmethod
    async def accept_all(self, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
        """Each as `accept` takes it, few transactions for all; the receipts in the same order.

        Raises Unavailable; some may have been taken in then, and repeats of them are recognised.
        """


class EventBatch(Protocol):
    """One open transaction that holds some queued events."""

    @property
    @abstractmethod
    def events(self) -> Sequence[ClaimedEvent]:
        """What was claimed, in arrival order; every event is its lane's next or follows one that is here."""

    @abstractmethod
    async def rows(self, wanted: Sequence[tuple[StoreId, Entity]]) -> Mapping[tuple[StoreId, Entity], MirrorRow]:
        """The mirror rows that exist, locked until the batch ends."""

    @abstractmethod
    async def commit(self, result: BatchResult) -> Sequence[WorkItem]:
        """Writes everything and commits; the runs that were opened. Raises Conflict when a row to insert appeared."""


class EventLedger(Protocol):
    """Queued events, taken in batches through the mirror."""

    @abstractmethod
    def open_batch(self, ids: Sequence[EventId], *, limit: int) -> AbstractAsyncContextManager[EventBatch]:
        """Claims these events and the ones queued in their lanes; leaving without commit gives all back."""

    @abstractmethod
    async def put_off(self, event: ClaimedEvent, settlement: Settlement) -> None:
        """After a failed attempt: waiting or dead, with its reason; the attempt is kept for people.

        Nothing happens if it is no longer queued.
        """

    @abstractmethod
    async def claimable(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        """Those of the items that could be claimed now (queued, with nothing unfinished before them in their lane)."""

    @abstractmethod
    async def following(self, events: Sequence[ClaimedEvent]) -> Sequence[WorkItem]:
        """What could be claimed now in the lanes of these events: whoever finishes with them announces it.

        Asked after the batch is committed, so that of two who meet in a lane the later one sees the other.
        """

    @abstractmethod
    async def backlog(self, store_id: StoreId | None = None, *, limit: int) -> Sequence[WorkItem]:
        """Claimable work in arrival order, at most `limit` of each store.

        What is queued behind something in its lane is left out: it would fill the
        index with work that nobody can take. For one store, what stands far behind may be
        missing too, but never all of it: asked for all stores, it is complete.
        """


class AppTransaction(Protocol):
    """The database, inside the transaction that also settles the run."""

    @abstractmethod
    async def execute(self, sql: str, *args: object) -> str: ...

    @abstractmethod
    async def fetch(self, sql: str, *args: object) -> Sequence[Mapping[str, object]]: ...


class RunScope(Protocol):
    """One run while it is being handled."""

    @property
    @abstractmethod
    def unit_of_work(self) -> AbstractAsyncContextManager[AppTransaction]:
        """Opens a transaction that stays open until `settle`; an exception inside rolls it back.

        Raises RuntimeError once the scope was left or settled.
        """

    @property
    @abstractmethod
    def in_unit_of_work(self) -> bool:
        """Whether the handler is inside its unit of work now."""

    @abstractmethod
    async def revoke(self) -> None:
        """Takes the unit of work from a handler that does not stop: nothing of it is kept, and it can do no more.

        The run can be settled still.
        """

    @abstractmethod
    async def settle(self, settlement: Settlement) -> Sequence[WorkItem]:
        """Settles the run (and the event, when it was the last) together with the unit of work's effects.

        The work of the lane that became claimable. Effects are kept only when the state
        is DONE. Raises LostClaim, and keeps nothing, when the claim is no longer ours. Runs opened
        together are settled together: all, or none. The attempt is kept for people, and the run is
        no longer suspect, unless it is given back.
        """


class RunLedger(Protocol):
    """One handler's work on one event, claimed under a lease."""

    @abstractmethod
    async def claim(
        self, run_ids: Sequence[int], worker: WorkerId, *, room: Mapping[str, int] | None = None
    ) -> Sequence[ClaimedRun]:
        """Those of the runs that are queued and next in their lane, now running and fenced for this worker.

        Of a handler that `room` names no more than so many. No suspects, and nothing at all while this
        worker holds one (a worker's calls do not overlap).
        """

    @abstractmethod
    async def claim_alone(self, run_ids: Sequence[int], worker: WorkerId) -> ClaimedRun | None:
        """One suspect of these, queued and next in its lane, if this worker holds nothing; it holds only this then."""

    @abstractmethod
    async def look_at(self, run_ids: Sequence[int]) -> Sequence[QueuedRun]:
        """Those of the runs that could be claimed now by somebody, suspects included."""

    @abstractmethod
    def open(self, *runs: ClaimedRun) -> AbstractAsyncContextManager[RunScope]:
        """A scope for handling it, or several at once; leaving without settle keeps nothing."""

    @abstractmethod
    async def give_back(self, worker: WorkerId, *, but: Collection[int] = ()) -> Sequence[WorkItem]:
        """Everything this worker still holds, but these runs, becomes queued again, its attempt not counted."""

    @abstractmethod
    async def poison(self, *, limit: int) -> Sequence[ClaimedRun]:
        """Suspects whose worker died for the last time that is allowed, still held: settle them dead."""


class Workers(Protocol):
    """Leases. A worker that does not renew in time loses what it holds."""

    @abstractmethod
    async def join(self, kind: str, process: str = "") -> WorkerId:
        """A new worker with a fresh lease; `process` is a mark by which others may know that it is gone."""

    @abstractmethod
    async def processes(self) -> Mapping[WorkerId, str]:
        """The marks of those whose lease holds."""

    @abstractmethod
    async def end(self, workers: Collection[WorkerId]) -> None:
        """Their leases are over now. For workers that certainly are gone."""

    @abstractmethod
    async def renew(self, worker: WorkerId) -> bool:
        """False when the lease ran out meanwhile: the worker has to join anew."""

    @abstractmethod
    async def leave(self, worker: WorkerId) -> None: ...


class Maintenance(Protocol):
    """What the sweep does in the database. Safe for any number of callers at once."""

    @abstractmethod
    async def release_due(self, *, limit: int) -> Sequence[WorkItem]:
        """Waiting work whose time has come, now queued."""

    @abstractmethod
    async def release_orphans(self) -> Sequence[WorkItem]:
        """Work of workers whose lease ran out, now queued; those workers are forgotten.

        Each run remembers that its worker died. What `RunLedger.poison` tells of is left to its caller.
        """

    @abstractmethod
    async def forget_expired(self, *, limit: int) -> int:
        """Dedupe keys and idempotency keys past their time, removed, at most `limit` of each; how many."""

    @abstractmethod
    async def compact_intake(self) -> int:
        """Folds the intake's many small rows into one per store and origin; how many were folded."""
