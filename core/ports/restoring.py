"""What a restored backup makes doubtful."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class TokenDoubts(Protocol):
    """Marks what nobody can be sure of."""

    @abstractmethod
    async def doubt_all(self) -> int:
        """Every store's refresh token may have been spent since; how many. Raises Unavailable.

        The book of refreshes answers UNKNOWN for them, so that the old access token is tried
        before any of them is sent. What the book says of one already, it goes on saying.
        """
