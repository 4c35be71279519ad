"""What stands around the console's sign-in: the sessions of those who are in, and who has guessed too often."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.guessing import Patience, Turn


class Sessions(Protocol):
    """Content by name, shared by all processes. May forget (who is forgotten signs in again).

    Names are hashes: what is kept opens nothing. All of it raises Unavailable.
    """

    @abstractmethod
    async def begin(self, name: str, content: str, *, idle: float) -> None:
        """Kept for `idle` seconds."""

    @abstractmethod
    async def use(self, name: str, *, idle: float) -> str | None:
        """The content, kept for `idle` seconds from now; None when it has ended, and it stays ended."""

    @abstractmethod
    async def look(self, name: str) -> str | None:
        """The content, which is kept no longer for that."""

    @abstractmethod
    async def end(self, name: str) -> None:
        """Ended for every process at once."""


class GuessLimit(Protocol):
    """Shared by all processes; the rules are `core.domain.guessing`. May forget. Raises Unavailable."""

    @abstractmethod
    async def guess(self, who: str, patience: Patience) -> Turn:
        """Of any number who ask at once, in any process, no more get a turn than one after the other would."""

    @abstractmethod
    async def forgive(self, who: str) -> None:
        """The guess was right: what was counted is forgotten."""
