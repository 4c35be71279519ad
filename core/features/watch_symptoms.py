"""Looking, now and then, at what merchants would notice; what lasts becomes an alert, and what is over heals it.

Every scheduler looks by itself at what all of them see alike: the alert's name makes one of what several raise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.domain.alerts import APP, Alert, AlertKind
from core.domain.dead_letters import AlarmLevel, growth_alarm
from core.domain.events import WorkItem
from core.domain.steadiness import STEADINESS, Steady
from core.domain.webhook_states import SICK
from core.errors import TryLater
from core.ports.alerts import Alerts
from core.ports.dead_letters import DeadLetters
from core.ports.event_ledger import EventLedger
from core.ports.gaps import Gaps
from core.ports.refresh_reports import RefreshReports
from core.ports.roster import Roster
from core.ports.system import Clock
from core.ports.webhook_checks import WebhookChecks

NEEDED: Final = ("http", "consumer")
"""Kinds of processes without which nothing comes in, or nothing is handled. A scheduler is who looks."""
LATEST_RENEWAL: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing as it was seen in one look. `reason` is what is wrong, for people; None: all is well."""

    kind: AlertKind
    reason: str | None = None
    subject: str = APP


Look = Callable[[], Awaitable[Sequence[Sign]]]


class WatchSymptoms:
    """Remembers since when each thing has been as it is seen."""

    def __init__(self, alerts: Alerts, clock: Clock, looks: Sequence[Look]) -> None:
        self._alerts = alerts
        self._clock = clock
        self._looks = looks
        self._steady: dict[tuple[AlertKind, str], Steady] = {}

    async def tick(self) -> None:
        """Every look once. One that cannot be made says nothing: neither that it is bad nor that it is well."""
        for look in self._looks:
            with suppress(TryLater):
                for sign in await look():
                    await self.see(sign)

    async def see(self, sign: Sign) -> None:
        """Raises or heals the alert when this has lasted. Raises Unavailable: then it is done at a later look."""
        steady = self._steady.setdefault((sign.kind, sign.subject), Steady(STEADINESS[sign.kind]))
        believed = steady.see(self._clock.monotonic(), is_bad=sign.reason is not None)
        if believed is None:
            return
        if sign.reason is not None:
            await self._alerts.raise_once(Alert(sign.kind, sign.subject, sign.reason))
        else:
            await self._alerts.heal(sign.kind, sign.subject)
        steady.believe(believed)


def books(imbalance: int) -> Sign:
    """What a count of the books says."""
    reason = f"received and accounted for differ by {imbalance}" if imbalance else None
    return Sign(AlertKind.BOOKS_NOT_BALANCED, reason)


def spool(depth: int, machine: str) -> Sign:
    """What one process says of its spool while the database answers."""
    reason = f"{depth} deliveries wait outside the database, which answers" if depth else None
    return Sign(AlertKind.SPOOL_STAYS_FULL, reason, machine)


@dataclass(frozen=True, kw_only=True)
class Symptoms:
    """The looks, and what they look at."""

    letters: DeadLetters
    dead_letter_alarm: int
    ledger: EventLedger
    webhook_checks: WebhookChecks
    gaps: Gaps
    refreshes: RefreshReports
    roster: Roster
    clock: Clock

    def looks(self) -> Sequence[Look]:
        stuck = _StuckWork(self.ledger)
        return (self.dead_letters, stuck.look, self.webhooks, self.open_gaps, self.renewals, self.processes)

    async def dead_letters(self) -> Sequence[Sign]:
        growth = await self.letters.growth()
        is_reached = growth_alarm(growth, self.dead_letter_alarm).level is AlarmLevel.REACHED
        wrong = f"{growth.total} dead events, {growth.last_hour} of the last hour; DEAD_LETTER_ALARM is"
        return [Sign(AlertKind.DEAD_LETTERS, f"{wrong} {self.dead_letter_alarm}" if is_reached else None)]

    async def webhooks(self) -> Sequence[Sign]:
        found = await self.webhook_checks.totals()
        sick = {state: number for state, number in found.items() if state in SICK and number}
        wrong = ", ".join(f"{number} {state.value}" for state, number in sick.items())
        return [Sign(AlertKind.WEBHOOKS_NOT_DELIVERED, f"subscriptions: {wrong}" if sick else None)]

    async def open_gaps(self) -> Sequence[Sign]:
        number = await self.gaps.count_open()
        return [Sign(AlertKind.GAPS_STAY_OPEN, f"{number} gaps have not been read" if number else None)]

    async def renewals(self) -> Sequence[Sign]:
        now = self.clock.now()
        standing = await self.refreshes.standing(now)
        is_late = standing.oldest_due_at is not None and now - standing.oldest_due_at > LATEST_RENEWAL
        wrong = f"{standing.due} renewals are due, one for over an hour"
        return [Sign(AlertKind.RENEWALS_LATE, wrong if is_late else None)]

    async def processes(self) -> Sequence[Sign]:
        alive = await self.roster.alive()
        return [
            Sign(AlertKind.PROCESS_ABSENT, None if alive.get(kind) else f"no {kind} process is alive", kind)
            for kind in NEEDED
        ]


class _StuckWork:
    """Whether what could be done first is still the same as before: then nobody takes it up."""

    def __init__(self, ledger: EventLedger) -> None:
        self._ledger = ledger
        self._first: WorkItem | None = None

    async def look(self) -> Sequence[Sign]:
        first = next(iter(await self._ledger.backlog(limit=1)), None)
        is_stuck = first is not None and first == self._first
        self._first = first
        wrong = f"{first.kind.value} {first.id} could be done and nobody takes it up" if first and is_stuck else None
        return [Sign(AlertKind.EVENTS_STUCK, wrong)]
