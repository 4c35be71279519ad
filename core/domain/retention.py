"""How long events are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.event_states import FINISHED, EventState


@dataclass(frozen=True, slots=True)
class Retention:
    """Settled events are kept for `settled`, dead ones for `dead`; counted from when they were settled.

    A dead event waits for a person, so it is kept longer. An unfinished one is kept for ever.
    """

    settled: timedelta
    dead: timedelta

    def period(self, state: EventState) -> timedelta | None:
        """None for what is never pruned."""
        if state not in FINISHED:
            return None
        return self.dead if state is EventState.DEAD else self.settled

    def is_over(self, state: EventState, settled_at: datetime | None, now: datetime) -> bool:
        """Whether an event that has been in this state since then may go."""
        period = self.period(state)
        return period is not None and settled_at is not None and settled_at < now - period
