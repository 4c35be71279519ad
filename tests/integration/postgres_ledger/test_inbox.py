"""Taking in: shared commits, no delivery harmed by another, each counted once whatever breaks."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from adapters.postgres.inbox import PostgresInbox
from core.domain.event_states import EventState, Origin
from core.domain.events import Receipt
from core.errors import Unavailable
from tests.integration.postgres_ledger.shop import OTHER_STORE, STORE, Shop, dead, eventually, opened, order
from tests.servers import Database, Postgres


async def test_concurrent_callers_share_commits(shop: Shop) -> None:
    deliveries = [shop.delivery(order(n), STORE if n % 2 else OTHER_STORE) for n in range(400)]
    assert set(await shop.deliver_many(deliveries)) == {Receipt.ACCEPTED}
    commits = await shop.value("SELECT count(*) FROM intake WHERE store_id = $1", STORE)
    assert isinstance(commits, int)
    assert commits <= 4
    await shop.assert_balanced()


async def test_arrival_order_is_kept_within_a_commit(shop: Shop) -> None:
    deliveries = [shop.delivery(order(n)) for n in range(100)]
    await shop.deliver_many(deliveries)
    assert [d.event_id for d in deliveries] == await shop.value("SELECT array_agg(event_id ORDER BY seq) FROM events")


async def test_one_of_equal_deliveries_is_accepted_even_in_one_commit(shop: Shop) -> None:
    deliveries = [shop.delivery(order(n), body=b"%d" % n) for n in range(20) for _ in range(5)]
    assert Counter(await shop.deliver_many(deliveries)) == {Receipt.ACCEPTED: 20, Receipt.DUPLICATE: 80}
    books = (await shop.reader.books()).of(Origin.ZID)
    assert (books.received, books.duplicates) == (20, 80)


async def test_two_processes_accept_the_same_deliveries_once(shop: Shop, database: Database) -> None:
    deliveries = [shop.delivery(order(n)) for n in range(300)]
    again = [replace(d, event_id=shop.delivery().event_id) for d in reversed(deliveries)]
    other = PostgresInbox(shop.pool, max_rows=37)
    receipts = await asyncio.gather(*map(shop.inbox.accept, deliveries), *map(other.accept, again))
    await other.aclose()
    assert Counter(receipts) == {Receipt.ACCEPTED: 300, Receipt.DUPLICATE: 300}
    await shop.assert_balanced()


async def test_a_row_that_cannot_be_stored_is_kept_as_dead_and_harms_nobody(shop: Shop) -> None:
    poison = [
        shop.delivery(order("1\0"), body=b'{"id": "1\\u0000"}'),
        replace(shop.delivery(), topic="order.\0create"),
        shop.delivery(order("\ud800")),
    ]
    receipts = await shop.deliver_many([*poison, *(shop.delivery(order(n)) for n in range(30))])
    assert set(receipts) == {Receipt.ACCEPTED}
    for delivery in poison:
        detail = await shop.reader.event(delivery.event_id)
        assert detail is not None
        assert (detail.summary.state, detail.body) == (EventState.DEAD, delivery.body)
        assert "cannot be stored as text" in (detail.summary.reason or "")
    await shop.assert_balanced()


async def test_a_row_that_nothing_can_store_is_refused_alone(shop: Shop) -> None:
    impossible = replace(shop.delivery(), store_id=2**80)
    results = await asyncio.gather(shop.inbox.accept(impossible), *shop_deliveries(shop, 5), return_exceptions=True)
    assert type(results[0]).__name__ == "Unreadable"
    assert results[1:] == [Receipt.ACCEPTED] * 5


def shop_deliveries(shop: Shop, many: int) -> list[asyncio.Task[Receipt]]:
    return [asyncio.ensure_future(shop.inbox.accept(shop.delivery(order(n)))) for n in range(many)]


async def test_a_dead_installs_delivery_is_cancelled_without_its_body(shop: Shop) -> None:
    shop.end_install()
    given = shop.delivery()
    assert await shop.inbox.accept(given) is Receipt.CANCELLED
    assert await shop.inbox.accept(replace(given, event_id=shop.delivery().event_id)) is Receipt.DUPLICATE
    detail = await shop.reader.event(given.event_id)
    assert detail is not None
    assert (detail.summary.state, detail.body, detail.summary.size) == (EventState.CANCELLED, None, len(given.body))
    await shop.assert_balanced()


async def test_an_install_that_ends_at_this_moment_leaves_nothing_queued(shop: Shop, database: Database) -> None:
    with psycopg.connect(database.owner_dsn) as ending:
        ending.execute("UPDATE stores SET state = 'uninstalled' WHERE store_id = %s", [STORE])
        accepting = asyncio.create_task(shop.inbox.accept(shop.delivery()))
        await eventually(lambda: _somebody_waits_for_a_lock(shop))
        ending.commit()
    assert await accepting is Receipt.CANCELLED


async def _somebody_waits_for_a_lock(shop: Shop) -> bool:
    return bool(await shop.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_dead_on_arrival_keeps_its_reason_and_body(shop: Shop) -> None:
    given = dead(shop.delivery(body=b"not json"), "not JSON")
    assert await shop.inbox.accept(given) is Receipt.ACCEPTED
    detail = await shop.reader.event(given.event_id)
    assert detail is not None
    assert (detail.summary.state, detail.summary.reason, detail.body) == (EventState.DEAD, "not JSON", b"not json")
    assert detail.summary.settled_at is not None


async def test_an_expired_key_counts_as_absent(shop: Shop) -> None:
    given = replace(shop.delivery(), keep_for=timedelta(0))
    again = replace(given, event_id=shop.delivery().event_id, keep_for=timedelta(days=3))
    assert await shop.inbox.accept(given) is Receipt.ACCEPTED
    assert await shop.inbox.accept(again) is Receipt.ACCEPTED
    assert await shop.inbox.accept(replace(again, event_id=shop.delivery().event_id)) is Receipt.DUPLICATE
    assert (await shop.reader.books()).balanced


async def test_a_second_try_after_a_lost_answer_counts_nothing_twice(shop: Shop) -> None:
    given = shop.delivery()
    assert await shop.inbox.accept(given) is Receipt.ACCEPTED
    assert await shop.inbox.accept(given) is Receipt.ACCEPTED
    books = (await shop.reader.books()).of(Origin.ZID)
    assert (books.received, books.duplicates) == (1, 0)


async def test_a_caller_that_leaves_disturbs_nobody(shop: Shop) -> None:
    callers = [asyncio.create_task(shop.inbox.accept(shop.delivery(order(n)))) for n in range(50)]
    await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert results[1::2] == [Receipt.ACCEPTED] * 25
    await shop.assert_balanced()


async def test_cut_connections_cost_no_delivery(shop: Shop, postgres_server: Postgres) -> None:
    inbox = PostgresInbox(shop.pool, max_rows=5, patience=60)
    deliveries = [shop.delivery(order(n)) for n in range(1000)]
    accepting = [asyncio.create_task(inbox.accept(d)) for d in deliveries]
    with psycopg.connect(postgres_server.admin_url, autocommit=True) as admin:
        cuts = 0
        while not all(task.done() for task in accepting):
            cuts += _cut_all(admin, shop)
            await asyncio.wait(accepting, timeout=0.05)
    assert cuts > 1
    assert {task.result() for task in accepting} == {Receipt.ACCEPTED}
    await eventually(lambda: _answers(shop))
    books = (await shop.reader.books()).of(Origin.ZID)
    assert (books.received, books.duplicates, books.difference) == (1000, 0, 0)


async def _answers(shop: Shop) -> bool:
    """Whether the reading pool has noticed the last cut."""
    try:
        await shop.reader.books()
    except Unavailable:
        return False
    return True


async def test_callers_wait_while_postgres_is_away_and_no_longer_than_their_patience(
    database: Database, postgres_server: Postgres
) -> None:
    async with opened(database, patience=0.3) as shop:
        with psycopg.connect(postgres_server.admin_url, autocommit=True) as admin:
            _close_the_doors(admin, shop, database)
            with pytest.raises(Unavailable):
                await shop.inbox.accept(shop.delivery())
            _open_the_doors(admin, database)
        assert await shop.inbox.accept(shop.delivery()) is Receipt.ACCEPTED


async def test_callers_are_served_when_postgres_comes_back_in_time(
    shop: Shop, database: Database, postgres_server: Postgres
) -> None:
    with psycopg.connect(postgres_server.admin_url, autocommit=True) as admin:
        _close_the_doors(admin, shop, database)
        waiting = [asyncio.create_task(shop.inbox.accept(shop.delivery(order(n)))) for n in range(20)]
        done, _ = await asyncio.wait(waiting, timeout=0.2)
        assert not done
        _open_the_doors(admin, database)
    assert await asyncio.gather(*waiting) == [Receipt.ACCEPTED] * 20


def _close_the_doors(admin: psycopg.Connection[tuple[object, ...]], shop: Shop, database: Database) -> None:
    admin.execute(f'ALTER DATABASE "{database.name}" CONNECTION LIMIT 0'.encode())
    _cut_all(admin, shop)


def _open_the_doors(admin: psycopg.Connection[tuple[object, ...]], database: Database) -> None:
    admin.execute(f'ALTER DATABASE "{database.name}" CONNECTION LIMIT -1'.encode())


def _cut_all(admin: psycopg.Connection[tuple[object, ...]], shop: Shop) -> int:
    cut = admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = 'wasl'",
        [shop.owner.info.dbname],
    )
    return len(cut.fetchall())


async def test_closing_finishes_what_was_handed_in_and_refuses_the_rest(shop: Shop) -> None:
    callers = [asyncio.create_task(shop.inbox.accept(shop.delivery(order(n)))) for n in range(300)]
    await asyncio.sleep(0)
    await shop.inbox.aclose()
    assert await asyncio.gather(*callers) == [Receipt.ACCEPTED] * 300
    with pytest.raises(Unavailable):
        await shop.inbox.accept(shop.delivery())
    await shop.inbox.aclose()
