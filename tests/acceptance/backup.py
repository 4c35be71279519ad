"""A logical backup as pg_dump takes one, which the servers from wheels lack: every row and counter in one snapshot."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.sql import SQL, Composable, Identifier

FIRST = ("stores", "installs", "redrives")
"""Tables that others refer to."""
_TABLES = """
    SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'
    GROUP BY table_name ORDER BY table_name
"""
_COUNTERS = "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public'"
Owner = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Backup:
    """The rows of every table, and where every sequence was."""

    rows: dict[str, tuple[list[str], bytes]]
    counters: dict[str, int]

    @classmethod
    def taken(cls, dsn: str) -> "Backup":
        with psycopg.connect(dsn) as owner:
            owner.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            tables = owner.execute(_TABLES).fetchall()
            rows = {table: (columns, _copied(owner, table, columns)) for table, columns in tables}
            return cls(rows, dict(owner.execute(_COUNTERS).fetchall()))

    def restore(self, dsn: str) -> None:
        """Everything that came in since is gone."""
        with psycopg.connect(dsn) as owner:
            tables = sorted(
                self.rows, key=lambda table: (table not in FIRST, FIRST.index(table) if table in FIRST else 0)
            )
            owner.execute(SQL("TRUNCATE {}").format(SQL(", ").join(map(Identifier, tables))))
            for table in tables:
                columns, content = self.rows[table]
                with owner.cursor().copy(_copy("COPY {} ({}) FROM STDIN (FORMAT binary)", table, columns)) as copy:
                    copy.write(content)
            for counter, last in self.counters.items():
                owner.execute("SELECT setval(%s::regclass, %s, %s)", [counter, max(last, 1), last > 0])


def _copied(owner: Owner, table: str, columns: list[str]) -> bytes:
    with owner.cursor().copy(_copy("COPY {} ({}) TO STDOUT (FORMAT binary)", table, columns)) as copy:
        return b"".join(bytes(block) for block in copy)


def _copy(statement: str, table: str, columns: list[str]) -> Composable:
    return SQL(statement).format(Identifier(table), SQL(", ").join(map(Identifier, columns)))
