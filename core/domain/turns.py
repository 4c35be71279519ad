"""Whose turn it is: what waits is handed out store by store, one item each.

This is deficit round robin with a quantum of one item, where every item costs one: a
store that has its turn gives one item and goes to the end of the ring, so that nobody
carries a deficit over. A flood makes its own store wait, not the others: in front of an
item are at most as many items of any other store as of its own, and one more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
T = TypeVar("T", bound=Hashable)


class Turns(Generic[S, T]):
    """A ring of stores that have something waiting; of each store its items by arrival."""

    def __init__(self) -> None:
        self._ring: OrderedDict[S, OrderedDict[T, None]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(items) for items in self._ring.values())

    def add(self, store: S, item: T) -> None:
        """Behind what its store has waiting; a store that had nothing joins the ring at its end."""
        self._ring.setdefault(store, OrderedDict())[item] = None

    def remove(self, store: S, item: T) -> None:
        """Nothing happens when it is not there. A store with nothing left leaves the ring."""
        items = self._ring.get(store, OrderedDict())
        items.pop(item, None)
        if not items:
            self._ring.pop(store, None)

    def next(self) -> T | None:
        """The earliest item of the store whose turn it is, which then goes to the end; None when nothing waits."""
        if not self._ring:
            return None
        store, items = self._ring.popitem(last=False)
        item, _ = items.popitem(last=False)
        if items:
            self._ring[store] = items
        return item
