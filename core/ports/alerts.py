"""Alerts: what people should know of, from when it is raised until it is healed, and who was told."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.alerts import Alert, AlertKind, KnownAlert, News
from core.ids import StoreId


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """None takes all."""

    kind: AlertKind | None = None
    store_id: StoreId | None = None
    is_open: bool | None = None


class Alerts(Protocol):
    """One open alert of a kind and subject at most. All of it raises Unavailable.

    A store's state and its alert change in one transaction (`Installations.change_state`); what is raised and
    healed here changes nothing else.
    """

    @abstractmethod
    async def raise_once(self, alert: Alert) -> bool:
        """False when one of this kind and subject is open already: it stays as it is."""

    @abstractmethod
    async def heal(self, kind: AlertKind, subject: str) -> bool:
        """False when none is open. One that is raised later is another."""

    @abstractmethod
    async def page(self, wanted: AlertFilter, *, before: int | None = None, limit: int = 50) -> Sequence[KnownAlert]:
        """Newest first, older than the alert `before`."""

    @abstractmethod
    async def open_counts(self) -> Mapping[AlertKind, int]:
        """How many are open, for every kind."""

    @abstractmethod
    async def claim_news(self, *, limit: int, hold: float) -> Sequence[News]:
        """What nobody was told yet, each given to one caller; it comes back after `hold` seconds unless `told`.

        Oldest alert first; of an alert its raising comes before its healing.
        """

    @abstractmethod
    async def told(self, news: Sequence[News]) -> None:
        """People know: it does not come back."""

    @abstractmethod
    async def forget(self, *, healed_before: datetime) -> int:
        """Removes healed alerts that were told, healed before this moment; how many."""


class AlertChannel(Protocol):
    """A way to reach people."""

    @abstractmethod
    async def tell(self, news: News) -> None:
        """Told, as far as this channel can know. Raises TryLater: it is told again later."""
