"""Renewing tokens before they expire."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.features.refresh_tokens import RefreshTokens
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

REFRESH_EVERY = 5.0
AT_ONCE = 100


def loops(parts: Daemon) -> Sequence[Work]:
    refresh = parts.features.refresh()
    return [Loop("refresh", lambda: _refresh(refresh), REFRESH_EVERY)]


async def _refresh(refresh: RefreshTokens) -> None:
    for renewed in await refresh.run_due(limit=AT_ONCE):
        log.info("token_refresh", store_id=renewed.store_id, outcome=renewed.outcome.value, problem=renewed.problem)
