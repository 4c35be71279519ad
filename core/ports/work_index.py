"""The work index: which work is where, fast, fair by store, and rebuildable from the ledger."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

from core.domain.events import WorkItem
from core.ids import StoreId

SET_OUT: Final = 1
"""Items in all that an index may have chosen before anybody asked."""


class WorkIndex(Protocol):
    """Carries ids to workers. May lose everything at any time: the sweep publishes again.

    Fair by store: items go out in turns, one of each store that has any, then one of each
    again; of one store by arrival. In front of an item that has k items of its own store
    before it are at most k + 1 items of any other store, however many those have, plus
    SET_OUT that may lie ready already for whoever waits. What comes back unfinished is
    outside the turns: it had its own.
    """

    @abstractmethod
    async def publish(self, items: Sequence[WorkItem]) -> int:
        """Adds what is not in it yet, up to the window of each store; how many were added. Raises Unavailable."""

    @abstractmethod
    async def take(self, *, limit: int, wait: float) -> Sequence[WorkItem]:
        """Up to `limit` items, whose turn it is, each given to one caller; waits up to `wait` seconds for the first.

        It gives `limit` items when so many wait. An item that is not finished comes back to
        some caller, for as long as it takes. Raises Unavailable.
        """

    @abstractmethod
    async def finish(self, items: Sequence[WorkItem]) -> Sequence[StoreId]:
        """Removes them; stores whose window was full and now has room. Raises Unavailable."""

    @abstractmethod
    async def absent(self, items: Sequence[WorkItem]) -> Sequence[WorkItem]:
        """Those that are not in the index. Raises Unavailable."""

    @abstractmethod
    async def incarnation(self) -> str:
        """Changes whenever the index lost its content. Raises Unavailable."""

    @abstractmethod
    async def depth(self) -> int:
        """How many items are in it. Raises Unavailable."""


@runtime_checkable
class Announcer(Protocol):
    """Tells the work index about new work without making the caller wait."""

    @abstractmethod
    def announce(self, items: Sequence[WorkItem]) -> None:
        """Publishes soon; never raises. What cannot be published is found by the sweep."""
