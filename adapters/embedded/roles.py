"""The two roles and the database of an embedded Postgres."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Composed, Identifier


@dataclass(frozen=True)
class Roles:
    """`owner` owns the schema and runs migrations; `app` is what the processes are: it creates nothing."""

    owner: str
    app: str


def ensure_roles(superuser_dsn: Callable[[str], str], roles: Roles, database: str) -> None:
    """Make what is missing, as the superuser; what exists keeps its content."""
    with psycopg.connect(superuser_dsn("postgres"), autocommit=True) as connection:
        for role in (roles.owner, roles.app):
            _ensure_role(connection, role)
        _ensure_database(connection, database, roles.owner)
    with psycopg.connect(superuser_dsn(database), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        connection.execute(_named("GRANT USAGE ON SCHEMA public TO {}", roles.app))


def _ensure_role(connection: psycopg.Connection, role: str) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        connection.execute(_named("CREATE ROLE {}", role))
    connection.execute(_named("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE", role))


def _ensure_database(connection: psycopg.Connection, database: str, owner: str) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", database):
        connection.execute(_named("CREATE DATABASE {} OWNER {}", database, owner))
    connection.execute(_named("ALTER DATABASE {} OWNER TO {}", database, owner))


def _exists(connection: psycopg.Connection, query: SQL | str, name: str) -> bool:
    return connection.execute(SQL(query) if isinstance(query, str) else query, (name,)).fetchone() is not None


def _named(statement: str, *names: str) -> Composed:
    return SQL(statement).format(*map(Identifier, names))
