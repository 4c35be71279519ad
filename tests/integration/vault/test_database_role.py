"""What the role of the processes could do: a start that finds too much says so."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from adapters.postgres.checks import DatabaseRole, database_role
from adapters.postgres.connection import open_pool
from tests.servers import Database, Postgres, with_database


@asynccontextmanager
async def looked(dsn: str) -> AsyncIterator[DatabaseRole]:
    async with AsyncExitStack() as stack:
        pool = await open_pool(dsn, max_size=1)
        stack.push_async_callback(pool.close)
        yield await database_role(pool)


async def test_the_processes_role_has_no_power_over_the_audit(database: Database) -> None:
    async with looked(database.dsn) as role:
        assert role == DatabaseRole("wasl_app")


@pytest.mark.parametrize("granted", ["UPDATE", "DELETE", "TRUNCATE"])
@pytest.mark.parametrize("table", ["audit", "audit_seals"])
async def test_a_grant_too_many_is_told(database: Database, table: str, granted: str) -> None:
    async with looked_after(database, f"GRANT {granted} ON {table} TO wasl_app") as role:
        assert role.powers == ("it may change and remove lines of the audit",)


async def test_the_owner_is_told_to_be_too_powerful(database: Database) -> None:
    async with looked(database.owner_dsn) as role:
        assert any(power.startswith("it owns ") for power in role.powers)
        assert "it may change and remove lines of the audit" in role.powers


async def test_who_may_become_the_owner_is_as_good_as_the_owner(database: Database, postgres_server: Postgres) -> None:
    postgres_server.execute("GRANT {} TO {}", postgres_server.owner, "wasl_app")
    try:
        async with looked(database.dsn) as role:
            assert any(power.startswith("it owns ") for power in role.powers)
    finally:
        postgres_server.execute("REVOKE {} FROM {}", postgres_server.owner, "wasl_app")


async def test_a_superuser_is_told(database: Database, postgres_server: Postgres) -> None:
    async with looked(with_database(postgres_server.admin_url, database.name)) as role:
        assert "it is a superuser" in role.powers


@asynccontextmanager
async def looked_after(database: Database, statement: str) -> AsyncIterator[DatabaseRole]:
    pool = await open_pool(database.owner_dsn, max_size=1)
    try:
        await pool.execute(statement)
    finally:
        await pool.close()
    async with looked(database.dsn) as role:
        yield role
