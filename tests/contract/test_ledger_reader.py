"""What every reader of the ledger promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.event_states import EventState, Origin
from core.ids import Seq, StoreId
from core.ports.ledger_reading import EventFilter
from tests.contract.scenes import (
    EVERYTHING,
    audit,
    dead_on_arrival,
    delivery,
    install,
    order,
    queued,
    through_the_mirror,
)
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


async def test_empty_books_balance(world: LedgerWorld) -> None:
    ledger = await world.reader.books()
    assert ledger.balanced
    assert ledger.of(Origin.ZID).received == 0


async def test_received_is_counted_at_intake_and_not_derived_from_states(world: LedgerWorld) -> None:
    world.tampered = True
    live = await install(world)
    ids = await queued(world, live, 1, 2, 3)
    await world.hands.remove_event(ids[1])
    ledger = await world.reader.books()
    assert not ledger.balanced
    assert ledger.of(Origin.ZID).received == 3
    assert ledger.of(Origin.ZID).difference == 1
    assert not (await world.reader.books(STORE)).balanced
    assert (await world.reader.books(OTHER_STORE)).balanced


async def test_a_vanished_event_is_named(world: LedgerWorld) -> None:
    world.tampered = True
    live = await install(world)
    ids = await queued(world, live, 1, 2, 3)
    await world.hands.remove_event(ids[1])
    [difference] = await world.reader.differences()
    assert (difference.store_id, difference.origin, difference.event_id) == (STORE, Origin.ZID, ids[1])
    assert difference.problem


async def test_a_vanished_event_whose_key_is_forgotten_is_still_missed(world: LedgerWorld) -> None:
    world.tampered = True
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    await world.hands.expire_dedupe()
    await world.maintenance.forget_expired(limit=10)
    await world.hands.remove_event(ids[0])
    [difference] = await world.reader.differences()
    assert difference.event_id is None


async def test_an_event_that_nobody_counted_is_named(world: LedgerWorld) -> None:
    world.tampered = True
    live = await install(world)
    ids = await queued(world, live, 1, 2)
    await world.hands.forget_intake(ids[0])
    [difference] = await world.reader.differences()
    assert (difference.store_id, difference.event_id) == (STORE, ids[0])


async def test_differences_are_limited(world: LedgerWorld) -> None:
    world.tampered = True
    live = await install(world)
    for event_id in await queued(world, live, *range(5)):
        await world.hands.remove_event(event_id)
    assert len(await world.reader.differences(limit=3)) == 3


async def test_events_come_newest_first_page_by_page(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, *range(7))
    seen, before = [], None
    while page := await world.reader.events(EVERYTHING, before=before, limit=3):
        seen += [event.event_id for event in page]
        before = page[-1].seq
    assert seen == ids[::-1]
    assert list(await world.reader.events(EVERYTHING, before=Seq(0))) == []


async def filtered(world: LedgerWorld, wanted: EventFilter) -> int:
    """How many are listed; counting agrees."""
    listed = await world.reader.events(wanted, limit=50)
    assert await world.desk.count(wanted) == len(listed)
    return len(listed)


async def test_every_set_field_of_a_filter_must_match(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    await world.inbox.accept(dead_on_arrival(world, here))
    old = replace(delivery(world, there, order(9)), received_at=world.now() - timedelta(days=2), topic="order.update")
    await world.inbox.accept(old)
    await through_the_mirror(world, await queued(world, here, 1, 2), derived=[()])
    for wanted, expected in (
        (EVERYTHING, 5),
        (EventFilter(store_id=OTHER_STORE), 1),
        (EventFilter(state=EventState.DEAD), 1),
        (EventFilter(state=EventState.DONE, origin=Origin.ZID), 2),
        (EventFilter(origin=Origin.DERIVED), 1),
        (EventFilter(topic="order.update"), 1),
        (EventFilter(since=world.now() - timedelta(days=1), store_id=OTHER_STORE), 0),
        (EventFilter(entity_id="9"), 1),
        (EventFilter(entity_id="1", store_id=STORE, state=EventState.DONE), 2),
        (EventFilter(topic="order.create", state=EventState.DEAD), 0),
    ):
        assert await filtered(world, wanted) == expected, wanted


@pytest.mark.parametrize("known", [True, False])
async def test_one_event_with_its_runs_or_none(world: LedgerWorld, known: bool) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    await through_the_mirror(world, [event_id], "first", "second")
    found = await world.reader.event(event_id if known else world.ids.event_id())
    assert (found is not None) == known
    if found:
        assert [(run.handler, run.state, run.attempts) for run in found.runs] == [
            ("first", EventState.QUEUED, 0),
            ("second", EventState.QUEUED, 0),
        ]


async def test_the_mirror_of_an_unknown_store_is_empty(world: LedgerWorld) -> None:
    assert await world.reader.mirror_counts(StoreId(77)) == {}


async def test_listing_changes_nothing(world: LedgerWorld) -> None:
    live = await install(world)
    await queued(world, live, 1)
    await world.installations.end(live.install_id, audit=audit())
    first = await world.reader.events(EVERYTHING)
    assert await world.reader.events(EVERYTHING) == first
