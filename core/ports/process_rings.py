"""Which secrets each running process holds, by id."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from core.domain.rings import Holder


class ProcessRings(Protocol):
    """Lives as long as the workers' leases. All raise Unavailable."""

    @abstractmethod
    async def note(self, holder: Holder) -> None:
        """Says what this worker holds; said again it replaces what was said before."""

    @abstractmethod
    async def live(self) -> Sequence[Holder]:
        """Every worker with a lease, by worker id. One that said nothing, as earlier releases do, has no rings."""
