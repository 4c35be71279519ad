"""Poison: runs with which worker after worker died while it ran nothing else are given up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from core.domain.attempts import AttemptEnd
from core.domain.dead_letters import fingerprint
from core.domain.event_states import EventState
from core.domain.events import ClaimedRun, Settlement
from core.domain.suspicion import POISON_REASON
from core.errors import LostClaim
from core.ports.event_ledger import RunLedger
from core.ports.metrics import Metrics
from core.ports.work_index import Announcer

AT_ONCE: Final = 100


class BuryPoison:
    """Safe to run in any number of processes: a run is buried once."""

    def __init__(self, *, runs: RunLedger, announcer: Announcer, metrics: Metrics, version: str) -> None:
        self._runs = runs
        self._announcer = announcer
        self._metrics = metrics
        self._version = version

    async def tick(self) -> Sequence[ClaimedRun]:
        """What was buried now; its lanes go on. Raises Unavailable."""
        return [run for run in await self._runs.poison(limit=AT_ONCE) if await self._bury(run)]

    async def _bury(self, run: ClaimedRun) -> bool:
        settlement = Settlement(
            EventState.DEAD,
            reason=POISON_REASON,
            fingerprint=fingerprint(run.handler, POISON_REASON, self._version),
            ended_as=AttemptEnd.LOST,
        )
        with suppress(LostClaim):
            async with self._runs.open(run) as scope:
                self._announcer.announce(await scope.settle(settlement))
            self._metrics.count("poison_total", topic=run.event.topic)
            return True
        return False
