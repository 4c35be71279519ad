"""Which processes are alive, as the database knows them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol


class Roster(Protocol):
    """Reads leases. Raises Unavailable."""

    @abstractmethod
    async def alive(self) -> Mapping[str, int]:
        """How many of each kind hold a lease that runs. A kind of which there is none is not named."""
