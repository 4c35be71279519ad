"""Gaps that the database has not been told of yet, kept through a crash where there is a disk."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from core.domain.gaps import Gap


class GapNotes(Protocol):
    """A few notes: what is written replaces what was written before."""

    @abstractmethod
    async def write(self, gaps: Sequence[Gap]) -> None:
        """On the disk when it returns, in place of this process's earlier notes; none removes them.

        Raises Unavailable.
        """

    @abstractmethod
    async def take_over(self) -> Sequence[Gap]:
        """The notes of processes that are gone, now in the care of the caller: the next `write` has to hold them.

        Raises Unavailable.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Leaves this process's notes to whoever takes them over. Safe to call twice."""
