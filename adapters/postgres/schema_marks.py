"""Which migrations a database has, as a running process asks it: without the packages that apply them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapters.postgres.connection import Pool
from adapters.postgres.migration_files import read_folder
from core.errors import SchemaTooOld

MARKS: Final = "_yoyo_migration"
"""Where yoyo notes what was applied."""
APPLIED: Final = f"""
    SELECT m.migration_id AS id, f.sha256 FROM {MARKS} m
    LEFT JOIN wasl_migration_files f ON f.migration_id = m.migration_id ORDER BY 1
"""
BOOKS_EXIST: Final = f"SELECT to_regclass('{MARKS}') IS NOT NULL AND to_regclass('wasl_migration_files') IS NOT NULL"


async def require_schema(pool: Pool, *, folder: Path | None = None) -> None:
    """Returns when every shipped migration is applied (newer ones may be, too); else raises SchemaTooOld."""
    applied = await applied_migrations(pool)
    shipped = read_folder(folder)
    if any(file.id not in applied for file in shipped):
        raise SchemaTooOld(max(applied, default=None), shipped[-1].id)


async def applied_migrations(pool: Pool) -> dict[str, str | None]:
    """What the database was built from: ids, and the hash of the file where it is known."""
    if not await pool.fetchval(BOOKS_EXIST):
        return {}
    return {row["id"]: row["sha256"] for row in await pool.fetch(APPLIED)}
