"""Is the database there, does it answer, and is it too trusting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.postgres.connection import Pool, acquire, driver_errors
from adapters.postgres.schema_marks import require_schema


async def ping(pool: Pool) -> None:
    """Returns when the database answers. Raises Unavailable."""
    async with acquire(pool) as connection:
        await connection.fetchval("SELECT 1")


async def check_schema(pool: Pool) -> None:
    """Returns when every migration this code needs is applied. Raises SchemaTooOld, and Unavailable."""
    with driver_errors():
        await require_schema(pool)


@dataclass(frozen=True, slots=True)
class DatabaseRole:
    """Who this process is in the database, and what it could do there that it should not be able to."""

    name: str
    powers: tuple[str, ...] = ()


_ROLE: Final = """
    SELECT current_user AS name,
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
        (SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
         AND pg_has_role(current_user, relowner, 'MEMBER')) AS owned,
        has_table_privilege('audit', 'UPDATE, DELETE, TRUNCATE')
            OR has_table_privilege('audit_seals', 'UPDATE, DELETE, TRUNCATE') AS alters_audit
"""


async def database_role(pool: Pool) -> DatabaseRole:
    """A role without powers cannot alter the audit, even for somebody who took the process over. Raises Unavailable."""
    async with acquire(pool) as connection:
        row = await connection.fetchrow(_ROLE)
    assert row is not None
    powers = []
    if row["superuser"]:
        powers.append("it is a superuser")
    if row["owned"]:
        powers.append(f"it owns {row['owned']} tables")
    if row["alters_audit"]:
        powers.append("it may change and remove lines of the audit")
    return DatabaseRole(row["name"], tuple(powers))
