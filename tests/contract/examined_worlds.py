"""Servers and machines that a doctor looks at, and hands that do them harm."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import redis as redis_driver

from adapters.files.machine import LocalMachine
from adapters.memory.examination import (
    WELL_REDIS,
    MemoryExaminedDatabase,
    MemoryExaminedRedis,
    MemoryMachine,
)
from adapters.postgres.connection import open_pool
from adapters.postgres.examination import PostgresExamination
from adapters.redis.connection import open_redis
from adapters.redis.examination import RedisExamination
from adapters.system import SystemClock
from core.domain.diagnosis.places import Folder
from core.domain.diagnosis.servers import Index, IndexStanding, SchemaStanding
from core.ports.examination import ExaminedDatabase, ExaminedMachine, ExaminedRedis
from tests.servers import Database

MIGRATION = "0024_audit_indexes"
NEWER = "9999_of_tomorrow"
INDEX = "audit_by_time"
UNIQUE = "alerts_open"


@dataclass(frozen=True)
class ExaminedDatabaseWorld:
    """`harm` does by name what must never happen to a database."""

    examined: ExaminedDatabase
    harm: Callable[[str], Awaitable[None]]


_HARM = {
    "drop an index": f"DROP INDEX {INDEX}",
    "drop a unique index": f"DROP INDEX {UNIQUE}",
    "leave an index unfinished": f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{INDEX}'::regclass",
    "forget a migration": f"DELETE FROM _yoyo_migration WHERE migration_id = '{MIGRATION}'",
    "change a migration": f"UPDATE wasl_migration_files SET sha256 = 'other' WHERE migration_id = '{MIGRATION}'",
    "run tomorrow's release": "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc) "
    f"VALUES ('x', '{NEWER}', now() AT TIME ZONE 'utc')",
    "store an open token": "INSERT INTO data_keys (install_id, store_id, key_id, wrapped) VALUES (1, 1, 'k', 'open'); "
    "INSERT INTO tokens (install_id, store_id, generation, sealed, expires_at) "
    "SELECT n, 1, 1, 'eyJ0eXAi', now() FROM generate_series(1, 3) n",
}


@asynccontextmanager
async def postgres_examined(database: Database, admin_dsn: str) -> AsyncIterator[ExaminedDatabaseWorld]:
    pool = await open_pool(database.dsn, max_size=2)

    async def harm(name: str) -> None:
        with psycopg.connect(admin_dsn, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # rows that nothing refers to
            connection.execute(_HARM[name])

    try:
        yield ExaminedDatabaseWorld(PostgresExamination(pool, SystemClock()), harm)
    finally:
        await pool.close()


def memory_examined() -> ExaminedDatabaseWorld:
    database = MemoryExaminedDatabase()
    plain, unique = Index(INDEX, "CREATE …"), Index(UNIQUE, "CREATE …", unique=True)
    harms: dict[str, Callable[[], None]] = {
        "drop an index": lambda: _set(database, indexes_found=IndexStanding([plain])),
        "drop a unique index": lambda: _set(database, indexes_found=IndexStanding([unique])),
        "leave an index unfinished": lambda: _set(database, indexes_found=IndexStanding([], [plain])),
        "forget a migration": lambda: _set(database, schema_found=SchemaStanding(missing=(MIGRATION,))),
        "change a migration": lambda: _set(database, schema_found=SchemaStanding(changed=(MIGRATION,))),
        "run tomorrow's release": lambda: _set(database, schema_found=SchemaStanding(ahead=(NEWER,))),
        "store an open token": lambda: database.unsealed_rows.update(tokens=3, data_keys=1),
    }

    async def harm(name: str) -> None:
        harms[name]()

    return ExaminedDatabaseWorld(database, harm)


def _set(database: MemoryExaminedDatabase, **found: object) -> None:
    for name, value in found.items():
        setattr(database, name, value)


@dataclass(frozen=True)
class ExaminedRedisWorld:
    """`configure` sets what CONFIG SET sets."""

    examined: ExaminedRedis
    configure: Callable[..., None]


@asynccontextmanager
async def redis_examined(url: str) -> AsyncIterator[ExaminedRedisWorld]:
    """The run's server gets its settings back."""
    clients = open_redis(url)
    with redis_driver.Redis.from_url(url, decode_responses=True) as admin:
        before = admin.config_get("appendonly", "maxmemory", "maxmemory-policy")

        def configure(**settings: str) -> None:
            admin.config_set(*[part for name, value in settings.items() for part in (name.replace("_", "-"), value)])

        try:
            yield ExaminedRedisWorld(RedisExamination(clients, SystemClock()), configure)
        finally:
            admin.config_set(*[part for pair in before.items() for part in pair])
            await clients.aclose()


def memory_redis_examined() -> ExaminedRedisWorld:
    redis = MemoryExaminedRedis()

    def configure(**settings: str) -> None:
        assert redis.found is not None
        [server] = redis.found
        read = {"appendonly": ("append_only", lambda text: text == "yes"), "maxmemory_policy": ("eviction", str)}
        read["maxmemory"] = ("limit", int)
        told = {read[name][0]: read[name][1](value) for name, value in settings.items()}
        redis.found = [replace(server, **{"used": 10**6, **told})]

    redis.found = [WELL_REDIS]
    return ExaminedRedisWorld(redis, configure)


@dataclass(frozen=True)
class ExaminedMachineWorld:
    """`home` is a folder of the test's own, `write` puts a file there."""

    examined: ExaminedMachine
    home: Path
    write: Callable[[str, int], None]


@contextmanager
def local_machine(home: Path) -> Iterator[ExaminedMachineWorld]:
    def write(name: str, mode: int) -> None:
        (home / name).write_text("x")
        (home / name).chmod(mode)

    yield ExaminedMachineWorld(LocalMachine(), home, write)


def memory_machine(home: Path) -> ExaminedMachineWorld:
    machine = MemoryMachine()

    def write(name: str, mode: int) -> None:
        machine.modes[str(home / name)] = mode
        machine.folders[str(home / name / "below")] = Folder(writable=False, free=0)

    return ExaminedMachineWorld(machine, home, write)
