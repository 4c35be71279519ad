"""What the port of doubts promises."""

from core.domain.stores import Install
from core.ids import Generation
from core.ports.installations import Intent
from tests.contract.scenes import audit, install
from tests.contract.worlds import OTHER_STORE, LedgerWorld

FIRST = Generation(1)


async def _asked(world: LedgerWorld, live: Install) -> Intent:
    return await world.refreshes.begin(live.install_id, FIRST, await world.workers.join("scheduler"))


async def test_a_doubted_token_is_not_exchanged_without_a_look(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    assert await world.doubts.doubt_all() == 2
    assert [await _asked(world, live) for live in (here, there)] == [Intent.UNKNOWN, Intent.UNKNOWN]


async def test_an_exchange_that_was_under_way_is_doubted_too(world: LedgerWorld) -> None:
    live = await install(world)
    assert await _asked(world, live) is Intent.TAKEN
    await world.doubts.doubt_all()
    assert await _asked(world, live) is Intent.UNKNOWN


async def test_what_is_spent_stays_spent(world: LedgerWorld) -> None:
    live = await install(world)
    worker = await world.workers.join("scheduler")
    await world.doubts.doubt_all()
    assert await world.refreshes.take_last_resort(live.install_id, FIRST, worker)
    await world.refreshes.mark_unknown(live.install_id, FIRST, worker)
    assert await world.doubts.doubt_all() == 1
    assert await _asked(world, live) is Intent.SPENT


async def test_the_next_generation_is_not_in_doubt(world: LedgerWorld) -> None:
    live = await install(world)
    await world.doubts.doubt_all()
    seen = await world.vault.open(live.store_id)
    assert seen is not None
    assert await world.vault.replace(seen, seen.tokens, refresh_at=world.now(), audit=audit())
    worker = await world.workers.join("scheduler")
    assert await world.refreshes.begin(live.install_id, Generation(2), worker) is Intent.TAKEN
