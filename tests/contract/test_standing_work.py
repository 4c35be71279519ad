"""What stands in the ledger is what the books say stands there."""

from core.domain.event_states import UNFINISHED, EventState, Origin
from core.ports.standing_work import Standing
from tests.contract.scenes import claimed, counts, dead_on_arrival, delivery, install, order, queued, through_the_mirror
from tests.contract.worlds import LedgerWorld


async def test_an_empty_ledger_has_nothing_standing(world: LedgerWorld) -> None:
    assert await world.standing.standing() == Standing({})


async def test_it_agrees_with_the_books_state_by_state_and_origin_by_origin(world: LedgerWorld) -> None:
    live = await install(world)
    _, runs, done = await queued(world, live, 1, 2, 3)
    await world.inbox.accept(dead_on_arrival(world, live))
    opened = await through_the_mirror(world, [runs], "courier", derived=[("courier",)])
    await through_the_mirror(world, [done])
    await claimed(world, await world.workers.join("consumer"), *opened)
    standing = await world.standing.standing()
    for origin in Origin:
        books = await counts(world, origin)
        assert {state: standing.count(state, origin) for state in (*UNFINISHED, EventState.DEAD)} == {
            state: books.get(state, 0) for state in (*UNFINISHED, EventState.DEAD)
        }
    assert standing.count(EventState.RUNNING) == 2
    assert standing.count(EventState.DEAD) == standing.count(EventState.QUEUED) == 1
    assert standing.count(EventState.DONE) == 0


async def test_the_oldest_is_the_first_of_those_that_are_not_settled(world: LedgerWorld) -> None:
    live = await install(world)
    [settled] = await queued(world, live, 1)
    await through_the_mirror(world, [settled])
    first = delivery(world, live, order(2))
    await world.inbox.accept(first)
    await queued(world, live, 3)
    oldest = (await world.standing.standing()).oldest
    assert oldest is not None
    assert abs((oldest - first.received_at).total_seconds()) < 0.001
