"""Counters of what the sandbox saw and sent, in total and per store."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

DELIVERY_COUNTERS = ("attempts", "acknowledged", "failed", "distinct", "distinct_acknowledged", "exhausted",
                     "discarded", "dropped", "not_dispatched", "duplicates_sent")  # fmt: skip


class Stats:
    """Counts by dotted name; a count for a store also counts in total. `seen` and `acknowledged` hold body keys."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.stores: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self.seen: set[int] = set()
        self.acknowledged: set[int] = set()

    def add(self, name: str, store_id: int | None = None, count: int = 1) -> None:
        self.total[name] += count
        if store_id is not None:
            self.stores[store_id][name] += count

    def clear(self) -> None:
        self.total.clear()
        self.stores.clear()
        self.seen.clear()
        self.acknowledged.clear()

    def save(self) -> dict[str, Any]:
        return {"total": self.total, "stores": {str(store): counts for store, counts in self.stores.items()}}

    def load(self, saved: dict[str, Any]) -> None:
        self.total.update(saved["total"])
        for store, counts in saved["stores"].items():
            self.stores[int(store)].update(counts)


def below(counts: Counter[str], prefix: str) -> dict[str, int]:
    """The counters whose name starts with `prefix.`, without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): count for name, count in sorted(counts.items()) if name.startswith(start)}


def deliveries(counts: Counter[str], lane: str, pending: int) -> dict[str, Any]:
    """Deliveries of one lane (`deliveries` or `app_events`) as GET /__sandbox/stats shows them."""
    named = {name: counts[f"{lane}.{name}"] for name in DELIVERY_COUNTERS}
    statuses = below(counts, f"{lane}.by_status")
    return {**named, "pending": pending, "received_5xx": _server_errors(statuses), "by_status": statuses}


def _server_errors(statuses: dict[str, int]) -> int:
    return sum(count for status, count in statuses.items() if status.startswith("5"))
