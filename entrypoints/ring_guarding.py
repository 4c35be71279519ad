"""This process's keys beside those of the others: compared before it works, and while it works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from core.errors import SettingInvalid
from core.features.guard_rings import GuardRings
from entrypoints.lease import Lease

log = structlog.get_logger()

BEAT_EVERY: Final = 5.0
COMMAND: Final = "cli"


class RingGuarding:
    """Each problem is told once, by name of the setting; a command leaves the telling to the processes."""

    def __init__(self, guard: GuardRings, lease: Lease, kind: str) -> None:
        self._guard = guard
        self._lease = lease
        self._kind = kind
        self._told: frozenset[str] = frozenset()

    async def meet(self) -> None:
        """Before the first work. Raises SettingInvalid in production, and the lease is left again."""
        try:
            problems = await self._guard.join(self._lease.worker, self._kind)
        except SettingInvalid:
            await self._lease.leave()
            raise
        self._tell(problems)

    async def beat(self) -> None:
        """Raises Unavailable."""
        self._tell(await self._guard.beat(self._lease.worker, self._kind))

    def _tell(self, problems: Sequence[SettingInvalid]) -> None:
        texts = frozenset(map(str, problems))
        for problem in sorted(texts - self._told) if self._kind != COMMAND else ():
            log.error("keys_do_not_fit", problem=problem)
        self._told = texts
