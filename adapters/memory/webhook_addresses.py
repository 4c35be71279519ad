"""The install tokens in what Zid listed last, in memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from adapters.memory.database import MemoryDatabase
from core.ids import InstallId
from core.ports.webhook_addresses import AddressUse, WebhookAddresses

_TOKEN: Final = re.compile(r"/webhooks/zid/([^/]+)/")


class MemoryWebhookAddresses(WebhookAddresses):
    """What `MemoryInstallations` noted."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def page(self, *, after: InstallId | None = None, limit: int = 1000) -> Sequence[AddressUse]:
        live = [one for one in sorted(self._database.installs) if self._database.live_install(one)]
        chosen = [one for one in live if after is None or one > after][:limit]
        return [use for install_id in chosen for use in self._uses(install_id)]

    def _uses(self, install_id: InstallId) -> Sequence[AddressUse]:
        store_id = self._database.installs[install_id].store_id
        found = Counter(
            match[1] if (match := _TOKEN.search(one.target_url)) else None
            for one in self._database.subscriptions.get(install_id, ())
        )
        if not found:
            return [AddressUse(store_id, install_id, None, 0)]
        tokens = sorted(found, key=lambda token: (token is None, token or ""))
        return [AddressUse(store_id, install_id, token, found[token]) for token in tokens]
