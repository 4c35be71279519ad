"""No table is forgotten: whoever adds one that knows a store has to say how its rows are erased and pruned."""

import psycopg
import pytest

from adapters.postgres.personal_tables import (
    DELETED_WITH_STORE,
    KEPT_WITH_STORE,
    PRUNED_WITH_EVENT,
    REDACTED_WITH_STORE,
)
from tests.servers import Database

KNOWS = ("store_id", "install_id", "event_id", "customer_id", "body")
NAMING = """
    SELECT table_name, array_agg(column_name::text) FROM information_schema.columns
    WHERE table_schema = current_schema() AND column_name = ANY (%s)
    GROUP BY table_name ORDER BY table_name
"""


@pytest.fixture
def tables(database: Database) -> dict[str, list[str]]:
    """Every table that names a store, an install, an event or a customer, or keeps a body; and by which columns."""
    with psycopg.connect(database.owner_dsn) as owner:
        return dict(owner.execute(NAMING, [list(KNOWS)]).fetchall())


def test_every_table_that_knows_a_store_says_how_it_is_erased(tables: dict[str, list[str]]) -> None:
    declared = [*DELETED_WITH_STORE, *REDACTED_WITH_STORE, *KEPT_WITH_STORE]
    assert len(declared) == len(set(declared)), "a table stands in two lists"
    missing = set(tables) - set(declared)
    assert not missing, f"adapters/postgres/personal_tables.py does not say what becomes of {sorted(missing)}"
    gone = set(declared) - set(tables)
    assert not gone, f"adapters/postgres/personal_tables.py names {sorted(gone)}, which no migration makes"


def test_what_is_kept_holds_no_content(database: Database) -> None:
    """A column that could hold what Zid sent, in a table whose rows stay, needs a reason of its own."""
    contents = {"audit": {"details"}, "erasures": {"subject", "counts"}}
    with psycopg.connect(database.owner_dsn) as owner:
        for table in KEPT_WITH_STORE:
            found = owner.execute(
                "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() "
                "AND table_name = %s AND data_type IN ('jsonb', 'bytea')",
                [table],
            )
            assert {name for (name,) in found} - {"key"} <= contents.get(table, set()), table


def test_rows_of_an_event_go_with_it(tables: dict[str, list[str]]) -> None:
    """What has an event's id and could be read without it; the rest has a life of its own, said here."""
    own_life = {
        "events": "is the event",
        "dedupe": "ends after DEDUPE_DAYS, before its event may be pruned",
        "stock_movements": "the ledger of stock outlives the events that wrote it",
        "redrive_items": "ids, kept with the job that a person ordered",
    }
    with_event = {table for table, columns in tables.items() if "event_id" in columns}
    assert with_event - set(own_life) == set(PRUNED_WITH_EVENT)
