"""What contract tests do behind the adapters' backs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta

from core.ids import EventId, InstallId, WorkerId


class Hands(ABC):
    """In every world of the ledger the same."""

    @abstractmethod
    async def expire_lease(self, worker: WorkerId) -> None: ...

    @abstractmethod
    async def expire_dedupe(self) -> None: ...

    @abstractmethod
    async def expire_idempotency(self) -> None: ...

    @abstractmethod
    async def remove_event(self, event_id: EventId) -> None: ...

    @abstractmethod
    async def forget_intake(self, event_id: EventId) -> None:
        """As if the event had never been counted, nor its key been written."""

    @abstractmethod
    async def swap_tokens(self, left: InstallId, right: InstallId) -> None:
        """Sealed tokens and data key of each under the other's name, as a careless restore would leave them."""

    @abstractmethod
    async def spoil_tokens(self, install_id: InstallId) -> None:
        """Changes one byte of what is sealed."""

    @abstractmethod
    async def effects(self) -> list[str]: ...

    @abstractmethod
    async def make_backfills_due(self) -> None: ...

    @abstractmethod
    async def let_time_pass(self, by: timedelta) -> None:
        """For installs, gaps, reconciliations and looks at webhooks; leases go on."""

    @abstractmethod
    async def age(self, event_id: EventId, by: timedelta) -> None:
        """As if the event had come in, and been settled, so much earlier; its key with it."""
