"""Backfills: what a store held before its webhooks told of it, read list by list into the mirror.

One backfill per install and kind of entity. Its page moves on in the database after the
page's entities are in the ledger, so whoever takes it over goes on at that page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.errors import FixSetup, NeedsReauthorization, TryLater, WaslError
from core.ids import EntityKind, Fence, InstallId, StoreId, WorkerId

BACKFILLED: Final = (
    EntityKind.CATEGORY,
    EntityKind.PRODUCT,
    EntityKind.CUSTOMER,
    EntityKind.ORDER,
    EntityKind.CART,
)
"""Every kind that Zid lists, in the order in which they are read."""


class BackfillState(StrEnum):
    """Where a backfill stands."""

    QUEUED = "queued"
    """To be read; it may have pages behind it."""
    RUNNING = "running"
    """A worker reads it."""
    WAITING = "waiting"
    """Put off until its due time, with a reason."""
    DONE = "done"
    """Every page was read."""
    FAILED = "failed"
    """Given up with a reason; a person may ask for it again."""
    CANCELLED = "cancelled"
    """Its install is over."""


OPEN: Final = frozenset({BackfillState.QUEUED, BackfillState.RUNNING, BackfillState.WAITING})


@dataclass(frozen=True, slots=True)
class BackfillClaim:
    """A backfill held under a worker's lease. `page` is the token of the page to read, None for the first."""

    install_id: InstallId
    store_id: StoreId
    kind: EntityKind
    worker: WorkerId
    fence: Fence
    page: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class PageDone:
    """One page is in the ledger.

    `read` counts the rows up to its end, `next` is the token of the next page or None after
    the last, `total` Zid's own count where it names one.
    """

    read: int
    next: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class PutOff:
    """A backfill laid aside. `failures` is how many pages in a row could not be read; a success starts it anew."""

    state: BackfillState
    reason: str | None = None
    wait: timedelta = timedelta(0)
    failures: int = 0


@dataclass(frozen=True, slots=True)
class BackfillStatus:
    """A backfill as people see it. `read` counts the rows up to the page that is to be read next."""

    store_id: StoreId
    install_id: InstallId
    kind: EntityKind
    state: BackfillState
    read: int
    total: int | None
    pages: int
    reason: str | None
    requested_at: datetime
    started_at: datetime | None
    progressed_at: datetime | None
    finished_at: datetime | None
    due_at: datetime | None

    @property
    def percent(self) -> float | None:
        """0 to 100 with one decimal; None while nobody knows how much there is."""
        if self.state is BackfillState.DONE:
            return 100.0
        if not self.total:
            return None
        return min(99.9, round(100 * self.read / self.total, 1))

    @property
    def per_minute(self) -> float | None:
        """Rows a minute from its start to its last page; None before there are two moments to compare."""
        if self.started_at is None or self.progressed_at is None or self.progressed_at <= self.started_at:
            return None
        return round(60 * self.read / (self.progressed_at - self.started_at).total_seconds(), 1)

    @property
    def time_left(self) -> timedelta | None:
        """At the pace so far; None where pace or total are unknown, zero when nothing is left to do."""
        if self.state not in OPEN:
            return timedelta(0)
        if self.total is None or not self.per_minute:
            return None
        return timedelta(minutes=max(0, self.total - self.read) / self.per_minute)


def is_over(statuses: Sequence[BackfillStatus]) -> bool:
    """Whether nothing of a store is being read or waits to be."""
    return not any(status.state in OPEN for status in statuses)


@dataclass(frozen=True, slots=True)
class StoreProgress:
    """All of a store's backfills as one. `percent` counts every kind alike, since some tell no total."""

    state: BackfillState
    percent: float
    time_left: timedelta | None


def overall(statuses: Sequence[BackfillStatus]) -> StoreProgress | None:
    """How far a store is; None where nothing was ever to be read."""
    if not statuses:
        return None
    percent = round(sum(status.percent or 0.0 for status in statuses) / len(statuses), 1)
    left = [status.time_left for status in statuses]
    known = [one for one in left if one is not None]
    whole = sum(known, timedelta(0)) if len(known) == len(left) else None
    state = min((status.state for status in statuses), key=_MOST_TELLING.index)
    return StoreProgress(state, percent, whole)


_MOST_TELLING: Final = (
    BackfillState.RUNNING,
    BackfillState.WAITING,
    BackfillState.QUEUED,
    BackfillState.FAILED,
    BackfillState.CANCELLED,
    BackfillState.DONE,
)

GIVE_UP_AFTER: Final = 8
"""Refusals in a row by a Zid that answers: what it says eight times it means."""
_MOST_OUTAGES: Final = 5
"""Being away is no refusal: it lengthens the wait, and never brings giving up near."""
_FIRST_WAIT: Final = timedelta(seconds=2)
_LONGEST_WAIT: Final = timedelta(minutes=5)
_PERSON_WAIT: Final = timedelta(minutes=1)
"""How often it is looked whether a person did what was asked."""


def after_error(error: WaslError, failures: int, chance: float) -> PutOff:
    """What follows when a page could not be read after `failures` others in a row; `chance` in [0, 1) spreads it.

    What heals by itself, and what stops the whole store until a person acts, is waited for
    without end. A Zid that refuses this list, for want of a permission or for another
    reason, or writes what cannot be read, is asked a few times more.
    """
    tries = failures + 1
    match error:
        case TryLater(retry_after=seconds):
            outages = min(tries, max(failures, _MOST_OUTAGES))
            wait = max(timedelta(seconds=seconds), _step(outages, chance))
            return PutOff(BackfillState.WAITING, str(error), wait, outages)
        case NeedsReauthorization() | FixSetup():
            return PutOff(BackfillState.WAITING, str(error), _PERSON_WAIT, failures)
        case _ if tries >= GIVE_UP_AFTER:
            return PutOff(BackfillState.FAILED, f"gave up after {tries} tries: {error}", failures=tries)
        case _:
            return PutOff(BackfillState.WAITING, str(error), _step(tries, chance), tries)


def _step(tries: int, chance: float) -> timedelta:
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(tries - 1, 16)) * (0.5 + 0.5 * chance)
