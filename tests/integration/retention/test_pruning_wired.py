"""Pruning as a scheduler is given it: its settings, and what must never be pruned by them."""

import psycopg
import pytest
from cryptography.fernet import Fernet

from config.settings import load_settings
from core.errors import SettingInvalid
from entrypoints.wiring import daemon
from tests.servers import Database

EVENT = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, state, received_at, settled_at, size)
    SELECT gen_random_uuid(), 1, 1, 'zid', 'order.create', %(state)s, now() - age, now() - age, 0
    FROM (SELECT make_interval(days => %(days)s)) AS a (age)
"""
INTAKE = "INSERT INTO intake (store_id, origin, accepted) VALUES (1, 'zid', %s)"


async def test_a_scheduler_prunes_by_its_settings(database: Database, redis_url: str) -> None:
    settings = load_settings(
        {
            "DATABASE_URL": database.dsn,
            "REDIS_URL": redis_url,
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "ZID_CLIENT_ID": "1",
            "ZID_CLIENT_SECRET": "secret",
            "ZID_APP_ID": "2",
            "EVENT_RETENTION_DAYS": "10",
            "DEAD_RETENTION_DAYS": "20",
        }
    )
    ages = [("done", 11), ("done", 9), ("cancelled", 11), ("dead", 11), ("dead", 21), ("queued", 4000)]
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        for state, days in ages:
            owner.execute(EVENT, {"state": state, "days": days})
        owner.execute(INTAKE, [len(ages)])
        async with daemon(settings, "scheduler") as parts:
            assert await parts.features.prune().tick() == 3
            books = await parts.adapters.reader().books()
        kept = owner.execute("SELECT state, count(*) FROM events GROUP BY state ORDER BY state").fetchall()
    assert kept == [("dead", 1), ("done", 1), ("queued", 1)]
    assert books.balanced


def test_what_recognises_repeats_is_kept_no_longer_than_events() -> None:
    with pytest.raises(SettingInvalid, match="EVENT_RETENTION_DAYS"):
        load_settings({"EVENT_RETENTION_DAYS": "5", "DEDUPE_DAYS": "6"})
