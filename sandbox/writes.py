"""Counts what requests changed, so that a write applied twice is seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from hashlib import blake2b

from sandbox.stats import Stats, below


class Writes:
    """Remembers every write that was applied, by store, path and content, and counts it in the statistics."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._applied: set[bytes] = set()

    def requested(self, operation: str, store_id: int | None) -> None:
        self._stats.add(f"writes.{operation}.requests", store_id)

    def applied(self, operation: str, store_id: int, route: str, fingerprint: bytes) -> None:
        """The world has changed; `repeated` counts what was applied before in the same words."""
        self._stats.add(f"writes.{operation}.applied", store_id)
        key = blake2b(f"{store_id} {route} ".encode() + fingerprint, digest_size=16).digest()
        if key in self._applied:
            self._stats.add(f"writes.{operation}.repeated", store_id)
        self._applied.add(key)

    def clear(self) -> None:
        self._applied.clear()


def writes(counts: Counter[str]) -> dict[str, dict[str, int]]:
    """`{operation: {"applied", "requests", "repeated"}}` as GET /__sandbox/stats shows them."""
    shown: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"applied": 0, "requests": 0, "repeated": 0})
    for name, count in below(counts, "writes").items():
        operation, _, what = name.rpartition(".")
        shown[operation][what] = count
    return dict(shown)
