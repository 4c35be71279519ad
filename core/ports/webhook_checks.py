"""When each store's webhooks were looked at last, and what was found."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.webhook_states import WebhookCheck, WebhookState
from core.ids import InstallId, StoreId


class WebhookChecks(Protocol):
    """Looks at webhooks of active installs. Times are the database's. All raise Unavailable."""

    @abstractmethod
    async def claim_due(self, *, every: timedelta, hold: timedelta, limit: int) -> Sequence[StoreId]:
        """Stores whose webhooks are to be looked at, each given to one caller; they come back after `hold`.

        New installs a minute after they began, or `every` where that is less; others that were never looked
        at within `every`, spread over it.
        """

    @abstractmethod
    async def note(
        self,
        install_id: InstallId,
        *,
        states: Mapping[str, WebhookState],
        problems: Mapping[str, str],
        complete: bool,
        next_in: timedelta,
    ) -> None:
        """What was found; the next look is due after `next_in`. Nothing is written for an install that is over."""

    @abstractmethod
    async def of_install(self, install_id: InstallId) -> WebhookCheck | None:
        """The last look; None before the first."""

    @abstractmethod
    async def of_installs(self, install_ids: Sequence[InstallId]) -> Mapping[InstallId, WebhookCheck]:
        """The last look at each; those that were never looked at are left out."""

    @abstractmethod
    async def totals(self) -> Mapping[WebhookState, int]:
        """Events by state, over the last looks at all live installs; every state is named."""

    @abstractmethod
    async def heard(self, install_id: InstallId) -> Mapping[str, datetime]:
        """When the last delivery of each topic came."""
