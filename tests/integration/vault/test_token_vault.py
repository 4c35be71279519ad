"""Tokens at rest: only the right row, with the right key, opens; and only the latest generation is replaced."""

import asyncio

import psycopg
import pytest

from adapters.postgres.token_vault import PostgresTokenVault
from adapters.sealing.fernet import FernetSealer
from adapters.sealing.ring_keys import generate_key
from core.errors import KeyMissing, SealBroken
from core.ids import Generation, StoreId
from core.ports.sealing import WrappedKey
from tests.integration.vault.vault_world import LATER, NOW, RING, World, some_tokens, texts
from tests.servers import Database


async def test_tokens_come_back_as_they_were_given(world: World) -> None:
    tokens = some_tokens()
    install = await world.install(tokens=tokens)
    opened = await world.opened()
    assert (opened.store_id, opened.install_id, opened.generation) == (1, install.install_id, 1)
    assert opened.tokens == tokens


async def test_a_store_that_is_not_installed_has_no_tokens(world: World) -> None:
    assert await world.vault.open(StoreId(404)) is None
    await world.end(await world.install())
    assert await world.vault.open(StoreId(1)) is None


async def test_a_sealed_value_copied_to_another_store_does_not_open(world: World) -> None:
    await world.install(1)
    await world.install(2)
    assert await world.opened(1)  # remembered by this process, which must not help the copy
    await world.pool.execute("""
        UPDATE tokens t SET sealed = other.sealed FROM tokens other WHERE t.store_id = 2 AND other.store_id = 1
    """)
    with pytest.raises(SealBroken):
        await world.vault.open(StoreId(2))
    assert await world.opened(1)


async def test_a_row_copied_with_its_data_key_does_not_open_in_another_store(world: World) -> None:
    await world.install(1)
    await world.install(2)
    await world.opened(1)
    for statement in (
        "UPDATE tokens t SET sealed = o.sealed FROM tokens o WHERE t.store_id = 2 AND o.store_id = 1",
        "UPDATE data_keys k SET key_id = o.key_id, wrapped = o.wrapped FROM data_keys o"
        " WHERE k.store_id = 2 AND o.store_id = 1",
    ):
        await world.pool.execute(statement)
    with pytest.raises(SealBroken, match="belong to another row"):
        await world.vault.open(StoreId(2))


async def test_a_store_that_points_to_another_stores_install_does_not_open(world: World) -> None:
    await world.install(1)
    await world.install(2)
    await world.opened(1)
    await world.pool.execute("UPDATE stores SET install_id = (SELECT install_id FROM installs WHERE store_id = 1)")
    assert await world.opened(1)
    with pytest.raises(SealBroken):
        await world.vault.open(StoreId(2))


async def test_an_old_generation_put_back_under_a_new_number_does_not_open(world: World) -> None:
    await world.install()
    old = await world.pool.fetchval("SELECT sealed FROM tokens")
    assert await world.renew(await world.opened())
    await world.pool.execute("UPDATE tokens SET sealed = $1", old)
    with pytest.raises(SealBroken):
        await world.vault.open(StoreId(1))


async def test_a_changed_byte_is_noticed_though_the_row_was_opened_before(world: World) -> None:
    await world.install()
    await world.opened()
    await world.pool.execute("UPDATE tokens SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)")
    with pytest.raises(SealBroken):
        await world.vault.open(StoreId(1))


async def test_an_old_key_of_the_ring_still_opens(world: World) -> None:
    tokens = some_tokens()
    await world.install(tokens=tokens)
    rotated = world.with_ring(generate_key(), *RING)
    assert (await rotated.opened()).tokens == tokens
    assert await rotated.renew(await rotated.opened())
    assert (await rotated.opened()).generation == 2


async def test_a_missing_key_is_named_and_harms_no_other_store(world: World) -> None:
    other_key = generate_key()
    await world.install(1)
    await world.with_ring(other_key).install(2)
    needed = await world.pool.fetchval("SELECT key_id FROM data_keys WHERE store_id = 1")
    without = world.with_ring(other_key)
    with pytest.raises(KeyMissing, match=needed) as caught:
        await without.vault.open(StoreId(1))
    assert caught.value.key_id == needed
    assert (await without.opened(2)).store_id == 2
    assert await without.renew(await without.opened(2))


async def test_a_missing_key_leaves_the_row_that_could_not_be_renewed(world: World) -> None:
    await world.install()
    seen = await world.opened()
    with pytest.raises(KeyMissing):
        await world.with_ring(generate_key()).renew(seen)
    assert await world.opened() == seen
    assert await world.audited() == ["install.activated"]


async def test_replacing_moves_the_generation_the_due_time_and_the_trail_together(world: World) -> None:
    install = await world.install(due=NOW)
    worker, tokens = await world.worker(), some_tokens()
    seen = await world.opened()
    await world.book.begin(install.install_id, seen.generation, worker)
    await world.book.postpone(install.install_id, NOW, failed=True)
    assert await world.renew(seen, tokens, due=LATER)
    opened = await world.opened()
    assert (opened.generation, opened.tokens) == (2, tokens)
    assert await world.pool.fetchrow("SELECT due_at, failures FROM refresh_due") == (LATER, 0)
    assert (await world.rows_of(install))["refresh_intents"] == 0
    assert await world.audited() == ["install.activated", "token.refreshed"]


async def test_of_many_who_replace_one_generation_exactly_one_succeeds(world: World) -> None:
    await world.install()
    seen = await world.opened()
    candidates = [some_tokens() for _ in range(20)]
    outcomes = await asyncio.gather(*(world.renew(seen, tokens) for tokens in candidates))
    assert outcomes.count(True) == 1
    opened = await world.opened()
    assert (opened.generation, opened.tokens) == (2, candidates[outcomes.index(True)])
    assert (await world.audited()).count("token.refreshed") == 1


async def test_an_older_answer_is_never_stored_over_a_newer_one(world: World) -> None:
    await world.install()
    first = await world.opened()
    assert await world.renew(first)
    newest = await world.opened()
    assert not await world.renew(first)
    assert await world.opened() == newest


async def test_tokens_of_an_ended_install_are_not_replaced(world: World) -> None:
    install = await world.install()
    seen = await world.opened()
    await world.end(install)
    assert not await world.renew(seen)
    again = await world.install()
    assert not await world.renew(seen)
    opened = await world.opened()
    assert (opened.install_id, opened.generation) == (again.install_id, Generation(1))


async def test_another_process_sees_the_new_generation_at_once(world: World) -> None:
    other = world.with_ring(*RING)
    await world.install()
    before = await other.opened()
    assert await world.renew(await world.opened())
    assert (await other.opened()).generation == before.generation + 1


class CountingSealer(FernetSealer):
    """Says how often something was decrypted."""

    opened = 0

    def open(self, key: WrappedKey, sealed: bytes) -> bytes:
        self.opened += 1
        return super().open(key, sealed)


async def test_a_row_is_decrypted_once_while_it_is_remembered(world: World) -> None:
    sealer = CountingSealer(RING)
    vault = PostgresTokenVault(world.pool, sealer, remembered=2)
    for store in (1, 2, 3):
        await world.install(store)
    for store in (1, 2, 1, 2):
        assert await vault.open(StoreId(store)) == await world.opened(store)
    assert sealer.opened == 2
    await vault.open(StoreId(3))
    await vault.open(StoreId(1))
    assert sealer.opened == 4


async def test_no_token_is_readable_anywhere_in_the_database(world: World, database: Database) -> None:
    given = [some_tokens() for _ in range(4)]
    await world.install(1, tokens=given[0])
    await world.install(2, tokens=given[1])
    await world.install(2, tokens=given[2])
    await world.renew(await world.opened(1), given[3])
    dump = _every_row(database)
    assert b"Store 1" in dump
    for tokens in given:
        for text in texts(tokens):
            assert text.encode() not in dump
            assert text.encode().hex().encode() not in dump
    for key in RING:
        assert key.reveal().encode() not in dump


def _every_row(database: Database) -> bytes:
    """All tables as text, and bytea columns as the bytes they are."""
    found = []
    with psycopg.connect(database.owner_dsn) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():
                found += [value if isinstance(value, bytes) else repr(value).encode() for value in row]
    assert found
    return b"\n".join(found)
