"""Looking again at stores whose rows do not open: the right key may be back."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.features.rotate_keys import HealQuarantine
from core.ports.metrics import Metrics
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

HEAL_EVERY = 60.0


def loops(parts: Daemon) -> Sequence[Work]:
    healing, metrics = parts.adapters.heal_quarantine(), parts.adapters.metrics()
    return [Loop("heal_quarantine", lambda: heal(healing, metrics), HEAL_EVERY)]


async def heal(healing: HealQuarantine, metrics: Metrics) -> None:
    """Says how many there are as long as there are any."""
    healed = await healing.run()
    metrics.set("quarantined_stores", healed.left)
    if healed.released:
        log.info("stores_open_again", stores=healed.released)
    if healed.left:
        log.error("stores_in_quarantine", stores=healed.left, fix="`wasl keys status` names them and what they need")
