"""The install tokens in what Zid listed last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.moves import LIVE_STATES
from core.ids import InstallId, StoreId
from core.ports.webhook_addresses import AddressUse, WebhookAddresses

_BEFORE_ALL: Final = -(2**63)
_PAGE: Final = f"""
    WITH live AS MATERIALIZED (
        SELECT install_id, store_id FROM installs
        WHERE install_id > $1 AND state IN {LIVE_STATES} ORDER BY install_id LIMIT $2
    )
    SELECT l.store_id, l.install_id, substring(w.target_url from '/webhooks/zid/([^/]+)/') AS token,
           count(w.zid_id) AS subscriptions
    FROM live l LEFT JOIN webhook_subscriptions w USING (install_id)
    GROUP BY 1, 2, 3 ORDER BY l.install_id, token
"""


class PostgresWebhookAddresses(WebhookAddresses):
    """The table `webhook_subscriptions`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, *, after: InstallId | None = None, limit: int = 1000) -> Sequence[AddressUse]:
        async with acquire(self._pool) as conn:
            rows = await conn.fetch(_PAGE, _BEFORE_ALL if after is None else after, limit)
        return [
            AddressUse(StoreId(row["store_id"]), InstallId(row["install_id"]), row["token"], row["subscriptions"])
            for row in rows
        ]
