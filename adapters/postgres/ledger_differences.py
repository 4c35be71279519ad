"""What makes the books differ, named as far as it can be.

Every event enters together with a dedupe key that knows its id and a count at intake.
So a row that vanished is named by its key, while the key lives; a row that nobody
counted has no key. Pruned events are counted, and their keys ended long before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from adapters.postgres.connection import Connection, Pool, acquire
from core.domain.event_states import Origin
from core.ids import EventId, StoreId
from core.ports.ledger_reading import Difference

Group = tuple[StoreId, Origin]

_VANISHED: Final = """
    SELECT d.store_id, d.origin, d.event_id FROM dedupe d
    WHERE d.expires_at > now() AND NOT EXISTS (SELECT FROM events e WHERE e.event_id = d.event_id)
    ORDER BY d.store_id, d.origin, d.event_id
"""
_SUMS: Final = """
    SELECT store_id, origin, (coalesce(i.received, 0) - coalesce(e.accounted, 0))::bigint AS missing
    FROM (SELECT store_id, origin, sum(accepted) AS received FROM intake GROUP BY store_id, origin) AS i
    FULL JOIN (
        SELECT store_id, origin, sum(n) AS accounted FROM (
            SELECT store_id, origin, count(*) AS n FROM events GROUP BY store_id, origin
            UNION ALL
            SELECT store_id, origin, n FROM pruned_counts
        ) AS kept_and_pruned GROUP BY store_id, origin
    ) AS e
    USING (store_id, origin)
    ORDER BY store_id, origin
"""
# The newest first: an old event's key has expired, so that it lacks one rightly.
_WITHOUT_KEY: Final = """
    SELECT event_id FROM events e WHERE store_id = $1 AND origin = $2
    AND NOT EXISTS (SELECT FROM dedupe d WHERE d.event_id = e.event_id)
    ORDER BY seq DESC LIMIT $3
"""


async def find_differences(pool: Pool) -> list[Difference]:
    """All of them, in one snapshot."""
    async with (
        acquire(pool) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        lost = await _vanished(connection)
        named = Counter((difference.store_id, difference.origin) for difference in lost)
        unnamed = await _unexplained(connection, named)
        return [*lost, *unnamed]


async def _vanished(connection: Connection) -> list[Difference]:
    problem = "counted at intake, missing from the ledger"
    return [
        Difference(StoreId(row["store_id"]), Origin(row["origin"]), problem, EventId(row["event_id"]))
        for row in await connection.fetch(_VANISHED)
    ]


async def _unexplained(connection: Connection, named: Counter[Group]) -> list[Difference]:
    """What the sums lack or have beyond the events that were named."""
    found: list[Difference] = []
    for row in await connection.fetch(_SUMS):
        group = (StoreId(row["store_id"]), Origin(row["origin"]))
        missing = row["missing"] - named[group]
        if missing > 0:
            found.append(Difference(*group, f"{missing} more missing, their ids are forgotten", None))
        elif missing < 0:
            found += await _never_counted(connection, group, -missing)
    return found


async def _never_counted(connection: Connection, group: Group, many: int) -> Sequence[Difference]:
    problem = "in the ledger, never counted at intake"
    rows = await connection.fetch(_WITHOUT_KEY, *group, many)
    found = [Difference(*group, problem, EventId(row["event_id"])) for row in rows]
    if len(found) < many:
        found.append(Difference(*group, f"{many - len(found)} more {problem}", None))
    return found
