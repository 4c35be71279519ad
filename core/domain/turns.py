"""Whose turn it is: what waits is handed out in rounds, in each of which a store gives one item.

This is fair queueing where every item costs one. A store that has something and had no turn
in this round has it still in this round, also if it came late; one that had its turn waits for
the next. So a store with little to do goes before one with much, and a flood makes its own
store wait, not the others: in front of an item are at most as many items of any other store
as of its own, and one more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
T = TypeVar("T", bound=Hashable)


class Turns(Generic[S, T]):
    """The stores that have something waiting, of each its items by arrival."""

    def __init__(self) -> None:
        self._ring: OrderedDict[S, OrderedDict[T, None]] = OrderedDict()
        """Those whose turn in this round is still to come."""
        self._later: OrderedDict[S, OrderedDict[T, None]] = OrderedDict()
        """Those that had it."""
        self._served: set[S] = set()
        """Who had a turn in this round, whether anything is left or not."""

    def __len__(self) -> int:
        return sum(len(items) for ring in (self._ring, self._later) for items in ring.values())

    def add(self, store: S, item: T) -> None:
        """Behind what its store has waiting; a store that had nothing joins this round or the next at its end."""
        self._ring_of(store).setdefault(store, OrderedDict())[item] = None

    def remove(self, store: S, item: T) -> None:
        """Nothing happens when it is not there. A store with nothing left has no turn to come."""
        ring = self._ring_of(store)
        items = ring.get(store, OrderedDict())
        items.pop(item, None)
        if not items:
            ring.pop(store, None)

    def next(self) -> T | None:
        """The earliest item of the store whose turn it is; None when nothing waits."""
        if not self._ring:
            self._ring, self._later = self._later, OrderedDict()
            self._served.clear()
        if not self._ring:
            return None
        store, items = self._ring.popitem(last=False)
        item, _ = items.popitem(last=False)
        self._served.add(store)
        if items:
            self._later[store] = items
        return item

    def _ring_of(self, store: S) -> OrderedDict[S, OrderedDict[T, None]]:
        return self._later if store in self._served else self._ring
