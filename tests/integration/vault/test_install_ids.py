"""Every table, key and lock carries the install it belongs to, or says why it needs none."""

import re
from pathlib import Path

import psycopg
import pytest

from adapters.postgres.install_tables import BY_EVENT, STORE_WIDE
from core.ids import Generation
from core.ports.installations import Intent
from tests.integration.vault.vault_world import World
from tests.integration.vault.work_rows import add_event
from tests.servers import Database

ROOT = Path(__file__).resolve().parents[3]
COLUMNS = """
    SELECT c.table_name::text, array_agg(c.column_name::text) FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
        AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass(c.table_name))
    GROUP BY 1
"""
ENDED_WITH_INSTALL = {"tokens", "data_keys", "refresh_due", "refresh_intents"}
OPEN_STATES = {"active", "needs_reauthorization", "queued", "running", "waiting", "sending", "unknown", "last_resort"}
FENCED_WHEN_CLAIMED = {"backfills", "reconciliations"}
"""Claimed and moved on for a live install only, and shown as cancelled after its end: the rows stay as they were."""
NAMES_NO_INSTALL = {
    "wasl:state:{%s}": "an install that is only being begun",
    "wasl:cache:{%s}": "Zid's static lists, and whether Zid knows our client",
    "wasl:rate:{%s:%d}": "Zid allows so much to the app and store, whichever install asks",
    "wasl:rate-refused:%s": "the same, for whoever looks: the stores Zid told to slow down",
    "wasl:probe:{%s}": "breakers are by family and store: how Zid is, not what we may",
    "wasl:breakers": "news of breakers",
    "wasl:door:{%s}": "visitors of our own doors",
    "wasl:guess:{%s}": "visitors of our own doors",
    "wasl:session:{%s}": "people at the console",
    "wasl:embedded:{%s}": "a visit; the session kept there names its install",
    "wasl:{spool}:deliveries": "sealed deliveries; each names its install",
    "wasl:{spool}:bytes": "a number",
}
LOCKS = {
    "subscriptions:{install.store_id}": "Zid's webhooks are the store's; before each write the install is looked at",
    "gaps:{install_id}": "the install's own",
    "activate:{store_id}": "installs of one store come one after the other",
    "erasure:{erasure_id}": "an erasure is of a store, or of a person, whichever installs there were",
}


@pytest.fixture
def tables(database: Database) -> dict[str, set[str]]:
    with psycopg.connect(database.owner_dsn) as owner:
        return {name: set(columns) for name, columns in owner.execute(COLUMNS).fetchall()}


def test_every_table_that_knows_a_store_knows_the_install_or_says_why_not(tables: dict[str, set[str]]) -> None:
    knowing = {name for name, columns in tables.items() if columns & {"store_id", "event_id"}}
    without = {name for name in knowing if "install_id" not in tables[name]}
    declared = set(STORE_WIDE) | BY_EVENT
    assert without - declared == set(), "say in adapters/postgres/install_tables.py why they carry no install id"
    assert declared - without == set(), "adapters/postgres/install_tables.py names tables that carry one, or are none"


def test_what_leads_to_an_install_by_its_event_names_an_event_or_a_run(tables: dict[str, set[str]]) -> None:
    for name in BY_EVENT:
        assert tables[name] & {"event_id", "item"}, name
    for name in ("events", "runs"):
        assert "install_id" in tables[name]


def test_every_key_in_redis_and_every_lock_says_whose_it_is() -> None:
    redis = "".join(path.read_text() for path in sorted((ROOT / "adapters" / "redis").glob("*.py")))
    found = set(re.findall(r'"(wasl:[^"\s]*)"', redis))
    assert found == set(NAMES_NO_INSTALL)
    code = "".join(path.read_text() for name in ("core", "adapters") for path in sorted((ROOT / name).rglob("*.py")))
    assert set(re.findall(r'(?:\.hold|lock_key)\(\s*f"([^"]+)"', code)) == set(LOCKS)


async def test_after_the_end_no_row_of_any_table_still_works_for_the_install(
    world: World, tables: dict[str, set[str]]
) -> None:
    """Tables that do not exist yet are walked as well: what has an install id and a state must not be open."""
    first = await world.install()
    seen = await world.opened()
    await world.renew(seen)
    assert await world.book.begin(first.install_id, Generation(2), await world.worker()) is Intent.TAKEN
    async with world.pool.acquire() as connection, connection.transaction():
        for event, run in (("queued", None), ("running", "queued"), ("running", "running"), ("done", "done")):
            await add_event(connection, first, event, run)
    await world.install()
    carrying = {name: columns for name, columns in tables.items() if "install_id" in columns}
    assert set(carrying) >= ENDED_WITH_INSTALL | {"events", "runs", "backfills", "installs"}
    for name, columns in sorted(carrying.items()):
        rows = await world.pool.fetch(f"SELECT * FROM {name} WHERE install_id = $1", first.install_id)
        assert not (name in ENDED_WITH_INSTALL and rows), f"{name} still holds rows of the install"
        if "state" in columns and name not in FENCED_WHEN_CLAIMED:
            assert not {row["state"] for row in rows} & OPEN_STATES, f"{name} has open rows of the install"
