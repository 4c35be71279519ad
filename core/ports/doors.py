"""How often somebody may come in."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.doors import Door
from core.domain.rate import Allowance


class DoorKeeper(Protocol):
    """One count per door and visitor, shared by every process that answers."""

    @abstractmethod
    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        """0: one visit is counted and may go on. Else nothing is counted: come again after so many seconds.

        Doors and visitors do not share. What is kept names no visitor and goes by itself. Raises Unavailable.
        """
