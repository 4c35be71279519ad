"""Sealing the audit, and saying aloud what its head is now: whoever keeps the logs can prove a cut."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.domain.alerts import APP, Alert, AlertKind
from core.errors import KeyMissing, SealBroken
from core.features.seal_audit import AT_ONCE, SealAudit
from core.ports.alerts import Alerts
from core.ports.metrics import Metrics
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

SEAL_EVERY = 2.0


def loops(parts: Daemon) -> Sequence[Work]:
    sealing = Sealing(parts.features.seal_audit(), parts.adapters.alerts(), parts.adapters.metrics())
    return [Loop("seal_audit", sealing.step, SEAL_EVERY)]


class Sealing:
    """Adds seals while the chain is as it was left; else says so, and leaves it alone for people to look at."""

    def __init__(self, seal: SealAudit, alerts: Alerts, metrics: Metrics) -> None:
        self._seal = seal
        self._alerts = alerts
        self._metrics = metrics
        self._is_well = False
        """Known to be, and no alert of it open."""

    async def step(self) -> None:
        try:
            await self._catch_up()
        except (SealBroken, KeyMissing) as error:
            await self._warn(str(error))
        else:
            await self._note_well()

    async def _catch_up(self) -> None:
        while added := await self._seal.tick():
            log.info("audit_sealed", head=added.mark, entries=len(added.lines), upto=added.to_id)
            if len(added.lines) < AT_ONCE:
                return

    async def _warn(self, problem: str) -> None:
        self._is_well = False
        self._metrics.set("audit_altered", 1)
        fix = "`wasl audit verify` shows where; nothing is sealed until it is put right"
        log.error("audit_altered", problem=problem, fix=fix)
        await self._alerts.raise_once(Alert(AlertKind.AUDIT_ALTERED, APP, problem))

    async def _note_well(self) -> None:
        if not self._is_well:
            self._metrics.set("audit_altered", 0)
            await self._alerts.heal(AlertKind.AUDIT_ALTERED, APP)
            self._is_well = True
