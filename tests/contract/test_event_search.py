"""What every search for events promises. The database's here looks at two rows at a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.system import SystemIds
from core.domain.event_states import EventState, Origin
from core.domain.events import Receipt
from core.ids import EventId, Seq
from core.ports.event_search import EventStory
from core.ports.ledger_reading import EventFilter
from tests.contract.dead_scenes import dead_runs, mark_of
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


async def all_pages(world: LedgerWorld, wanted: EventFilter, *, limit: int = 2) -> list[EventId]:
    """The ids in the order of the pages; none may hold more than asked."""
    found: list[EventId] = []
    before: Seq | None = None
    for _ in range(100):
        page = await world.search.page(wanted, before=before, limit=limit)
        assert len(page.events) <= limit
        found += [event.event_id for event in page.events]
        if page.before is None:
            return found
        before = page.before
    raise AssertionError("the pages do not end")


def newest_first(ids: Sequence[EventId]) -> list[EventId]:
    return list(reversed(ids))


async def story(world: LedgerWorld, event_id: EventId) -> EventStory:
    found = await world.search.story(event_id)
    assert found is not None
    return found


async def test_going_on_finds_every_event_once_newest_first(world: LedgerWorld) -> None:
    assert await all_pages(world, EVERYTHING) == []
    ids = await queued(world, await install(world), *range(7))
    for limit in (1, 2, 3, 50):
        assert await all_pages(world, EVERYTHING, limit=limit) == newest_first(ids)


async def test_each_filter_finds_what_it_names(world: LedgerWorld) -> None:
    live, other = await install(world), await install(world, OTHER_STORE)
    waiting = await queued(world, live, 1, 2, 3)
    others = await queued(world, other, 1)
    dead = dead_on_arrival(world, live)
    assert await world.inbox.accept(dead) is Receipt.ACCEPTED
    done = await queued(world, live, 4)
    await through_the_mirror(world, done)
    dropped = replace(delivery(world, live, order(5)), state=EventState.CANCELLED, reason="the install is over")
    assert await world.inbox.accept(dropped) is Receipt.ACCEPTED
    for wanted, expected in (
        (EventFilter(store_id=OTHER_STORE), others),
        (EventFilter(store_id=STORE), [*waiting, dead.event_id, *done, dropped.event_id]),
        (EventFilter(topic="no.such"), [dead.event_id]),
        (EventFilter(topic="no.such", store_id=STORE), [dead.event_id]),
        (EventFilter(topic="order.create", store_id=OTHER_STORE), others),
        (EventFilter(state=EventState.DEAD), [dead.event_id]),
        (EventFilter(state=EventState.QUEUED), [*waiting, *others]),
        (EventFilter(state=EventState.QUEUED, store_id=OTHER_STORE), others),
        (EventFilter(state=EventState.RUNNING), []),
        (EventFilter(state=EventState.DONE), done),
        (EventFilter(state=EventState.CANCELLED), [dropped.event_id]),
        (EventFilter(entity_id="1"), [waiting[0], *others]),
        (EventFilter(entity_id="1", store_id=STORE), waiting[:1]),
        (EventFilter(entity_id="1", state=EventState.DONE), []),
        (EventFilter(origin=Origin.REPLAY), []),
    ):
        assert await all_pages(world, wanted) == newest_first(expected), wanted


async def test_dead_events_are_found_by_the_cause_of_their_letters(world: LedgerWorld) -> None:
    one = await dead_runs(world, 1, 2, 3, reason="ValueError: one")
    await dead_runs(world, 4, reason="KeyError: two")
    assert await world.letters.groups(EVERYTHING)
    mark = mark_of("ValueError: one")
    for fingerprint in (mark, mark.partition("@")[0]):
        assert await all_pages(world, EventFilter(state=EventState.DEAD, fingerprint=fingerprint)) == newest_first(one)


async def test_only_what_came_after_is_found_of_what_came_after(world: LedgerWorld) -> None:
    ids = await queued(world, await install(world), 1, 2, 3, 4)
    [third] = (await world.search.page(EventFilter(entity_id="3"))).events
    page = await world.search.page(EVERYTHING, after=Seq(third.seq - 1), limit=10)
    assert [event.event_id for event in page.events] == newest_first(ids[2:])
    nothing = await world.search.page(EVERYTHING, after=third.seq, before=third.seq)
    assert (page.before, list(nothing.events), nothing.before) == (None, [], None)


@pytest.mark.parametrize(("since", "until"), [(1, None), (None, 3), (1, 3), (3, 1), (9, None), (None, -9)])
async def test_times_of_receipt_bound_it(world: LedgerWorld, since: int | None, until: int | None) -> None:
    """The events were received at the minutes 0 to 4; the second of them was taken in last, from a spool."""
    world.ids = SystemIds()
    live, start = await install(world), world.now() - timedelta(minutes=4)
    given = [replace(delivery(world, live, order(n)), received_at=start + timedelta(minutes=n)) for n in range(5)]
    for one in (*given[:1], *given[2:], given[1]):
        assert await world.inbox.accept(one) is Receipt.ACCEPTED
    moment = {n: start + timedelta(minutes=n) for n in range(-9, 10)}
    wanted = EventFilter(
        since=moment[since] if since is not None else None, until=moment[until] if until is not None else None
    )
    expected = [
        given[n].event_id for n in (1, 4, 3, 2, 0) if (since is None or n >= since) and (until is None or n < until)
    ]
    assert await all_pages(world, wanted) == expected


async def test_a_story_tells_what_stands_in_the_same_lane(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 7, 7, 7, 8, 7, 7, 7)
    lane = [*ids[:3], *ids[4:]]
    await queued(world, await install(world, OTHER_STORE), 7)
    told = await story(world, lane[2])
    assert [event.event_id for event in told.earlier] == [lane[1], lane[0]]
    assert [event.event_id for event in told.later] == lane[3:6]
    assert [event.event_id for event in told.blockers] == lane[:2]
    near = await world.search.story(lane[2], neighbours=1)
    assert near is not None
    assert [len(part) for part in (near.earlier, near.later, near.blockers)] == [1, 1, 1]
    await through_the_mirror(world, lane[:3])
    assert list((await story(world, lane[2])).blockers) == []
    assert [event.event_id for event in (await story(world, lane[3])).blockers] == []


async def test_a_story_tells_what_came_of_an_event_and_what_it_came_of(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 7)
    await through_the_mirror(world, ids, derived=[()])
    copy = world.ids.event_id()
    assert await world.desk.replay(ids[0], copy, audit=audit())
    told = await story(world, ids[0])
    [consequence] = told.derived
    assert (consequence.event.topic, consequence.event.origin) == ("payment.paid", Origin.DERIVED)
    assert consequence.body is not None
    assert b'"old"' in consequence.body
    assert [event.event_id for event in told.replays] == [copy]
    assert (told.parent_id, told.parent) == (None, None)
    for event_id in (copy, consequence.event.event_id):
        of_child = await story(world, event_id)
        assert of_child.parent is not None
        assert (of_child.parent_id, of_child.parent.event_id) == (ids[0], ids[0])


async def test_a_story_outlives_the_event_it_came_of(world: LedgerWorld) -> None:
    world.tampered = True
    live = await install(world)
    ids = await queued(world, live, 7)
    copy = world.ids.event_id()
    await world.desk.replay(ids[0], copy, audit=audit())
    await world.hands.remove_event(ids[0])
    told = await story(world, copy)
    assert (told.parent_id, told.parent) == (ids[0], None)


async def test_there_is_no_story_of_what_is_not_there_and_a_short_one_of_what_nobody_could_read(
    world: LedgerWorld,
) -> None:
    live = await install(world)
    unread = dead_on_arrival(world, live)
    await world.inbox.accept(unread)
    assert await world.search.story(world.ids.event_id()) is None
    assert await story(world, unread.event_id) == EventStory()
