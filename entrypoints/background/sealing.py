"""Sealing the audit, and saying aloud what its head is now: whoever keeps the logs can prove a cut."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.errors import KeyMissing, SealBroken
from core.features.seal_audit import AT_ONCE, SealAudit
from core.ports.metrics import Metrics
from entrypoints.background.loop import Loop, Work
from entrypoints.wiring import Daemon

log = structlog.get_logger()

SEAL_EVERY = 2.0


def loops(parts: Daemon) -> Sequence[Work]:
    seal, metrics = parts.features.seal_audit(), parts.adapters.metrics()
    return [Loop("seal_audit", lambda: _seal(seal, metrics), SEAL_EVERY)]


async def _seal(seal: SealAudit, metrics: Metrics) -> None:
    try:
        await _catch_up(seal)
    except (SealBroken, KeyMissing) as error:
        metrics.set("audit_altered", 1)
        fix = "`wasl audit verify` shows where; nothing is sealed until it is put right"
        log.error("audit_altered", problem=str(error), fix=fix)  # noqa: TRY400 (a traceback tells nothing more)
    else:
        metrics.set("audit_altered", 0)


async def _catch_up(seal: SealAudit) -> None:
    while added := await seal.tick():
        log.info("audit_sealed", head=added.mark, entries=len(added.lines), upto=added.to_id)
        if len(added.lines) < AT_ONCE:
            return
