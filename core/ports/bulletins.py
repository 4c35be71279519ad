"""What took long to count, written down by whoever counted it and read by everybody who shows it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A text and when it was true."""

    content: str
    posted_at: datetime


class Bulletins(Protocol):
    """A board with one text under each name. All of it raises Unavailable."""

    @abstractmethod
    async def post(self, name: str, bulletin: Bulletin) -> None:
        """Replaces what hangs there under this name, unless that is newer."""

    @abstractmethod
    async def read(self) -> Mapping[str, Bulletin]:
        """Everything that hangs there."""
