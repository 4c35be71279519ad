"""Which addresses Zid was given for the webhooks of live installs, as it listed them last."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.ids import InstallId, StoreId


@dataclass(frozen=True, slots=True)
class AddressUse:
    """An install token in the addresses of one install, and how many subscriptions have it.

    None where nothing was listed for the install yet, or its addresses are of another form.
    """

    store_id: StoreId
    install_id: InstallId
    token: str | None
    subscriptions: int


class WebhookAddresses(Protocol):
    """Read only."""

    @abstractmethod
    async def page(self, *, after: InstallId | None = None, limit: int = 1000) -> Sequence[AddressUse]:
        """Of the next `limit` live installs by id, every token in use. Raises Unavailable."""
