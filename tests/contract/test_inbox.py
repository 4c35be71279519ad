"""What every inbox promises."""

import asyncio
from dataclasses import replace

from core.domain.event_states import EventState, Origin
from core.domain.events import Receipt
from core.ids import InstallId
from tests.contract.scenes import audit, counts, dead_on_arrival, delivery, detail, install, order, state
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


async def test_an_accepted_delivery_is_in_the_ledger_as_it_came(world: LedgerWorld) -> None:
    live = await install(world)
    given = delivery(world, live, order(7), b'{"id": 7}')
    assert await world.inbox.accept(given) is Receipt.ACCEPTED
    found = await detail(world, given.event_id)
    assert found.body == b'{"id": 7}'
    assert found.summary.state is EventState.QUEUED
    assert (found.summary.entity_id, found.summary.size) == ("7", 9)
    assert abs((found.summary.received_at - given.received_at).total_seconds()) < 0.001


async def test_a_repeat_is_counted_and_not_entered(world: LedgerWorld) -> None:
    live = await install(world)
    first, second = (delivery(world, live, order(1), b"same") for _ in range(2))
    assert await world.inbox.accept(first) is Receipt.ACCEPTED
    assert await world.inbox.accept(second) is Receipt.DUPLICATE
    assert await world.reader.event(second.event_id) is None
    books = (await world.reader.books()).of(Origin.ZID)
    assert (books.received, books.duplicates) == (1, 1)


async def test_concurrent_repeats_become_one_event(world: LedgerWorld) -> None:
    live = await install(world)
    given = [delivery(world, live, order(number % 5), f"body {number % 5}".encode()) for number in range(40)]
    receipts = await asyncio.gather(*map(world.inbox.accept, given))
    assert sorted(receipts).count(Receipt.ACCEPTED) == 5
    books = (await world.reader.books()).of(Origin.ZID)
    assert (books.received, books.duplicates) == (5, 35)


async def test_deliveries_handed_in_at_once_get_their_receipts_in_order(world: LedgerWorld) -> None:
    live, ended = await install(world), await install(world, OTHER_STORE)
    await world.installations.end(ended.install_id, audit=audit())
    given = [
        delivery(world, live, order(1), b"one"),
        delivery(world, ended, order(1), b"late"),
        delivery(world, live, order(2), b"two"),
        delivery(world, live, order(1), b"one"),
    ]
    receipts = await world.inbox.accept_all(given)
    assert list(receipts) == [Receipt.ACCEPTED, Receipt.CANCELLED, Receipt.ACCEPTED, Receipt.DUPLICATE]
    assert await state(world, given[2].event_id) is EventState.QUEUED
    assert list(await world.inbox.accept_all([])) == []


async def test_the_same_body_for_another_store_is_no_repeat(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    assert await world.inbox.accept(delivery(world, here, order(1), b"same")) is Receipt.ACCEPTED
    assert await world.inbox.accept(delivery(world, there, order(1), b"same")) is Receipt.ACCEPTED


async def test_a_repeat_after_its_period_is_a_new_event(world: LedgerWorld) -> None:
    live = await install(world)
    assert await world.inbox.accept(delivery(world, live, order(1), b"login")) is Receipt.ACCEPTED
    await world.hands.expire_dedupe()
    assert await world.inbox.accept(delivery(world, live, order(1), b"login")) is Receipt.ACCEPTED
    assert await counts(world) == {EventState.QUEUED: 2}


async def test_a_delivery_for_an_ended_install_is_cancelled_without_its_body(world: LedgerWorld) -> None:
    live = await install(world)
    await world.installations.end(live.install_id, audit=audit())
    given = delivery(world, live, order(1), b"personal data")
    assert await world.inbox.accept(given) is Receipt.CANCELLED
    found = await detail(world, given.event_id)
    assert (found.summary.state, found.body) == (EventState.CANCELLED, None)
    assert found.summary.reason
    assert found.summary.settled_at is not None


async def test_a_delivery_for_an_earlier_install_is_cancelled(world: LedgerWorld) -> None:
    before = await install(world)
    await install(world)
    assert await world.inbox.accept(delivery(world, before, order(1))) is Receipt.CANCELLED


async def test_a_delivery_for_nobody_is_cancelled_and_counted(world: LedgerWorld) -> None:
    live = await install(world)
    stranger = replace(delivery(world, live, order(1)), store_id=OTHER_STORE, install_id=InstallId(5))
    assert await world.inbox.accept(stranger) is Receipt.CANCELLED
    assert await counts(world) == {EventState.CANCELLED: 1}


async def test_a_repeat_for_an_ended_install_is_still_a_repeat(world: LedgerWorld) -> None:
    live = await install(world)
    await world.inbox.accept(delivery(world, live, order(1), b"same"))
    await world.installations.end(live.install_id, audit=audit())
    assert await world.inbox.accept(delivery(world, live, order(1), b"same")) is Receipt.DUPLICATE


async def test_what_cannot_be_handled_is_kept_dead_with_its_reason(world: LedgerWorld) -> None:
    live = await install(world)
    given = dead_on_arrival(world, live)
    assert await world.inbox.accept(given) is Receipt.ACCEPTED
    found = await detail(world, given.event_id)
    assert (found.summary.state, found.summary.reason) == (EventState.DEAD, "unknown topic")
    assert found.body == given.body
    assert found.summary.entity_kind is None


async def test_one_deliverys_bad_data_never_fails_another(world: LedgerWorld) -> None:
    """A text column of Postgres takes no NUL."""
    live = await install(world)
    good = [delivery(world, live, order(number)) for number in range(5)]
    bad = replace(delivery(world, live, order(9)), topic="order\0create")
    receipts = await asyncio.gather(*map(world.inbox.accept, [*good[:3], bad, *good[3:]]), return_exceptions=True)
    assert [receipts[place] for place in (0, 1, 2, 4, 5)] == [Receipt.ACCEPTED] * 5


async def test_arrival_order_is_the_order_of_acceptance(world: LedgerWorld) -> None:
    live = await install(world)
    given = [delivery(world, live, order(number)) for number in range(4)]
    for one in given:
        await world.inbox.accept(one)
    seqs = [(await detail(world, one.event_id)).summary.seq for one in given]
    assert seqs == sorted(set(seqs))


async def test_deliveries_racing_with_the_end_of_their_install_are_never_left_queued(world: LedgerWorld) -> None:
    live = await install(world)
    given = [delivery(world, live, order(number)) for number in range(30)]
    ending = asyncio.create_task(_end_soon(world, live.install_id))
    receipts = await asyncio.gather(*map(world.inbox.accept, given))
    assert await ending is not None
    assert set(receipts) <= {Receipt.ACCEPTED, Receipt.CANCELLED}
    assert {await state(world, one.event_id) for one in given} == {EventState.CANCELLED}


async def _end_soon(world: LedgerWorld, install_id: InstallId) -> int | None:
    await asyncio.sleep(0)
    return await world.installations.end(install_id, audit=audit())


async def test_books_are_kept_per_store(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    for number in range(3):
        await world.inbox.accept(delivery(world, here, order(number)))
    await world.inbox.accept(delivery(world, there, order(1)))
    assert (await world.reader.books(STORE)).of(Origin.ZID).received == 3
    assert (await world.reader.books(OTHER_STORE)).of(Origin.ZID).received == 1
    assert (await world.reader.books()).of(Origin.ZID).received == 4
