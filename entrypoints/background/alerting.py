"""Looking for what people should know of and telling them, beside a daemon's other work."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

TELL_EVERY = 1.0
WATCH_EVERY = 30.0
PING_EVERY = 5.0
MEASURE_EVERY = 15.0
FORGET_EVERY = 3600.0


def loops(parts: Daemon) -> Sequence[Work]:
    telling = parts.features.tell_alerts()
    return [
        Loop("tell_alerts", telling.tick, TELL_EVERY),
        Loop("watch_symptoms", parts.features.watch_symptoms().tick, WATCH_EVERY),
        Loop("tell_database_away", parts.features.tell_database_away().tick, PING_EVERY),
        Loop("measure_alerts", telling.measure, MEASURE_EVERY),
        Loop("forget_alerts", telling.forget, FORGET_EVERY),
    ]
