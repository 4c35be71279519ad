"""What the book of app events and the subscriptions of stores promise."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.app_events import MemoryAppEventBook, MemoryStoreSubscriptions
from adapters.memory.audit_trail import MemoryAuditLog
from adapters.memory.database import MemoryDatabase
from adapters.postgres.app_events import PostgresAppEventBook, PostgresStoreSubscriptions
from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.connection import open_pool
from core.domain.app_events import UNINSTALL, AppEvent, AppEventOutcome, PlanClaim, StoreSubscription
from core.domain.audit import AuditEntry
from core.domain.names import Name
from core.ids import InstallId, StoreId
from core.ports.app_events import AppEventBook, StoreSubscriptions
from core.ports.audit_trail import AuditLog

STORE = StoreId(1001)
AT_ONCE = timedelta(0)
LATER = timedelta(hours=1)
START = datetime(2025, 2, 21, 8, 5, 29, tzinfo=UTC)
PLAN = PlanClaim("active", "904", Name(ar="النمو"), "Paid", START, START + timedelta(days=29))
EVENT = AppEvent(UNINSTALL, "1292", STORE, PLAN, "request-1")
AUDIT = AuditEntry("subscription.changed", STORE)


@dataclass
class Desk:
    book: AppEventBook
    subscriptions: StoreSubscriptions
    log: AuditLog

    async def audited(self) -> int:
        return len(await self.log.page(store_id=STORE))


@pytest.fixture(params=["memory", "postgres"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    if request.param == "memory":
        database = MemoryDatabase()
        yield Desk(MemoryAppEventBook(database), MemoryStoreSubscriptions(database), MemoryAuditLog(database))
        return
    pool = await open_pool(request.getfixturevalue("database").dsn, max_size=8)
    yield Desk(PostgresAppEventBook(pool), PostgresStoreSubscriptions(pool), PostgresAuditLog(pool))
    await pool.close()


async def test_an_event_is_written_down_once_whole_and_without_what_it_was_not_told(desk: Desk) -> None:
    claim = await desk.book.note(EVENT, hold=LATER)
    assert claim is not None
    assert (claim.event, claim.tries, claim.install_id) == (EVENT, 1, None)
    assert await desk.book.note(EVENT, hold=LATER) is None
    [record] = await desk.book.of_store(STORE)
    assert (record.event, record.outcome) == (EVENT, None)


async def test_another_request_period_or_status_is_another_event(desk: Desk) -> None:
    others = [
        replace(EVENT, request_id="request-2"),
        replace(EVENT, plan=replace(PLAN, starts_at=START + timedelta(days=30))),
        replace(EVENT, plan=replace(PLAN, status="suspended")),
        replace(EVENT, store_id=StoreId(1002)),
    ]
    assert all([await desk.book.note(event, hold=LATER) for event in (EVENT, *others)])


async def test_text_that_no_database_takes_is_taken(desk: Desk) -> None:
    odd = AppEvent("a\0b\ud800", "\0", STORE, PlanClaim("\0", "\ud800", Name(ar="\0"), "x\0"), "\0")
    assert await desk.book.note(odd, hold=LATER)
    assert len(await desk.book.of_store(STORE)) == 1


async def test_who_notes_it_holds_it(desk: Desk) -> None:
    await desk.book.note(EVENT, hold=LATER)
    assert await desk.book.claim_due(limit=10, hold=LATER) == []


async def test_what_was_not_decided_in_time_comes_back_to_one_caller(desk: Desk) -> None:
    for number in range(6):
        await desk.book.note(replace(EVENT, request_id=str(number)), hold=AT_ONCE)
    found = await asyncio.gather(*(desk.book.claim_due(limit=2, hold=LATER) for _ in range(8)))
    claims = [claim for some in found for claim in some]
    assert sorted(claim.event.request_id or "" for claim in claims) == [str(number) for number in range(6)]
    assert all(len(some) <= 2 and all(claim.tries == 2 for claim in some) for some in found)


async def test_what_is_looked_at_again_keeps_the_first_install(desk: Desk) -> None:
    claim = await desk.book.note(EVENT, hold=LATER)
    assert claim is not None
    await desk.book.look_again(claim, AT_ONCE, "its tokens still work", InstallId(7))
    [again] = await desk.book.claim_due(limit=10, hold=LATER)
    assert again.install_id == 7
    await desk.book.look_again(again, AT_ONCE, "still", InstallId(8))
    [third] = await desk.book.claim_due(limit=10, hold=LATER)
    assert third.install_id == 7
    [record] = await desk.book.of_store(STORE)
    assert (record.why, record.due_at is not None) == ("still", True)


async def test_what_is_settled_never_comes_back(desk: Desk) -> None:
    claim = await desk.book.note(EVENT, hold=AT_ONCE)
    assert claim is not None
    await desk.book.settle(claim, AppEventOutcome.ENDED)
    await desk.book.look_again(claim, AT_ONCE, "too late", None)
    await desk.book.settle(claim, AppEventOutcome.NOTED)
    assert await desk.book.claim_due(limit=10, hold=LATER) == []
    assert await desk.book.note(EVENT, hold=LATER) is None
    [record] = await desk.book.of_store(STORE)
    assert (record.outcome, record.due_at, record.why) == (AppEventOutcome.ENDED, None, None)


async def test_newest_are_listed_first_up_to_the_limit(desk: Desk) -> None:
    for number in range(4):
        await desk.book.note(replace(EVENT, request_id=str(number)), hold=LATER)
    assert [record.event.request_id for record in await desk.book.of_store(STORE, limit=2)] == ["3", "2"]
    assert await desk.book.of_store(StoreId(5)) == []


async def test_only_what_is_decided_long_ago_is_forgotten(desk: Desk) -> None:
    claim = await desk.book.note(EVENT, hold=LATER)
    assert claim is not None
    await desk.book.note(replace(EVENT, request_id="open"), hold=LATER)
    await desk.book.settle(claim, AppEventOutcome.NOTED)
    assert await desk.book.forget(older_than=timedelta(days=90)) == 0
    assert await desk.book.forget(older_than=timedelta(seconds=-60)) == 1
    assert [record.event.request_id for record in await desk.book.of_store(STORE)] == ["open"]


CLAIMED = StoreSubscription(STORE, PLAN, None, verified=False, told_by="app.market.subscription.active", seen_at=START)
VERIFIED = replace(CLAIMED, plan=replace(PLAN, status="suspended"), is_usage_based=True, verified=True)


async def test_a_claim_is_kept_until_zid_itself_is_heard_and_never_after(desk: Desk) -> None:
    assert await desk.subscriptions.keep(CLAIMED, audit=AUDIT)
    assert await desk.subscriptions.of_stores([STORE, StoreId(2)]) == [CLAIMED]
    assert await desk.subscriptions.keep(VERIFIED, audit=AUDIT)
    assert not await desk.subscriptions.keep(CLAIMED, audit=AUDIT)
    assert await desk.subscriptions.of_stores([STORE]) == [VERIFIED]
    assert await desk.audited() == 2


async def test_what_says_nothing_new_is_not_audited(desk: Desk) -> None:
    await desk.subscriptions.keep(VERIFIED, audit=AUDIT)
    later = replace(VERIFIED, seen_at=START + timedelta(days=1), told_by="app.market.subscription.renew")
    assert not await desk.subscriptions.keep(later, audit=AUDIT)
    assert await desk.subscriptions.of_stores([STORE]) == [later]
    assert await desk.audited() == 1
