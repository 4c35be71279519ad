"""Postgres and Valkey for a try-out: started together, watched, stopped last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.embedded import DataDir, EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey
from adapters.postgres import migrator
from adapters.postgres.dsn import libpq_dsn
from entrypoints.failures import CommandFailed
from entrypoints.up.children import Announce, pause_after
from entrypoints.up.parts import describe_exit
from entrypoints.up.plan import Plan

OWNER: Final = "wasl_owner"
APP: Final = "wasl_app"
DATABASE: Final = "wasl"
LOOK_EVERY: Final = 0.1

Server = EmbeddedPostgres | EmbeddedValkey


@dataclass(frozen=True, slots=True)
class Databases:
    """Where Postgres and Redis are, embedded or given, and the servers that are ours to keep running."""

    database_url: str
    migrate_database_url: str
    redis_url: str
    ca_cert: str | None
    """Who vouches for a Postgres that was given."""
    servers: Sequence[tuple[str, Server]]


def databases_of(plan: Plan, data_dir: DataDir) -> Databases:
    """The URLs, known before anything runs."""
    postgres = EmbeddedPostgres(data_dir) if plan.embedded_postgres else None
    valkey = EmbeddedValkey(data_dir) if plan.embedded_redis else None
    given_url = plan.given.get("DATABASE_URL", "")
    return Databases(
        database_url=postgres.dsn(APP, DATABASE) if postgres else given_url,
        migrate_database_url=postgres.dsn(OWNER, DATABASE)
        if postgres
        else plan.given.get("MIGRATE_DATABASE_URL") or given_url,
        redis_url=_redis_url(plan, valkey),
        ca_cert=None if postgres else plan.given.get("DATABASE_CA_CERT") or None,
        servers=[(name, server) for name, server in (("Postgres", postgres), ("Valkey", valkey)) if server],
    )


def _redis_url(plan: Plan, valkey: EmbeddedValkey | None) -> str:
    if valkey is not None:
        return valkey.url()
    return plan.given.get("REDIS_URL", "") if plan.redis else ""


async def start_servers(databases: Databases) -> None:
    """Returns when the embedded servers answer."""
    await asyncio.gather(*(asyncio.to_thread(_start, server) for _, server in databases.servers))


def _start(server: Server) -> None:
    try:
        server.start()
        if isinstance(server, EmbeddedPostgres):
            server.ensure_roles(OWNER, APP, DATABASE)
    except EmbeddedServerError as error:
        raise CommandFailed(str(error)) from error


async def migrate(databases: Databases) -> Sequence[str]:
    """The migrations that were missing, now applied."""
    with libpq_dsn(databases.migrate_database_url, ca_cert=databases.ca_cert) as dsn:
        return await asyncio.to_thread(migrator.apply, dsn)


async def keep_running(name: str, server: Server, announce: Announce) -> None:
    """Starts the server again whenever it ends; until cancelled."""
    failures, started = 0, time.monotonic()
    while True:
        await asyncio.sleep(LOOK_EVERY)
        code = server.poll()
        if code is None:
            continue
        failures = failures + 1 if time.monotonic() - started < pause_after(failures) + 1 else 0
        await asyncio.sleep(pause_after(failures) if failures else 0)
        announce(f"{name} ended ({describe_exit(code)}): starting it again, its data is kept")
        started = time.monotonic()
        try:
            await asyncio.to_thread(server.start)
        except EmbeddedServerError as error:
            announce(str(error))
