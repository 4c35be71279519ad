"""What the roster promises: who holds a lease that runs, by kind."""

from tests.contract.worlds import LedgerWorld


async def test_those_whose_lease_runs_are_counted_by_kind(world: LedgerWorld) -> None:
    assert dict(await world.roster.alive()) == {}
    http, left, dead = [await world.workers.join("http") for _ in range(3)]
    consumer = await world.workers.join("consumer")
    await world.workers.leave(left)
    await world.hands.expire_lease(dead)
    assert dict(await world.roster.alive()) == {"http": 1, "consumer": 1}
    assert await world.workers.renew(http)
    await world.hands.expire_lease(consumer)
    assert dict(await world.roster.alive()) == {"http": 1}
