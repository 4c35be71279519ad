"""What a book of API keys promises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import psycopg
import pytest

from adapters.memory.api_keys import MemoryKeyBook
from adapters.memory.audit_trail import MemoryAuditLog
from adapters.memory.database import MemoryDatabase
from adapters.memory.system import ManualClock
from adapters.postgres.api_keys import PostgresKeyBook
from adapters.postgres.audit import PostgresAuditLog
from core.domain.api_access import ApiScope, KeyId
from core.domain.api_keys import ApiKey, KeyDraft, KeyState
from core.domain.audit import AuditEntry
from core.ports.api_keys import KeyBook
from core.ports.audit_trail import AuditLog
from tests.contract.two_pools import two_pools
from tests.servers import Database

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Books:
    """A book, the same as another process sees it, the audit, and time."""

    book: KeyBook
    other: KeyBook
    log: AuditLog
    pass_time: Callable[[timedelta], Awaitable[object]]
    now: Callable[[], Awaitable[datetime]]

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def digest(self) -> bytes:
        return next(self._numbers).to_bytes(32, "big")

    async def add(self, name: str = "courier", expires_in: timedelta | None = None) -> ApiKey:
        ends = await self.now() + expires_in if expires_in else None
        draft = KeyDraft(name, (ApiScope.READ, ApiScope.OPERATE), ends, 60)
        return await self.book.add(draft, digest=self.digest(), hint="wasl_abcd", audit=AuditEntry("made"))

    async def rotate(self, key: ApiKey, overlap: timedelta = HOUR, book: KeyBook | None = None) -> ApiKey | None:
        return await (book or self.book).rotate(
            key.key_id, digest=self.digest(), hint="wasl_efgh", overlap=overlap, audit=AuditEntry("rotated")
        )

    async def is_live(self, key: ApiKey) -> bool:
        return await self.other.live(key.key_id) is not None

    async def entries(self) -> list[tuple[str, object]]:
        return [(one.entry.action, one.entry.details["key_id"]) for one in reversed(await self.log.page())]


@pytest.fixture(params=["memory", "postgres"])
async def books(request: pytest.FixtureRequest) -> AsyncIterator[Books]:
    if request.param == "memory":
        yield memory_books()
        return
    database = request.getfixturevalue("database")
    async with two_pools(database) as (ours, theirs):
        yield postgres_books(PostgresKeyBook(ours), PostgresKeyBook(theirs), PostgresAuditLog(ours), database)


def memory_books() -> Books:
    clock = ManualClock()
    database = MemoryDatabase(clock)
    book = MemoryKeyBook(database)

    async def pass_time(span: timedelta) -> None:
        clock.advance(span.total_seconds())

    async def now() -> datetime:
        return clock.now()

    return Books(book, book, MemoryAuditLog(database), pass_time, now)


def postgres_books(book: KeyBook, other: KeyBook, log: AuditLog, database: Database) -> Books:
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")

    async def pass_time(span: timedelta) -> None:
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            owner.execute(f"UPDATE api_keys SET {', '.join(f'{one} = {one} - %(by)s' for one in times)}", {"by": span})

    async def now() -> datetime:
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            [(moment,)] = owner.execute("SELECT now()").fetchall()
            return moment

    return Books(book, other, log, pass_time, now)


async def test_a_key_is_found_by_its_hash_and_its_number_in_every_process(books: Books) -> None:
    draft = KeyDraft("courier", (ApiScope.READ, ApiScope.ADMIN), None, 60)
    key = await books.book.add(draft, digest=b"\1" * 32, hint="wasl_abcd", audit=AuditEntry("made"))

    assert (key.name, key.scopes, key.rate_per_minute) == ("courier", (ApiScope.READ, ApiScope.ADMIN), 60)
    assert (key.hint, key.first_id, key.last_used_at) == ("wasl_abcd", key.key_id, None)
    assert await books.other.live(b"\1" * 32) == key
    assert await books.other.live(key.key_id) == key
    assert await books.other.get(key.key_id) == key
    assert await books.other.live(b"\2" * 32) is None
    assert await books.other.live(KeyId(key.key_id + 1)) is None
    assert await books.other.get(KeyId(10**18 - 1)) is None


async def test_a_key_ends_at_its_time(books: Books) -> None:
    key, lasting = await books.add(expires_in=HOUR), await books.add()
    assert await books.is_live(key)

    await books.pass_time(HOUR)

    assert not await books.is_live(key)
    assert await books.is_live(lasting)
    over = await books.other.get(key.key_id)
    assert over is not None
    assert over.state(await books.now()) is KeyState.EXPIRED


async def test_a_key_ends_when_it_is_revoked_once_and_for_all(books: Books) -> None:
    key = await books.add()

    ended = await books.book.revoke(key.key_id, audit=AuditEntry("revoked"))

    assert ended is not None
    assert ended.revoked_at is not None
    assert not await books.is_live(key)
    assert await books.other.revoke(key.key_id, audit=AuditEntry("revoked")) == ended
    assert await books.book.revoke(KeyId(10**17), audit=AuditEntry("revoked")) is None
    assert await books.entries() == [("made", key.key_id), ("revoked", key.key_id)]


async def test_a_rotated_key_goes_on_for_the_overlap(books: Books) -> None:
    first = await books.add(expires_in=30 * DAY)
    await books.pass_time(10 * DAY)

    second = await books.rotate(first, overlap=HOUR)

    assert second is not None
    assert (second.name, second.scopes, second.rate_per_minute) == (first.name, first.scopes, first.rate_per_minute)
    assert (second.hint, second.first_id) == ("wasl_efgh", first.key_id)
    assert second.expires_at is not None
    assert abs(second.expires_at - second.created_at - 30 * DAY) < timedelta(minutes=5)
    assert await books.is_live(first)
    assert await books.is_live(second)
    await books.pass_time(HOUR)
    assert not await books.is_live(first)
    assert await books.is_live(second)
    assert await books.entries() == [("made", first.key_id), ("rotated", second.key_id)]
    retired = await books.book.get(first.key_id)
    assert retired is not None
    assert retired.rotated_to == second.key_id


async def test_a_rotation_gives_no_key_more_time_than_it_had(books: Books) -> None:
    key = await books.add(expires_in=HOUR)
    assert await books.rotate(key, overlap=DAY)
    await books.pass_time(HOUR)
    assert not await books.is_live(key)


async def test_without_an_overlap_a_rotated_key_ends_at_once(books: Books) -> None:
    key = await books.add()
    second = await books.rotate(key, overlap=timedelta(0))
    assert second is not None
    assert not await books.is_live(key)
    third = await books.rotate(second)
    assert third is not None
    assert third.first_id == key.key_id


async def test_only_a_live_key_without_a_successor_is_rotated(books: Books) -> None:
    rotated, revoked, expired = await books.add(), await books.add(), await books.add(expires_in=HOUR)
    await books.rotate(rotated, overlap=DAY)
    await books.book.revoke(revoked.key_id, audit=AuditEntry("revoked"))
    await books.pass_time(HOUR)
    before = await books.entries()

    for key in (rotated, revoked, expired):
        assert await books.rotate(key) is None
    assert await books.book.rotate(
        KeyId(10**17), digest=books.digest(), hint="", overlap=HOUR, audit=AuditEntry("rotated")
    ) is None  # fmt: skip
    assert await books.entries() == before


async def test_of_many_who_rotate_at_once_one_gets_the_successor(books: Books) -> None:
    key = await books.add()
    got = await asyncio.gather(*(books.rotate(key, book=one) for one in (books.book, books.other) * 4))
    assert sum(one is not None for one in got) == 1
    assert len(await books.book.page()) == 2


async def test_keys_are_listed_newest_first_page_by_page(books: Books) -> None:
    made = [await books.add(f"key {number}") for number in range(5)]
    await books.book.revoke(made[2].key_id, audit=AuditEntry("revoked"))
    seen: list[KeyId] = []
    while page := await books.other.page(before=seen[-1] if seen else None, limit=2):
        seen += [key.key_id for key in page]
    assert seen == [key.key_id for key in reversed(made)]


async def test_a_use_is_written_once_a_minute(books: Books) -> None:
    key = await books.add()

    async def last_use() -> datetime | None:
        found = await books.book.get(key.key_id)
        return found.last_used_at if found else None

    await asyncio.gather(*(one.note_use(key.key_id) for one in (books.book, books.other) * 4))
    first = await last_use()
    assert first is not None
    await books.other.note_use(key.key_id)
    assert await last_use() == first
    await books.pass_time(timedelta(minutes=1))
    moved = await last_use()
    await books.book.note_use(key.key_id)
    again = await last_use()
    assert moved is not None
    assert again is not None
    assert again > moved
    await books.book.note_use(KeyId(10**17))
