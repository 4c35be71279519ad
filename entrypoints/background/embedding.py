"""Giving Zid the UUIDs by which its dashboard opens the app: those that failed at the install, and anew in time."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.features.register_embedded import RegisterEmbedded
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

REGISTER_EVERY = 10.0
SIDE_BY_SIDE = 4
AT_ONCE = 25
"""By each of them."""
FORGET_EVERY = 3600.0
FORGOTTEN_AT_ONCE = 10_000


def loops(parts: Daemon) -> Sequence[Work]:
    """Nothing where the app is not embedded, but forgetting: it may have been."""
    tokens = parts.adapters.embedded_tokens()
    forget = Loop("forget_embedded", lambda: tokens.forget(limit=FORGOTTEN_AT_ONCE), FORGET_EVERY)
    if not parts.settings.zid_embedded:
        return [forget]
    register = parts.features.register_embedded()
    names = [f"register_embedded_{number}" for number in range(1, SIDE_BY_SIDE + 1)]
    return [forget, *(Loop(name, lambda: _register(register), REGISTER_EVERY, cut_off=True) for name in names)]


async def _register(register: RegisterEmbedded) -> None:
    """Whoever is cut off leaves an install that is claimed again in a few minutes."""
    for one in await register.run_due(limit=AT_ONCE):
        if one.problem is None:
            log.info("embedded_registered", store_id=one.store_id)
        else:
            log.warning("embedded_not_registered", store_id=one.store_id, problem=one.problem)
