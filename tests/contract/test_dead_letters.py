"""What looking at dead letters promises."""

from dataclasses import replace
from datetime import timedelta

from core.domain.event_states import EventState, Origin
from core.domain.events import Settlement
from core.ids import EventId
from core.ports.dead_letters import DeadCount
from core.ports.ledger_reading import EventFilter
from tests.contract.dead_scenes import REDRIVE, dead_runs, mark_of, opened
from tests.contract.scenes import (
    EVERYTHING,
    audit,
    dead_on_arrival,
    detail,
    install,
    queued,
    through_the_mirror,
)
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


async def dead_before_the_mirror(world: LedgerWorld, *orders: int, reason: str) -> list[EventId]:
    live = await world.installations.current(STORE) or await install(world)
    ids = await queued(world, live, *orders)
    async with world.events.open_batch(ids, limit=len(ids)) as batch:
        events = list(batch.events)
    for event in events:
        await world.events.put_off(event, Settlement(EventState.DEAD, reason=reason))
    return ids


async def test_what_died_of_one_cause_is_one_group(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2, reason="KeyError: 'a1'")
    await dead_runs(world, 3, reason="KeyError: 'b2'")
    last = await dead_runs(world, 4, reason="HTTPError: 502 from courier")
    groups = {group.handler + str(group.count): group for group in await world.letters.groups(EVERYTHING)}
    first, other = groups["shop.bill3"], groups["shop.bill1"]
    assert (first.fingerprint, first.handler, first.count) == (mark_of("KeyError: 'x'"), "shop.bill", 3)
    assert (other.fingerprint, other.count) == (mark_of("HTTPError: 503 from courier"), 1)
    assert (other.topics, other.stores, other.some_stores) == (["order.create"], 1, [STORE])
    assert other.sample.event_id == last[0]
    assert other.sample.reason == "HTTPError: 502 from courier"
    assert (first.last_hour, first.first_at <= first.last_at <= world.now()) == (3, True)


async def test_each_dead_handler_of_an_event_is_a_letter_of_its_own(world: LedgerWorld) -> None:
    await dead_runs(world, 1, handlers=("shop.bill", "shop.mail"))
    assert sorted(group.handler for group in await world.letters.groups(EVERYTHING)) == ["shop.bill", "shop.mail"]
    assert await world.letters.count(EVERYTHING) == DeadCount(letters=2, events=1, able=2, marked=0)
    assert await world.letters.count(EventFilter(handler="shop.mail")) == DeadCount(1, 1, 1, 0)


async def test_what_died_before_its_handlers_has_none(world: LedgerWorld) -> None:
    ids = await dead_before_the_mirror(world, 1, reason="ValueError: bad date")
    [group] = await world.letters.groups(EVERYTHING)
    assert (group.handler, group.fingerprint) == ("", mark_of("ValueError: bad date", handler=""))
    assert group.sample.event_id == ids[0]
    assert (await world.letters.count(EventFilter(handler=""))).letters == 1
    assert (await world.letters.count(EventFilter(handler="shop.bill"))).letters == 0


async def test_a_run_keeps_the_fingerprint_it_was_settled_with(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    items = await through_the_mirror(world, [event_id], "shop.bill")
    [run] = await world.runs.claim([int(item.id) for item in items], await world.workers.join("consumer"))
    async with world.runs.open(run) as scope:
        await scope.settle(Settlement(EventState.DEAD, reason="x", fingerprint="0123456789@0.9"))
    [group] = await world.letters.groups(EVERYTHING)
    assert group.fingerprint == "0123456789@0.9"


async def test_letters_without_a_fingerprint_are_stamped_a_bounded_number_at_once(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2, 3)
    assert await world.letters.stamp(limit=2) == 2
    assert await world.letters.stamp(limit=2) == 1
    assert await world.letters.stamp(limit=2) == 0


async def test_groups_and_counts_are_filtered(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2, reason="KeyError: 'a'")
    await dead_runs(world, 3, reason="ValueError: b")
    mark = mark_of("KeyError: 'a'")
    for wanted, letters in (
        (EventFilter(fingerprint=mark), 2),
        (EventFilter(fingerprint=mark.partition("@")[0]), 2),
        (EventFilter(fingerprint=mark.partition("@")[0] + "@2.0"), 0),
        (EventFilter(store_id=STORE), 3),
        (EventFilter(store_id=OTHER_STORE), 0),
        (EventFilter(topic="order.create", entity_id="3"), 1),
        (EventFilter(topic="product.create"), 0),
        (EventFilter(origin=Origin.ZID), 3),
        (EventFilter(origin=Origin.REPLAY), 0),
        (EventFilter(since=world.now() + timedelta(hours=1)), 0),
        (EventFilter(since=world.now() - timedelta(hours=1), state=EventState.DONE), 3),
    ):
        assert (await world.letters.count(wanted)).letters == letters, wanted
        assert sum(group.count for group in await world.letters.groups(wanted)) == letters, wanted


async def test_events_are_listed_by_their_letters(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, reason="KeyError: 'a'", handlers=("shop.bill", "shop.mail"))
    others = await dead_before_the_mirror(world, 2, reason="ValueError: b")
    await world.letters.groups(EVERYTHING)

    async def listed(**wanted: str) -> list[EventId]:
        return [event.event_id for event in await world.reader.events(EventFilter(**wanted))]

    assert await listed(fingerprint=mark_of("KeyError: 'a'", "shop.mail")) == ids
    assert await listed(handler="shop.mail") == ids
    assert await listed(handler="") == others
    assert await listed(handler="", fingerprint=mark_of("ValueError: b", "").partition("@")[0]) == others
    assert await listed(handler="shop.mail", fingerprint=mark_of("KeyError: 'a'", "shop.bill")) == []


async def test_counts_say_what_nothing_can_handle(world: LedgerWorld) -> None:
    live = await install(world)
    await world.inbox.accept(dead_on_arrival(world, live))
    await dead_runs(world, 1, 2)
    assert await world.letters.count(EVERYTHING) == DeadCount(letters=3, events=3, able=2, marked=0)
    await opened(world, replace(REDRIVE, wanted=EventFilter(entity_id="1")))
    assert (await world.letters.count(EVERYTHING)).marked == 1
    await world.installations.end(live.install_id, audit=audit())
    assert (await world.letters.count(EVERYTHING)).able == 0


async def test_counts_of_named_events_are_theirs_alone(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2, 3)
    assert (await world.letters.count(EVERYTHING, [*ids[:2], world.ids.event_id()])).letters == 2


async def test_growth_counts_dead_events(world: LedgerWorld) -> None:
    await dead_runs(world, 1, 2, handlers=("shop.bill", "shop.mail"))
    await dead_before_the_mirror(world, 3, reason="ValueError: b")
    growth = await world.letters.growth()
    assert (growth.total, growth.last_hour) == (3, 3)


async def test_a_redriven_letter_is_none_any_more(world: LedgerWorld) -> None:
    ids = await dead_runs(world, 1, 2)
    await world.desk.redrive(EVERYTHING, ids[:1], audit=audit())
    assert (await world.letters.count(EVERYTHING)).letters == 1
    assert (await detail(world, ids[0])).summary.state is EventState.RUNNING
