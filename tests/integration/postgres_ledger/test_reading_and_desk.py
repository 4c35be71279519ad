"""The books and what makes them differ; and what a person may do to events."""

import asyncio
from datetime import timedelta

import psycopg
from uuid_utils.compat import uuid7

from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Origin
from core.domain.events import BatchResult, SettledEvent, Settlement, WorkItem, WorkKind
from core.ids import EventId, StoreId
from core.ports.ledger_reading import EventFilter
from tests.integration.postgres_ledger.shop import OTHER_STORE, STORE, Shop, dead, order
from tests.servers import Database

ALL = EventFilter()
AUDIT = AuditEntry("events.redriven", STORE, actor="tester")


async def _dead_event(shop: Shop, number: int = 1) -> EventId:
    [event_id] = await shop.deliver(order(number))
    async with shop.events.open_batch([event_id], limit=1) as batch:
        [event] = batch.events
    await shop.events.put_off(event, Settlement(EventState.DEAD, reason="no sense"))
    return event_id


async def test_a_row_deleted_by_hand_is_named(shop: Shop) -> None:
    ids = await shop.deliver(*(order(n) for n in range(5)))
    shop.owner.execute("DELETE FROM events WHERE event_id = ANY (%s)", [ids[1:3]])
    ledger = await shop.reader.books()
    assert (ledger.balanced, ledger.of(Origin.ZID).difference) == (False, 2)
    assert {d.event_id for d in await shop.reader.differences()} == set(ids[1:3])
    assert (await shop.reader.books(OTHER_STORE)).balanced
    assert not (await shop.reader.books(STORE)).balanced


async def test_a_row_inserted_by_hand_is_named_even_beside_a_vanished_one(shop: Shop) -> None:
    ids = await shop.deliver(order(1), order(2), order(3))
    added, added_too = EventId(uuid7()), EventId(uuid7())
    for event_id in (added, added_too):
        shop.owner.execute(
            "INSERT INTO events (event_id, store_id, install_id, origin, topic, state, received_at, size)"
            " VALUES (%s, %s, 1001, 'zid', 'x', 'done', now(), 0)",
            [event_id, STORE],
        )
    shop.owner.execute("DELETE FROM events WHERE event_id = %s", [ids[0]])
    differences = await shop.reader.differences()
    assert {d.event_id for d in differences} == {ids[0], added, added_too}
    assert len(await shop.reader.differences(limit=1)) == 1


async def test_a_vanished_row_whose_key_is_forgotten_is_still_counted(shop: Shop) -> None:
    ids = await shop.deliver(order(1), order(2))
    shop.owner.execute("DELETE FROM events WHERE event_id = %s", [ids[0]])
    shop.owner.execute("DELETE FROM dedupe")
    [difference] = await shop.reader.differences()
    assert (difference.event_id, difference.store_id) == (None, STORE)
    assert "1 more missing" in difference.problem


async def test_the_books_balance_at_every_moment(shop: Shop) -> None:
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            assert (await shop.reader.books()).balanced

    watching = [asyncio.create_task(watch()) for _ in range(2)]
    for _ in range(10):
        deliveries = [shop.delivery(order(n)) for n in range(20)]
        await shop.deliver_many(deliveries)
        async with shop.events.open_batch([d.event_id for d in deliveries], limit=50) as batch:
            await batch.commit(BatchResult([SettledEvent(event.event_id) for event in batch.events]))
    done.set()
    await asyncio.gather(*watching)


async def test_lists_filter_by_each_field_and_page_backwards(shop: Shop) -> None:
    ids = await shop.deliver(*(order(n) for n in range(5)))
    [other] = await shop.deliver(order(1), store_id=OTHER_STORE)
    newest = await shop.reader.events(EventFilter(store_id=STORE), limit=2)
    assert [found.event_id for found in newest] == ids[:2:-1]
    following = await shop.reader.events(EventFilter(store_id=STORE), before=newest[-1].seq, limit=10)
    assert [found.event_id for found in following] == ids[2::-1]
    assert {e.event_id for e in await shop.reader.events(EventFilter(entity_id="1"))} == {ids[1], other}
    assert len(await shop.reader.events(EventFilter(topic="order.create", state=EventState.QUEUED))) == 6
    soon = newest[0].received_at + timedelta(hours=1)
    assert not await shop.reader.events(EventFilter(since=soon))
    assert await shop.desk.count(EventFilter(origin=Origin.ZID, store_id=STORE)) == 5
    assert await shop.reader.event(EventId(uuid7())) is None


async def test_redriving_what_died_before_the_mirror_queues_it_afresh(shop: Shop) -> None:
    event_id = await _dead_event(shop)
    assert list(await shop.desk.redrive(ALL, [event_id], audit=AUDIT)) == [
        WorkItem(WorkKind.EVENT, str(event_id), STORE)
    ]
    detail = await shop.reader.event(event_id)
    assert detail is not None
    assert (detail.summary.state, detail.summary.attempts, detail.summary.reason) == (EventState.QUEUED, 0, None)
    async with shop.events.open_batch([event_id], limit=1) as batch:
        assert len(batch.events) == 1


async def test_redriving_what_died_in_its_handlers_queues_only_the_dead_runs(shop: Shop) -> None:
    worker = await shop.workers.join("consumer")
    runs = await shop.claim(await shop.open_runs(order("a"), "x", "y", "z"), worker)
    for run, state in zip(runs, (EventState.DEAD, EventState.DONE, EventState.DEAD), strict=True):
        async with shop.runs.open(run) as scope:
            await scope.settle(Settlement(state, reason="because"))
    event_id = runs[0].event.event_id
    assert await shop.state(event_id) is EventState.DEAD
    items = await shop.desk.redrive(EventFilter(store_id=STORE), [], audit=AUDIT)
    assert {item.id for item in items} == {str(runs[0].run_id), str(runs[2].run_id)}
    assert await shop.state(event_id) is EventState.RUNNING
    again = await shop.claim(items, worker)
    assert [run.attempt for run in again] == [1, 1]
    for run in again:
        async with shop.runs.open(run) as scope:
            await scope.settle(Settlement(EventState.CANCELLED))
    assert await shop.state(event_id) is EventState.DONE
    await shop.assert_balanced()


async def test_what_nobody_can_read_or_whose_install_is_over_stays_dead(shop: Shop) -> None:
    unreadable = dead(shop.delivery(), "not JSON")
    await shop.inbox.accept(unreadable)
    event_id = await _dead_event(shop)
    shop.end_install()
    assert await shop.desk.redrive(ALL, [], audit=AUDIT) == []
    assert await shop.state(event_id) is EventState.DEAD
    assert await shop.desk.replay(event_id, EventId(uuid7()), audit=AUDIT) is None


async def test_discarding_cancels_the_event_and_its_dead_runs(shop: Shop) -> None:
    worker = await shop.workers.join("consumer")
    [run] = await shop.claim(await shop.open_runs(order("a"), "x"), worker)
    async with shop.runs.open(run) as scope:
        await scope.settle(Settlement(EventState.DEAD, reason="because"))
    await _dead_event(shop, 2)
    filtered = EventFilter(entity_id="a")
    assert await shop.desk.discard(filtered, [], reason="a test", audit=AUDIT) == 1
    detail = await shop.reader.event(run.event.event_id)
    assert detail is not None
    assert (detail.summary.state, detail.summary.reason) == (EventState.CANCELLED, "a test")
    assert [found.state for found in detail.runs] == [EventState.CANCELLED]
    assert await shop.desk.count(EventFilter(state=EventState.DEAD)) == 1
    await shop.assert_balanced()


async def test_a_replay_is_a_new_counted_event(shop: Shop) -> None:
    [event_id] = await shop.deliver(order("a"))
    new_id = EventId(uuid7())
    item = WorkItem(WorkKind.EVENT, str(new_id), STORE)
    assert await shop.desk.replay(event_id, new_id, audit=AUDIT) == item
    assert await shop.desk.replay(EventId(uuid7()), EventId(uuid7()), audit=AUDIT) is None
    old, new = await shop.reader.event(event_id), await shop.reader.event(new_id)
    assert old is not None
    assert new is not None
    assert (new.body, new.summary.origin, new.summary.state) == (old.body, Origin.REPLAY, EventState.QUEUED)
    ledger = await shop.reader.books()
    assert (ledger.of(Origin.REPLAY).received, ledger.of(Origin.ZID).received) == (1, 1)
    assert await shop.value("SELECT array_agg(action) FROM audit") == ["events.redriven"]
    await shop.assert_balanced()


async def test_an_action_that_fails_leaves_no_audit(shop: Shop, database: Database) -> None:
    """Both are one transaction: here the audit entry cannot be written."""
    event_id = await _dead_event(shop)
    shop.owner.execute("ALTER TABLE audit ADD CHECK (actor <> 'tester')")
    failed = await asyncio.gather(shop.desk.redrive(ALL, [event_id], audit=AUDIT), return_exceptions=True)
    assert isinstance(failed[0], Exception)
    assert await shop.state(event_id) is EventState.DEAD
    with psycopg.connect(database.owner_dsn) as owner:
        assert owner.execute("SELECT count(*) FROM audit").fetchone() == (0,)


async def test_counting_is_exact_per_store(shop: Shop) -> None:
    await shop.deliver(*(order(n) for n in range(7)))
    assert await shop.desk.count(ALL) == 7
    assert await shop.desk.count(EventFilter(store_id=StoreId(5))) == 0
