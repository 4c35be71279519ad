"""What every vault promises about tokens and who may replace them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.stores import InstallState
from core.domain.tokens import TokenSet
from core.errors import KeyMissing, SealBroken
from core.ids import InstallId
from core.ports.installations import Intent
from tests.contract.scenes import audit, install, tokens
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


async def opened(world: LedgerWorld) -> TokenSet:
    found = await world.vault.open(STORE)
    assert found is not None
    return found


async def replaced(world: LedgerWorld, seen: TokenSet, name: str) -> bool:
    due = world.now() + timedelta(days=200)
    return await world.vault.replace(seen, tokens(world, name), refresh_at=due, audit=audit(f"renewed to {name}"))


async def test_tokens_open_as_they_were_stored(world: LedgerWorld) -> None:
    live = await install(world)
    found = await opened(world)
    stored = tokens(world)
    assert (found.store_id, found.install_id, found.generation) == (STORE, live.install_id, 1)
    assert replace(found.tokens, expires_at=None) == replace(stored, expires_at=None)
    assert found.tokens.expires_at is not None


async def test_tokens_without_a_known_lifetime(world: LedgerWorld) -> None:
    await install(world)
    seen = await opened(world)
    endless = replace(tokens(world, "endless"), expires_at=None)
    await world.vault.replace(seen, endless, refresh_at=world.now(), audit=audit())
    assert (await opened(world)).tokens == endless


async def test_a_store_that_is_not_installed_has_none(world: LedgerWorld) -> None:
    assert await world.vault.open(STORE) is None
    live = await install(world)
    await world.installations.end(live.install_id, audit=audit())
    assert await world.vault.open(STORE) is None


async def test_replacing_moves_to_the_next_generation(world: LedgerWorld) -> None:
    await install(world)
    assert await replaced(world, await opened(world), "second")
    found = await opened(world)
    assert found.generation == 2
    assert found.tokens.refresh_token.reveal() == "second-refresh"
    assert "renewed to second" in [record.entry.action for record in await world.log.page()]


async def test_an_older_generation_is_never_stored_over_a_newer_one(world: LedgerWorld) -> None:
    await install(world)
    seen = await opened(world)
    assert await replaced(world, seen, "second")
    assert not await replaced(world, seen, "late")
    assert (await opened(world)).tokens.refresh_token.reveal() == "second-refresh"
    assert "renewed to late" not in [record.entry.action for record in await world.log.page()]


async def test_of_many_at_once_one_replaces(world: LedgerWorld) -> None:
    await install(world)
    seen = await opened(world)
    results = await asyncio.gather(*(replaced(world, seen, f"n{number}") for number in range(6)))
    assert results.count(True) == 1
    winner = results.index(True)
    assert (await opened(world)).tokens.refresh_token.reveal() == f"n{winner}-refresh"


async def test_tokens_of_an_ended_install_cannot_be_replaced(world: LedgerWorld) -> None:
    live = await install(world)
    seen = await opened(world)
    await world.installations.end(live.install_id, audit=audit())
    assert not await replaced(world, seen, "late")
    again = await install(world)
    assert not await replaced(world, seen, "late")
    found = await opened(world)
    assert (found.install_id, found.generation) == (again.install_id, 1)


async def test_replacing_ends_the_intent(world: LedgerWorld) -> None:
    live = await install(world)
    worker = await world.workers.join("scheduler")
    seen = await opened(world)
    assert await world.refreshes.begin(live.install_id, seen.generation, worker) is Intent.TAKEN
    await replaced(world, seen, "second")
    now_held = await opened(world)
    assert await world.refreshes.begin(live.install_id, now_held.generation, worker) is Intent.TAKEN


async def test_replacing_sets_the_due_time(world: LedgerWorld) -> None:
    await install(world)
    await replaced(world, await opened(world), "second")
    assert list(await world.refreshes.claim_due(world.now() + timedelta(days=199), limit=9, hold=60)) == []
    assert len(await world.refreshes.claim_due(world.now() + timedelta(days=201), limit=9, hold=60)) == 1


async def test_tokens_copied_to_another_store_do_not_open(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    await world.hands.swap_tokens(here.install_id, there.install_id)
    for store_id in (STORE, OTHER_STORE):
        with pytest.raises(SealBroken):
            await world.vault.open(store_id)


async def test_a_missing_key_is_named(world: LedgerWorld) -> None:
    await install(world)
    with pytest.raises(KeyMissing, match="TOKEN_KEYS"):
        await world.foreign_vault.open(STORE)
    assert await world.foreign_vault.open(OTHER_STORE) is None


async def test_how_tokens_stand_needs_no_key(world: LedgerWorld) -> None:
    live, gone = await install(world), await install(world, OTHER_STORE)
    await world.installations.end(gone.install_id, audit=audit())
    await replaced(world, await opened(world), "second")
    await world.refreshes.postpone(live.install_id, world.now() + timedelta(hours=1), failed=True)
    found = await world.statuses.of([live.install_id, gone.install_id, InstallId(404)])
    assert list(found) == [live.install_id]
    status = found[live.install_id]
    assert (status.generation, status.failures) == (2, 1)
    assert status.expires_at is not None
    assert status.refresh_due_at is not None
    assert await world.statuses.of([]) == {}


async def test_when_tokens_were_renewed_last_is_known(world: LedgerWorld) -> None:
    live = await install(world)
    before = (await world.statuses.of([live.install_id]))[live.install_id]
    assert before.renewed_at is None
    await replaced(world, await opened(world), "second")
    after = (await world.statuses.of([live.install_id]))[live.install_id]
    assert after.renewed_at is not None
    assert abs(after.renewed_at - world.now()) < timedelta(hours=1)


async def test_a_store_that_waits_for_its_merchant_has_no_due_time(world: LedgerWorld) -> None:
    live = await install(world)
    await world.installations.change_state(live.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    assert (await world.statuses.of([live.install_id]))[live.install_id].refresh_due_at is None
    await world.installations.change_state(live.install_id, InstallState.ACTIVE, audit=audit())
    assert (await world.statuses.of([live.install_id]))[live.install_id].refresh_due_at is not None
