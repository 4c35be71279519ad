"""Counting what happens. Names and labels are those of the documentation; labels are bounded."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Metrics(Protocol):
    """Cheap enough for every request; never raises for a known name."""

    @abstractmethod
    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Adds to a counter, e.g. `webhooks_received_total`."""

    @abstractmethod
    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Adds a duration to a histogram, e.g. `webhook_ack_seconds`."""

    @abstractmethod
    def set(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge, e.g. `queue_depth`."""
