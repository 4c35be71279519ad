"""What processes tell each other of their keys."""

from core.domain.rings import Holder, RingName
from core.features.guard_rings import GuardRings
from core.ids import WorkerId
from tests.contract.scenes import install
from tests.contract.worlds import LedgerWorld


def holding(worker: WorkerId, *keys: str) -> Holder:
    return Holder(worker, "http", {RingName.TOKENS: keys, RingName.SESSIONS: ("s1",)})


async def test_what_live_workers_hold(world: LedgerWorld) -> None:
    one, other = await world.workers.join("http"), await world.workers.join("http")
    await world.process_rings.note(holding(other, "b", "a"))
    await world.process_rings.note(holding(one, "a"))
    assert list(await world.process_rings.live()) == [holding(one, "a"), holding(other, "b", "a")]
    await world.process_rings.note(holding(one, "b", "a"))
    assert list(await world.process_rings.live()) == [holding(one, "b", "a"), holding(other, "b", "a")]


async def test_a_worker_that_said_nothing_is_one_without_rings(world: LedgerWorld) -> None:
    worker = await world.workers.join("consumer")
    (found,) = await world.process_rings.live()
    assert found == Holder(worker, "consumer", {})
    assert found.is_silent
    assert not holding(worker, "a").is_silent


async def test_it_ends_with_the_lease(world: LedgerWorld) -> None:
    gone, frozen, live = [await world.workers.join("http") for _ in range(3)]
    for worker in (gone, frozen, live):
        await world.process_rings.note(holding(worker, "a"))
    await world.workers.leave(gone)
    await world.hands.expire_lease(frozen)
    assert list(await world.process_rings.live()) == [holding(live, "a")]


async def test_a_key_that_is_missing_is_named_with_how_many_stores_need_it(world: LedgerWorld) -> None:
    await install(world)
    worker = await world.workers.join("http")
    guard = GuardRings(
        rings=world.process_rings, census=world.census, own={RingName.TOKENS: ("elsewhere",)}, strict=False
    )
    (problem,) = await guard.join(worker, "http")
    needed = world.sealer_of("first").seals_with
    assert problem.key == "TOKEN_KEYS"
    assert f"lacks the key {needed}, which still seals the tokens of 1 stores" in problem.problem
    assert [holder.worker for holder in await world.process_rings.live()] == [worker]
