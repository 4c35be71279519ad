"""Batches: lanes in order, nothing handled twice, everything or nothing."""

import asyncio
import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from core.domain.event_states import EventState, Origin
from core.domain.events import BatchResult, ClaimedEvent, DerivedEvent, SettledEvent, Settlement, WorkItem, WorkKind
from core.domain.mirror import MirrorRow
from core.errors import Conflict, Unavailable
from core.ids import Entity, EntityKind, EventId
from core.ports.event_ledger import EventBatch
from tests.integration.postgres_ledger.shop import OTHER_STORE, STORE, Shop, eventually, order
from tests.servers import Database, Postgres

VERSION = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def ids_of(batch: EventBatch) -> list[EventId]:
    return [event.event_id for event in batch.events]


def done(*ids: EventId) -> BatchResult:
    return BatchResult([SettledEvent(event_id) for event_id in ids])


def row(entity: Entity, body: bytes = b"{}") -> MirrorRow:
    return MirrorRow(entity, VERSION, {"status": "new"}, {"status": "new"}, body)


async def test_a_batch_takes_the_whole_lanes_of_its_ids_in_arrival_order(shop: Shop) -> None:
    a1, b1, a2, a3, c1 = await shop.deliver(order("a"), order("b"), order("a"), order("a"), order("c"))
    async with shop.events.open_batch([a2, c1], limit=10) as batch:
        assert ids_of(batch) == [a1, a2, a3, c1]
    async with shop.events.open_batch([a3, b1], limit=2) as batch:
        assert ids_of(batch) == [a1, b1]


async def test_a_held_lane_is_closed_to_others_and_nobody_waits(shop: Shop) -> None:
    a1, a2, b1 = await shop.deliver(order("a"), order("a"), order("b"))
    async with shop.events.open_batch([a1], limit=1) as first:
        assert ids_of(first) == [a1]
        async with shop.events.open_batch([a1, a2, b1], limit=10) as second:
            assert ids_of(second) == [b1]
        await first.commit(done(a1))
    async with shop.events.open_batch([a2], limit=10) as third:
        assert ids_of(third) == [a2]


async def test_what_waits_blocks_its_lane_and_only_that(shop: Shop) -> None:
    a1, _a2, b1 = await shop.deliver(order("a"), order("a"), order("b"))
    async with shop.events.open_batch([a1], limit=1) as batch:
        [event] = batch.events
    await shop.events.put_off(event, Settlement(EventState.WAITING, due_at=datetime.now(UTC) + timedelta(hours=1)))
    async with shop.events.open_batch([_a2, b1], limit=10) as batch:
        assert ids_of(batch) == [b1]
    items = [WorkItem(WorkKind.EVENT, str(event_id), STORE) for event_id in (a1, _a2, b1)]
    assert list(await shop.events.claimable(items)) == [items[2]]
    assert list(await shop.events.backlog(limit=10)) == [items[2]]


async def test_nothing_of_a_dead_install_comes(shop: Shop) -> None:
    a1, b1 = await shop.deliver(order("a"), order("b"))
    [c1] = await shop.deliver(order("c"), store_id=OTHER_STORE)
    shop.end_install()
    async with shop.events.open_batch([a1, b1, c1], limit=10) as batch:
        assert ids_of(batch) == [c1]
    assert [item.store_id for item in await shop.events.backlog(limit=10)] == [OTHER_STORE]


async def test_an_install_cannot_end_under_an_open_batch(shop: Shop, database: Database) -> None:
    """Else the runs it opens would be queued for ever."""
    [a1] = await shop.deliver(order("a"))
    with psycopg.connect(database.owner_dsn) as ending:
        async with shop.events.open_batch([a1], limit=1) as batch:
            ending.execute("SET lock_timeout = '50ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                ending.execute("UPDATE stores SET state = 'uninstalled' WHERE store_id = %s", [STORE])
            ending.rollback()
            await batch.commit(BatchResult([SettledEvent(a1, ("h",))]))
        ending.execute("UPDATE stores SET state = 'uninstalled' WHERE store_id = %s", [STORE])
        async with shop.events.open_batch([a1], limit=1) as batch:
            assert not batch.events


async def test_an_event_with_a_lower_number_that_commits_late_is_taken_next(shop: Shop, database: Database) -> None:
    [a1] = await shop.deliver(order("a"))
    first = await shop.value("SELECT seq FROM events")
    assert isinstance(first, int)
    with psycopg.connect(database.owner_dsn) as slow:
        late = shop.insert_late(slow, first - 1, order("a"))
        async with shop.events.open_batch([a1], limit=10) as batch:
            assert ids_of(batch) == [a1]
            slow.commit()
            async with shop.events.open_batch([late], limit=10) as other:
                assert ids_of(other) == [late]
            await batch.commit(done(a1))
    async with shop.events.open_batch([late], limit=10) as batch:
        await batch.commit(done(*ids_of(batch)))
    assert await shop.state(late) is EventState.DONE
    await shop.assert_balanced()


async def test_a_row_that_appears_meanwhile_is_a_conflict_and_nothing_is_kept(shop: Shop, database: Database) -> None:
    [a1] = await shop.deliver(order("a"))
    first = await shop.value("SELECT seq FROM events")
    assert isinstance(first, int)
    with psycopg.connect(database.owner_dsn) as slow:
        async with shop.events.open_batch([a1], limit=1) as winner:
            late = shop.insert_late(slow, first - 1, order("a"))
            slow.commit()
            async with shop.events.open_batch([late], limit=1) as loser:
                wanted = [(STORE, order("a"))]
                assert not await winner.rows(wanted)
                assert not await loser.rows(wanted)
                await winner.commit(replace(done(a1), inserts=[(STORE, row(order("a"), b"first"))]))
                with pytest.raises(Conflict):
                    await loser.commit(replace(done(late), inserts=[(STORE, row(order("a"), b"second"))]))
    assert await shop.state(late) is EventState.QUEUED
    assert await shop.value("SELECT body FROM mirror_orders") == b"first"


async def test_a_mirror_row_is_read_by_one_batch_at_a_time(shop: Shop, database: Database) -> None:
    """Two batches may meet at one entity when an event with a lower number commits late."""
    [a1] = await shop.deliver(order("a"))
    wanted = [(STORE, order("a"))]
    async with shop.events.open_batch([a1], limit=1) as batch:
        await batch.commit(replace(done(a1), inserts=[(STORE, row(order("a"), b"1"))]))
    [a2] = await shop.deliver(order("a"))
    with psycopg.connect(database.owner_dsn, autocommit=True) as slow:
        async with shop.events.open_batch([a2], limit=1) as first:
            assert (await first.rows(wanted))[wanted[0]].body == b"1"
            late = shop.insert_late(slow, 0, order("a"))
            async with shop.events.open_batch([late], limit=1) as second:
                reading = asyncio.ensure_future(second.rows(wanted))
                await eventually(lambda: _somebody_waits_for_a_lock(shop))
                await first.commit(replace(done(a2), updates=[(STORE, row(order("a"), b"2"))]))
                assert (await reading)[wanted[0]].body == b"2"


async def _somebody_waits_for_a_lock(shop: Shop) -> bool:
    return bool(await shop.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_a_batch_left_without_commit_gives_all_back(shop: Shop) -> None:
    [a1] = await shop.deliver(order("a"))
    async with shop.events.open_batch([a1], limit=1) as batch:
        await batch.rows([(STORE, order("a"))])
    async with shop.events.open_batch([a1], limit=1) as batch:
        assert ids_of(batch) == [a1]
        assert batch.events[0].attempts == 0


async def test_errors_of_the_batchs_owner_are_not_called_unavailable(shop: Shop) -> None:
    [a1] = await shop.deliver(order("a"))
    with pytest.raises(TimeoutError):
        async with shop.events.open_batch([a1], limit=1):
            raise TimeoutError


async def test_mirror_rows_come_back_as_they_were_written(shop: Shop) -> None:
    at = datetime(2026, 3, 4, tzinfo=UTC)
    rows = [
        MirrorRow(
            order(1),
            VERSION,
            {"status": "new", "payment_status": None},
            {
                "code": "A1",
                "status": "new",
                "payment_status": None,
                "total": Decimal("12.5"),
                "currency": "SAR",
                "customer_id": "7",
                "created_at": at,
            },
            '{"name": "طلب"}'.encode(),
        ),
        MirrorRow(
            Entity(EntityKind.PRODUCT, "p"),
            None,
            {"quantity": "infinite"},
            {
                "name_ar": "قميص",
                "name_en": None,
                "sku": "s",
                "price": Decimal(100),
                "sale_price": Decimal("79.5"),
                "currency": None,
                "quantity": None,
                "is_infinite": True,
                "is_published": False,
                "category_ids": "12,15",
                "created_at": at,
            },
            b"{}",
        ),
        MirrorRow(Entity(EntityKind.CART, "c"), VERSION, deleted=True),
    ]
    wanted = [(STORE, row.entity) for row in rows]
    [a1] = await shop.deliver(order("a"))
    async with shop.events.open_batch([a1], limit=1) as batch:
        await batch.commit(replace(done(a1), inserts=[(STORE, row) for row in rows]))
    [a2] = await shop.deliver(order("a"))
    changed = replace(rows[0], facts={"status": "ready"}, body=b"{2}")
    async with shop.events.open_batch([a2], limit=1) as batch:
        assert await batch.rows(wanted) == dict(zip(wanted, rows, strict=True))
        assert await batch.rows([(OTHER_STORE, rows[0].entity)]) == {}
        await batch.commit(replace(done(a2), updates=[(STORE, changed)]))
    async with shop.events.open_batch([a2], limit=1) as batch:
        assert (await batch.rows(wanted))[wanted[0]] == changed
    assert await shop.reader.mirror_counts(STORE) == {EntityKind.ORDER: 1, EntityKind.PRODUCT: 1}


async def test_derived_events_enter_counted_numbered_in_order_and_with_their_runs(shop: Shop) -> None:
    [a1] = await shop.deliver(order("a"))
    names = [("courier",), (), ("courier", "mail")]
    async with shop.events.open_batch([a1], limit=1) as batch:
        [parent] = batch.events
        derived = [
            DerivedEvent(EventId(uuid7()), parent, "order.status_changed", parent.entity, {"old": str(n)}, handlers)
            for n, handlers in enumerate(names)
        ]
        runs = await batch.commit(BatchResult([SettledEvent(a1, ("courier",), stale=True)], derived=derived))
    assert len(runs) == 4
    states = [await shop.state(event.event_id) for event in derived]
    assert states == [EventState.RUNNING, EventState.DONE, EventState.RUNNING]
    found = [await shop.reader.event(event.event_id) for event in derived]
    assert [detail.body for detail in found if detail] == [b'{"old":"0"}', b'{"old":"1"}', b'{"old":"2"}']
    assert [detail.summary.seq for detail in found if detail] == sorted(d.summary.seq for d in found if d)
    source = await shop.reader.event(a1)
    assert source is not None
    assert (source.summary.state, source.summary.stale) == (EventState.RUNNING, True)
    ledger = await shop.reader.books()
    assert (ledger.of(Origin.DERIVED).received, ledger.balanced) == (3, True)
    await shop.assert_balanced()


async def test_put_off_counts_the_attempt_and_does_nothing_to_what_is_settled(shop: Shop) -> None:
    [a1] = await shop.deliver(order("a"))
    async with shop.events.open_batch([a1], limit=1) as batch:
        [event] = batch.events
    await shop.events.put_off(event, Settlement(EventState.DEAD, reason="bad\0body"))
    await shop.events.put_off(event, Settlement(EventState.WAITING, due_at=datetime.now(UTC)))
    detail = await shop.reader.event(a1)
    assert detail is not None
    assert (detail.summary.state, detail.summary.reason) == (EventState.DEAD, "bad\ufffdbody")
    assert (detail.summary.attempts, detail.summary.settled_at is not None) == (1, True)


async def test_eight_consumers_handle_every_event_once_and_each_lane_in_order(shop: Shop) -> None:
    chance = random.Random(7)
    entities = [order(chance.randrange(25)) for _ in range(400)]
    await shop.deliver_many([shop.delivery(entity) for entity in entities])
    handled: defaultdict[Entity, list[ClaimedEvent]] = defaultdict(list)
    every_id = [item.id for item in await _all_items(shop)]

    async def consume(number: int) -> None:
        own = random.Random(number)
        while any(await _all_items(shop)):
            ids = [EventId(UUID(text)) for text in own.sample(every_id, 10)]
            await _apply(shop, ids, own.randint(1, 30), handled)

    await asyncio.gather(*map(consume, range(8)))
    assert sum(map(len, handled.values())) == 400
    for events in handled.values():
        assert [event.seq for event in events] == sorted(event.seq for event in events)
    assert await shop.value("SELECT sum(total) FROM mirror_orders") == 400
    await shop.assert_balanced()


async def _all_items(shop: Shop) -> list[WorkItem]:
    async with shop.pool.acquire() as connection:
        rows = await connection.fetch("SELECT event_id FROM events WHERE state = 'queued'")
    return [WorkItem(WorkKind.EVENT, str(found["event_id"]), STORE) for found in rows]


async def _apply(shop: Shop, ids: list[EventId], limit: int, handled: defaultdict[Entity, list[ClaimedEvent]]) -> None:
    """Counts each order's events in its mirror row, as a handler that must run exactly once would."""
    async with shop.events.open_batch(ids, limit=limit) as batch:
        if not batch.events:
            return
        known = await batch.rows(sorted({(event.store_id, event.entity) for event in batch.events}))
        totals = {key: int(str(found.columns["total"])) for key, found in known.items()}
        for event in batch.events:
            key = (event.store_id, event.entity)
            totals[key] = totals.get(key, 0) + 1
        rows = {key: replace(row(key[1]), columns={"total": Decimal(total)}) for key, total in totals.items()}
        await batch.commit(
            BatchResult(
                [SettledEvent(event.event_id) for event in batch.events],
                inserts=[(key[0], new) for key, new in rows.items() if key not in known],
                updates=[(key[0], new) for key, new in rows.items() if key in known],
            )
        )
        for event in batch.events:
            handled[event.entity].append(event)


async def test_a_cut_connection_loses_the_batch_and_nothing_else(
    shop: Shop, database: Database, postgres_server: Postgres
) -> None:
    [a1] = await shop.deliver(order("a"))
    async with shop.events.open_batch([a1], limit=1) as batch:
        with psycopg.connect(postgres_server.admin_url, autocommit=True) as admin:
            cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND usename = %s"
            admin.execute(cut, [database.name, "wasl_app"])
        with pytest.raises(Unavailable):
            await batch.commit(done(a1))
    await eventually(lambda: _is_free(shop, a1))


async def _is_free(shop: Shop, event_id: EventId) -> bool:
    async with shop.events.open_batch([event_id], limit=1) as batch:
        return bool(batch.events)


async def test_backlog_is_bounded_per_store_and_in_arrival_order(shop: Shop) -> None:
    mine = await shop.deliver(*(order(n) for n in range(5)))
    theirs = await shop.deliver(*(order(n) for n in range(2)), store_id=OTHER_STORE)
    async with shop.events.open_batch([mine[0]], limit=1) as batch:
        [run] = await batch.commit(BatchResult([SettledEvent(mine[0], ("h",))]))
    expected = [run, *(WorkItem(WorkKind.EVENT, str(event_id), STORE) for event_id in mine[1:3])]
    others = [WorkItem(WorkKind.EVENT, str(event_id), OTHER_STORE) for event_id in theirs]
    assert list(await shop.events.backlog(limit=3)) == [*expected, *others]
    assert list(await shop.events.backlog(STORE, limit=3)) == expected
