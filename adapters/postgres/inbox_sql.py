"""The one statement that takes a batch of deliveries in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.postgres.moves import LIVE_STATES
from core.domain.events import Delivery
from core.ids import lane_of

OVER: Final = "the install is over"

# One statement is one transaction and one round trip. Its parts:
#   live    holds the stores' rows until the commit, so that an install cannot end between the look
#           and the write: its end waits for us, or we see it. Sorted, against deadlocks.
#   fresh   the keys that were absent, expired, or written by a try of our own whose answer was lost
#           (the event id says so). Sorted too: concurrent processes take keys in one order.
#   entered the new events; a lost answer's event is there already and is not entered or counted twice.
#   counted what was received, per store: never derived from the events themselves.
ACCEPT: Final = f"""
    WITH given AS (
        SELECT * FROM unnest(
            $1::int[], $2::bytea[], $3::int[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::timestamptz[], $15::int[],
            $16::bytea[], $17::interval[], $18::text[])
        AS g (place, key, repeats, event_id, store_id, install_id, origin, topic,
              entity_kind, entity_id, lane, state, reason, received_at, size, body, keep_for, trace)
    ),
    live AS MATERIALIZED (
        SELECT store_id, install_id FROM stores
        WHERE store_id = ANY ($5) AND state IN {LIVE_STATES} ORDER BY store_id FOR SHARE
    ),
    fresh AS (
        INSERT INTO dedupe AS d (key, event_id, store_id, origin, expires_at)
        SELECT key, event_id, store_id, origin, now() + keep_for FROM given ORDER BY key
        ON CONFLICT (key) DO UPDATE SET event_id = excluded.event_id, expires_at = excluded.expires_at
            WHERE d.expires_at <= now() OR d.event_id = excluded.event_id
        RETURNING key
    ),
    judged AS (
        SELECT g.*, f.key IS NOT NULL AS is_fresh, l.store_id IS NOT NULL AS is_live
        FROM given g LEFT JOIN fresh f USING (key) LEFT JOIN live l USING (store_id, install_id)
    ),
    entered AS (
        INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane,
                            state, reason, received_at, settled_at, size, body, trace)
        SELECT event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane,
               CASE WHEN is_live THEN state ELSE 'cancelled' END,
               CASE WHEN is_live THEN reason ELSE '{OVER}' END,
               received_at, CASE WHEN is_live AND state = 'queued' THEN NULL ELSE now() END, size,
               CASE WHEN is_live THEN body END, trace
        FROM judged WHERE is_fresh ORDER BY place
        ON CONFLICT (event_id) DO NOTHING
        RETURNING event_id
    ),
    counted AS (
        INSERT INTO intake (store_id, origin, accepted, duplicates)
        SELECT j.store_id, j.origin, count(e.event_id), sum(j.repeats) + count(*) FILTER (WHERE NOT j.is_fresh)
        FROM judged j LEFT JOIN entered e USING (event_id)
        WHERE e.event_id IS NOT NULL OR NOT j.is_fresh OR j.repeats > 0
        GROUP BY j.store_id, j.origin
    )
    SELECT place, CASE WHEN NOT is_fresh THEN 'duplicate' WHEN is_live THEN 'accepted' ELSE 'cancelled' END
    FROM judged
"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A delivery and how many more of the same came in the same batch."""

    delivery: Delivery
    repeats: int = 0


def arguments(sightings: Sequence[Sighting]) -> list[Sequence[object]]:
    """One array per column of `given`."""
    rows = [(place, *_row(sighting)) for place, sighting in enumerate(sightings)]
    return list(zip(*rows, strict=True))


def _row(sighting: Sighting) -> tuple[object, ...]:
    d = sighting.delivery
    entity = d.entity
    return (
        d.dedupe_key,
        sighting.repeats,
        d.event_id,
        d.store_id,
        d.install_id,
        d.origin.value,
        d.topic,
        entity.kind.value if entity else None,
        entity.id if entity else None,
        lane_of(d.store_id, entity) if entity else None,
        d.state.value,
        d.reason,
        d.received_at,
        len(d.body),
        d.body,
        d.keep_for,
        d.trace,
    )
