"""What a doctor can see: on real servers and in memory."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from adapters.memory.examination import MemoryOutside
from adapters.outbound.asking import Asking
from adapters.outbound.session import Outbound
from adapters.postgres.connection import open_pool
from adapters.postgres.examination import PostgresExamination
from adapters.redis.connection import open_redis
from adapters.redis.examination import RedisExamination
from adapters.system import SystemClock
from core.domain.diagnosis.servers import SchemaStanding
from core.errors import Unavailable
from core.ports.examination import Outside, Reply
from tests.contract.examined_worlds import (
    INDEX,
    MIGRATION,
    NEWER,
    UNIQUE,
    ExaminedDatabaseWorld,
    ExaminedMachineWorld,
    ExaminedRedisWorld,
    local_machine,
    memory_examined,
    memory_machine,
    memory_redis_examined,
    postgres_examined,
    redis_examined,
)
from tests.free_port import free_port
from tests.servers import Database, Postgres, with_database


@pytest.fixture(params=["memory", "postgres"])
async def examined(request: pytest.FixtureRequest) -> AsyncIterator[ExaminedDatabaseWorld]:
    if request.param == "memory":
        yield memory_examined()
        return
    database: Database = request.getfixturevalue("database")
    server: Postgres = request.getfixturevalue("postgres_server")
    async with postgres_examined(database, with_database(server.admin_url, database.name)) as world:
        yield world


async def test_a_database_as_the_migrations_make_it_is_well(examined: ExaminedDatabaseWorld) -> None:
    server = await examined.examined.server()
    assert (server.local, server.read_only, server.role, tuple(server.powers)) == (True, False, "wasl_app", ())
    assert server.version >= 140_000
    assert server.max_connections > server.reserved > 0
    assert server.clock is not None
    assert server.clock.surely < 60  # one machine, one clock
    assert await examined.examined.schema() == SchemaStanding()
    standing = await examined.examined.indexes()
    assert (list(standing.missing), list(standing.invalid)) == ([], [])
    assert await examined.examined.unsealed(limit=10) == {}


@pytest.mark.parametrize(
    ("harm", "name", "unique"), [("drop an index", INDEX, False), ("drop a unique index", UNIQUE, True)]
)
async def test_a_dropped_index_is_named(examined: ExaminedDatabaseWorld, harm: str, name: str, unique: bool) -> None:
    await examined.harm(harm)
    [missing] = (await examined.examined.indexes()).missing
    assert (missing.name, missing.unique) == (name, unique)
    assert missing.statement.startswith("CREATE ")


async def test_an_unfinished_index_is_named(examined: ExaminedDatabaseWorld) -> None:
    await examined.harm("leave an index unfinished")
    standing = await examined.examined.indexes()
    assert [one.name for one in standing.invalid] == [INDEX]
    assert list(standing.missing) == []


async def test_differences_of_the_schema_are_named(examined: ExaminedDatabaseWorld) -> None:
    await examined.harm("forget a migration")
    assert tuple((await examined.examined.schema()).missing) == (MIGRATION,)


async def test_a_changed_migration_is_named(examined: ExaminedDatabaseWorld) -> None:
    await examined.harm("change a migration")
    assert tuple((await examined.examined.schema()).changed) == (MIGRATION,)


async def test_tomorrows_release_may_have_dropped_an_index(examined: ExaminedDatabaseWorld) -> None:
    await examined.harm("drop an index")
    await examined.harm("run tomorrow's release")
    assert tuple((await examined.examined.schema()).ahead) == (NEWER,)
    assert list((await examined.examined.indexes()).missing) == []


async def test_what_lies_open_is_counted_up_to_the_limit(examined: ExaminedDatabaseWorld) -> None:
    await examined.harm("store an open token")
    assert await examined.examined.unsealed(limit=2) == {"tokens": 2, "data_keys": 1}


async def test_a_database_that_is_away() -> None:
    pool = await open_pool(f"postgresql://wasl_app@127.0.0.1:{free_port()}/none", connect=False)
    away = PostgresExamination(pool, SystemClock())
    for ask in (away.server, away.schema, away.indexes):
        with pytest.raises(Unavailable):
            await ask()
    await pool.close()


@pytest.fixture(params=["memory", "redis"])
async def redis_world(request: pytest.FixtureRequest) -> AsyncIterator[ExaminedRedisWorld]:
    if request.param == "memory":
        yield memory_redis_examined()
        return
    async with redis_examined(request.getfixturevalue("redis_url")) as world:
        yield world


async def test_what_redis_says_of_itself(redis_world: ExaminedRedisWorld) -> None:
    redis_world.configure(appendonly="yes", maxmemory_policy="noeviction", maxmemory="0")
    [server] = await redis_world.examined.servers()
    assert (server.append_only, server.eviction, server.limit, server.replica) == (True, "noeviction", 0, False)
    assert not server.cannot_save
    assert server.version >= (6, 2)
    assert server.clock is not None
    assert server.clock.surely < 60


async def test_hazards_of_redis_show_at_once(redis_world: ExaminedRedisWorld) -> None:
    redis_world.configure(appendonly="no", maxmemory_policy="allkeys-lru", maxmemory="100000000")
    [server] = await redis_world.examined.servers()
    assert (server.append_only, server.eviction, server.limit) == (False, "allkeys-lru", 100_000_000)
    assert server.used > 0


async def test_a_redis_that_is_away() -> None:
    clients = open_redis(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(Unavailable):
        await RedisExamination(clients, SystemClock()).servers()
    await clients.aclose()


@pytest.fixture(params=["memory", "local"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ExaminedMachineWorld]:
    if request.param == "memory":
        yield memory_machine(tmp_path)
        return
    with local_machine(tmp_path) as world:
        yield world


async def test_a_folder_that_would_be_made(machine: ExaminedMachineWorld) -> None:
    folder = await machine.examined.folder(str(machine.home / "spool" / "deeper"))
    assert folder.writable
    assert folder.free > 0
    assert not (machine.home / "spool").exists()


async def test_a_file_where_the_folder_should_be(machine: ExaminedMachineWorld) -> None:
    machine.write("in_the_way", 0o600)
    assert not (await machine.examined.folder(str(machine.home / "in_the_way" / "below"))).writable


async def test_who_may_read_a_file(machine: ExaminedMachineWorld) -> None:
    machine.write("open.env", 0o644)
    machine.write("own.env", 0o600)
    names = ("open.env", "own.env", "absent.env")
    found = await machine.examined.files([str(machine.home / name) for name in names])
    assert [(Path(one.path).name, one.mode, one.is_private) for one in found] == [
        ("open.env", 0o644, False),
        ("own.env", 0o600, True),
    ]
    assert machine.examined.runtime().python >= (3, 11)


@pytest.fixture(params=["memory", "http"])
async def outside(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Outside, str, str, str]]:
    """With addresses: of Wasl, of somebody else an hour ahead, of nobody."""
    if request.param == "memory":
        ahead = Reply(302, None)
        yield MemoryOutside({"http://b": ahead, "http://c": None}), "http://a", "http://b", "http://c"
        return

    async def ours(_: web.Request) -> web.Response:
        return web.Response(headers={"X-Request-Id": "r"})

    async def other(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/elsewhere", "Date": "no date"})

    app = web.Application()
    app.router.add_get("/ours", ours)
    app.router.add_get("/other", other)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    here = f"http://127.0.0.1:{port}"
    nobody = f"http://127.0.0.1:{free_port()}"
    yield Asking(Outbound(public=False), SystemClock()), f"{here}/ours", f"{here}/other", nobody
    await runner.cleanup()


async def test_who_answers_and_what_time_it_is_there(outside: tuple[Outside, str, str, str]) -> None:
    network, ours, other, nobody = outside
    reply = await network.ask(ours)
    assert (reply.status, reply.is_wasl) == (200, True)
    assert reply.offset is not None
    assert reply.offset.surely < 60
    assert await network.ask(other) == Reply(302, None, is_wasl=False)
    with pytest.raises(Unavailable):
        await network.ask(nobody)


async def test_nothing_private_is_asked_in_production() -> None:
    guarded = Asking(Outbound(public=True), SystemClock())
    with pytest.raises(Unavailable, match="its name leads into a private network"):
        await guarded.ask(f"http://127.0.0.1:{free_port()}/")
