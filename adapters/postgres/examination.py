"""What Postgres tells of itself, read without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import asyncpg

from adapters.postgres.checks import database_role
from adapters.postgres.connection import Pool, acquire, driver_errors
from adapters.postgres.made_indexes import made_indexes
from adapters.postgres.migration_files import ProblemKind, compare, read_folder
from adapters.postgres.schema_marks import applied_migrations
from core.domain.diagnosis.offsets import ClockOffset
from core.domain.diagnosis.servers import DatabaseServer, Index, IndexStanding, SchemaStanding
from core.ports.examination import ExaminedDatabase
from core.ports.system import Clock

_SERVER: Final = """
    SELECT current_setting('server_version_num')::int AS version,
        coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
        coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true) AS local,
        pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool AS read_only,
        current_setting('TimeZone') AS timezone,
        current_setting('max_connections')::int AS max_connections,
        current_setting('superuser_reserved_connections')::int
            + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
        current_user AS role
"""
# One that is being built is not valid yet, and need not be told of.
_INDEXES: Final = """
    SELECT c.relname AS name, i.indisvalid AS valid, i.indisunique AS unique, pg_get_indexdef(c.oid) AS statement
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace
      AND c.oid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index WHERE index_relid IS NOT NULL)
    ORDER BY c.relname
"""
# A Fernet token is base64 of a byte 128 and a time stamp whose first bytes are 0: https://github.com/fernet/spec.
_UNSEALED: Final = """
    SELECT count(*) FROM (
        SELECT FROM {table} WHERE substring({column} FROM 1 FOR 5) <> 'gAAAA'::bytea LIMIT $1
    ) AS found
"""
_SEALED: Final = {"tokens": "sealed", "data_keys": "wrapped"}


class PostgresExamination(ExaminedDatabase):
    """By the catalogue and the settings of the server; needs no power but reading."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def server(self) -> DatabaseServer:
        async with acquire(self._pool) as connection:
            row = await connection.fetchrow(_SERVER)
        assert row is not None
        return DatabaseServer(**dict(row), powers=await self._powers(), clock=await self._offset())

    async def _powers(self) -> tuple[str, ...]:
        """None to be told of where the tables are not there yet."""
        try:
            return (await database_role(self._pool)).powers
        except asyncpg.UndefinedTableError:
            return ()

    async def _offset(self) -> ClockOffset:
        """Against the middle between asking and being answered."""
        async with acquire(self._pool) as connection:
            asked, started = self._clock.now(), self._clock.monotonic()
            theirs = await connection.fetchval("SELECT clock_timestamp()")
            half = (self._clock.monotonic() - started) / 2
        return ClockOffset((theirs - asked).total_seconds() - half, half)

    async def schema(self) -> SchemaStanding:
        with driver_errors():
            problems = compare(read_folder(), await applied_migrations(self._pool))

        def of(*kinds: ProblemKind) -> tuple[str, ...]:
            return tuple(problem.migration for problem in problems if problem.kind in kinds)

        return SchemaStanding(
            missing=of(ProblemKind.MISSING),
            ahead=of(ProblemKind.NEWER),
            changed=of(ProblemKind.CHANGED, ProblemKind.GONE),
        )

    async def indexes(self) -> IndexStanding:
        with driver_errors():
            applied = await applied_migrations(self._pool)
        newer = [one for one in compare(read_folder(), applied) if one.kind is ProblemKind.NEWER]
        made = made_indexes(applied)
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(_INDEXES)
        there = {row["name"] for row in rows}
        invalid = [Index(row["name"], row["statement"], row["unique"]) for row in rows if not row["valid"]]
        missing = [] if newer else [made[name] for name in sorted(made) if name not in there]
        return IndexStanding(missing, invalid)

    async def unsealed(self, *, limit: int) -> Mapping[str, int]:
        found = {}
        async with acquire(self._pool) as connection:
            for table, column in _SEALED.items():
                if count := await connection.fetchval(_UNSEALED.format(table=table, column=column), limit):
                    found[table] = int(count)
        return found
