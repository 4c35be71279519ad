"""Deciding what app events said, and forgetting what was decided long ago."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.domain.app_events import Settled
from core.features.handle_app_events import HandleAppEvents
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

DECIDE_EVERY = 5.0
AT_ONCE = 20
FORGET_EVERY = 3600.0


def loops(parts: Daemon) -> Sequence[Work]:
    app_events = parts.features.app_events()
    return [
        Loop("app_events", lambda: _decide(app_events), DECIDE_EVERY),
        Loop("forget_app_events", app_events.forget, FORGET_EVERY),
    ]


async def _decide(app_events: HandleAppEvents) -> None:
    for handled in await app_events.run_due(limit=AT_ONCE):
        settled = isinstance(handled.verdict, Settled)
        outcome = handled.verdict.outcome.value if isinstance(handled.verdict, Settled) else handled.verdict.why
        log.info("app_event_decided", store_id=handled.event.store_id, settled=settled, outcome=outcome)
