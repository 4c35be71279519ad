"""What the book of refreshes promises: exactly one exchange of each generation."""

import asyncio
from datetime import timedelta

from core.domain.stores import InstallState
from core.ids import Generation, InstallId, StoreId, WorkerId
from core.ports.installations import Intent
from tests.contract.scenes import audit, install
from tests.contract.worlds import STORE, LedgerWorld

FIRST = Generation(1)


async def two_workers(world: LedgerWorld) -> tuple[InstallId, WorkerId, WorkerId]:
    live = await install(world)
    return live.install_id, await world.workers.join("http"), await world.workers.join("scheduler")


async def test_one_of_many_is_told_to_exchange(world: LedgerWorld) -> None:
    install_id, here, there = await two_workers(world)
    answers = await asyncio.gather(
        *(world.refreshes.begin(install_id, FIRST, worker) for worker in (here, there) for _ in range(10))
    )
    assert answers.count(Intent.TAKEN) == 1
    assert answers.count(Intent.HELD) == 19


async def test_the_next_generation_is_another_question(world: LedgerWorld) -> None:
    install_id, here, _ = await two_workers(world)
    assert await world.refreshes.begin(install_id, Generation(2), here) is Intent.HELD


async def test_without_a_lease_nothing_is_begun(world: LedgerWorld) -> None:
    install_id, here, there = await two_workers(world)
    await world.hands.expire_lease(here)
    assert await world.refreshes.begin(install_id, FIRST, here) is Intent.HELD
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.TAKEN


async def test_what_was_not_sent_may_be_begun_again(world: LedgerWorld) -> None:
    install_id, here, there = await two_workers(world)
    await world.refreshes.begin(install_id, FIRST, here)
    await world.refreshes.drop(install_id, FIRST, there)
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.HELD
    await world.refreshes.drop(install_id, FIRST, here)
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.TAKEN


async def test_a_lost_answer_is_never_exchanged_again_by_itself(world: LedgerWorld) -> None:
    install_id, here, there = await two_workers(world)
    await world.refreshes.begin(install_id, FIRST, here)
    await world.refreshes.mark_unknown(install_id, FIRST, there)
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.HELD
    await world.refreshes.mark_unknown(install_id, FIRST, here)
    assert await world.refreshes.begin(install_id, FIRST, here) is Intent.UNKNOWN
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.UNKNOWN
    await world.refreshes.drop(install_id, FIRST, here)
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.UNKNOWN


async def test_a_dead_workers_exchange_is_unknown(world: LedgerWorld) -> None:
    install_id, here, there = await two_workers(world)
    await world.refreshes.begin(install_id, FIRST, here)
    await world.hands.expire_lease(here)
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.UNKNOWN


async def unknown(world: LedgerWorld) -> tuple[InstallId, WorkerId, WorkerId]:
    install_id, here, there = await two_workers(world)
    await world.refreshes.begin(install_id, FIRST, here)
    await world.refreshes.mark_unknown(install_id, FIRST, here)
    return install_id, here, there


async def test_the_last_resort_is_for_one(world: LedgerWorld) -> None:
    install_id, here, there = await unknown(world)
    given = await asyncio.gather(
        *(world.refreshes.take_last_resort(install_id, FIRST, worker) for worker in (here, there) * 5)
    )
    assert given.count(True) == 1
    assert await world.refreshes.begin(install_id, FIRST, here) is Intent.HELD


async def test_the_last_resort_needs_an_unknown_generation(world: LedgerWorld) -> None:
    install_id, here, _ = await two_workers(world)
    assert not await world.refreshes.take_last_resort(install_id, FIRST, here)
    await world.refreshes.begin(install_id, FIRST, here)
    assert not await world.refreshes.take_last_resort(install_id, FIRST, here)


async def test_after_a_last_resort_without_answer_the_generation_is_spent(world: LedgerWorld) -> None:
    install_id, here, there = await unknown(world)
    await world.refreshes.take_last_resort(install_id, FIRST, here)
    await world.refreshes.mark_unknown(install_id, FIRST, here)
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.SPENT
    assert not await world.refreshes.take_last_resort(install_id, FIRST, there)


async def test_who_dies_in_the_last_resort_has_spent_the_generation(world: LedgerWorld) -> None:
    install_id, here, there = await unknown(world)
    await world.refreshes.take_last_resort(install_id, FIRST, here)
    await world.hands.expire_lease(here)
    await world.maintenance.release_orphans()
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.SPENT


async def test_a_last_resort_that_was_not_sent_may_be_taken_again(world: LedgerWorld) -> None:
    install_id, here, there = await unknown(world)
    await world.refreshes.take_last_resort(install_id, FIRST, here)
    await world.refreshes.drop(install_id, FIRST, there)
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.HELD
    await world.refreshes.drop(install_id, FIRST, here)
    assert await world.refreshes.begin(install_id, FIRST, there) is Intent.UNKNOWN
    assert await world.refreshes.take_last_resort(install_id, FIRST, there)


async def due(world: LedgerWorld, days: int, *, limit: int = 100, hold: float = 60.0) -> list[StoreId]:
    found = await world.refreshes.claim_due(world.now() + timedelta(days=days), limit=limit, hold=hold)
    return [one.store_id for one in found]


async def test_what_is_due_is_given_to_one_caller_and_comes_back(world: LedgerWorld) -> None:
    for store_id in range(1, 13):
        await install(world, StoreId(store_id))
    assert await due(world, 299) == []
    claims = await asyncio.gather(*(due(world, 301, limit=5) for _ in range(4)))
    given = [store_id for one in claims for store_id in one]
    assert len(given) == len(set(given))
    given += await due(world, 301)
    assert sorted(given) == list(range(1, 13))
    assert await due(world, 301) == []
    assert len(await due(world, 302)) == 12


async def test_a_failure_is_counted_and_postponed(world: LedgerWorld) -> None:
    live = await install(world)
    await world.refreshes.postpone(live.install_id, world.now() + timedelta(days=1), failed=True)
    await world.refreshes.postpone(live.install_id, world.now() + timedelta(days=2), failed=True)
    await world.refreshes.postpone(live.install_id, world.now() + timedelta(days=3), failed=False)
    assert await due(world, 2) == []
    [found] = await world.refreshes.claim_due(world.now() + timedelta(days=4), limit=1, hold=60)
    assert (found.store_id, found.install_id, found.failures) == (STORE, live.install_id, 2)
    await world.refreshes.postpone(InstallId(404), world.now(), failed=True)


async def test_only_active_installs_are_due(world: LedgerWorld) -> None:
    first, second = await install(world), await install(world, StoreId(5))
    await world.installations.change_state(first.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    await world.installations.end(second.install_id, audit=audit())
    assert await due(world, 400) == []
    await world.installations.change_state(first.install_id, InstallState.ACTIVE, audit=audit())
    assert await due(world, 400) == [STORE]
