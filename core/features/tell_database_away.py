"""Telling people that the database is away: the one alert that cannot be written down before it is told.

Each scheduler tells it, since the place to agree is what is gone. Receivers know them as one by kind and subject.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from core.domain.alerts import APP, Alert, AlertKind, Change, KnownAlert, News
from core.domain.steadiness import STEADINESS, Steady
from core.errors import TryLater
from core.ports.alerts import AlertChannel
from core.ports.system import Clock

UNTOLD: Final = 20
"""Changes kept for channels that take none; the oldest go first."""


class TellDatabaseAway:
    """Tells after a minute without an answer, and once more when it has answered for a while."""

    def __init__(self, ping: Callable[[], Awaitable[None]], channels: Sequence[AlertChannel], clock: Clock) -> None:
        self._ping = ping
        self._channels = channels
        self._clock = clock
        self._steady = Steady(STEADINESS[AlertKind.DATABASE_AWAY])
        self._open: KnownAlert | None = None
        self._untold: deque[News] = deque(maxlen=UNTOLD)

    async def tick(self) -> None:
        problem = await self._problem()
        believed = self._steady.see(self._clock.monotonic(), is_bad=problem is not None)
        if believed is not None:
            self._steady.believe(believed)
            self._note(problem)
        await self._tell()

    async def _problem(self) -> str | None:
        try:
            await self._ping()
        except TryLater as error:
            return str(error)
        return None

    def _note(self, problem: str | None) -> None:
        now = self._clock.now()
        if problem is not None:
            # Has no number of the table of alerts: the second in which it was raised is above them all.
            alert = Alert(AlertKind.DATABASE_AWAY, APP, problem)
            self._open = KnownAlert(int(now.timestamp()), alert, now)
            self._untold.append(News(self._open, Change.RAISED))
        elif self._open is not None:
            healed = KnownAlert(self._open.alert_id, self._open.alert, self._open.raised_at, now)
            self._untold.append(News(healed, Change.HEALED))
            self._open = None

    async def _tell(self) -> None:
        """In their order, up to the first that a channel does not take."""
        while self._untold:
            try:
                for channel in self._channels:
                    await channel.tell(self._untold[0])
            except TryLater:
                return
            self._untold.popleft()
