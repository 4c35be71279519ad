"""What the book of the embedded app's UUIDs promises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
import pytest
from cryptography.fernet import Fernet

from adapters.memory.audit_trail import MemoryAuditLog
from adapters.memory.database import MemoryDatabase
from adapters.memory.embedded import MemoryEmbeddedTokens
from adapters.memory.installations import MemoryInstallations
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.system import ManualClock
from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.embedded import PostgresEmbeddedTokens
from adapters.postgres.installations import PostgresInstallations
from adapters.sealing.fernet import FernetSealer
from core.domain.audit import AuditEntry
from core.domain.secret import Secret
from core.domain.stores import Install, InstallState, StoreIdentity
from core.domain.tokens import Tokens
from core.ids import InstallId, StoreId
from core.ports.audit_trail import AuditLog
from core.ports.embedded import EmbeddedTokens
from core.ports.installations import Installations
from tests.contract.two_pools import two_pools
from tests.servers import Database

OVERLAP, HOLD, MONTH = timedelta(minutes=5), timedelta(minutes=5), timedelta(days=30)
OFFERED = timedelta(minutes=5)
STORE, OTHER = StoreId(1), StoreId(2)


@dataclass
class Book:
    """The book, the same as another process sees it, and time."""

    tokens: EmbeddedTokens
    elsewhere: EmbeddedTokens
    installations: Installations
    log: AuditLog
    let_pass: Callable[[timedelta], Awaitable[object]]
    numbers: count = field(default_factory=lambda: count(100))

    async def install(self, store_id: StoreId = STORE) -> Install:
        install_id = InstallId(next(self.numbers))
        words = (Secret(f"{kind}-{install_id}") for kind in ("authorization", "manager", "refresh"))
        far = datetime.now(UTC) + timedelta(days=365)
        return await self.installations.activate(
            StoreIdentity(store_id, None, "متجر", None, None),
            install_id,
            Tokens(*words, far),
            refresh_at=far,
            audit=AuditEntry("install.activated", store_id, install_id),
        )

    async def end(self, install: Install) -> None:
        await self.installations.end(install.install_id, audit=AuditEntry("install.uninstalled"))

    async def offer(self, install: Install, name: str) -> bool:
        return await self.tokens.offer(install.store_id, install.install_id, hash_of(name))

    async def accept(self, name: str, *, again_in: timedelta | None = MONTH, only: bool = False) -> bool:
        entry = AuditEntry("embedded.registered", details={"name": name})
        return await self.tokens.accept(hash_of(name), again_in=again_in, only=only, audit=entry)

    async def registered(self, install: Install, name: str, *, again_in: timedelta | None = MONTH) -> None:
        assert await self.offer(install, name)
        assert await self.accept(name, again_in=again_in)

    async def opens(self, name: str) -> InstallId | None:
        found = await self.elsewhere.redeem(hash_of(name), overlap=OVERLAP)
        return found[1] if found else None

    async def due(self, limit: int = 10) -> dict[StoreId, int]:
        found = await self.tokens.claim_due(hold=HOLD, limit=limit)
        return {one.store_id: one.failures for one in found}

    async def all_due(self, *claimers: EmbeddedTokens, limit: int = 10) -> list[StoreId]:
        """What these find while they look through all stores."""
        found = await asyncio.gather(*(one.claim_due(hold=HOLD, limit=limit) for one in claimers))
        return sorted(due.store_id for some in found for due in some)

    async def audited(self) -> list[str]:
        records = await self.log.page(limit=100)
        return [str(one.entry.details["name"]) for one in records if one.entry.action == "embedded.registered"]


def hash_of(name: str) -> bytes:
    return name.encode().ljust(32, b"\0")


@pytest.fixture(params=["memory", "postgres"])
async def book(request: pytest.FixtureRequest) -> AsyncIterator[Book]:
    if request.param == "memory":
        yield memory_book()
        return
    async with postgres_book(request.getfixturevalue("database")) as found:
        yield found


def memory_book() -> Book:
    database = MemoryDatabase(clock := ManualClock())
    tokens = MemoryEmbeddedTokens(database)

    async def let_pass(by: timedelta) -> None:
        clock.advance(by.total_seconds())

    installations = MemoryInstallations(database, ReversibleSealer())
    return Book(tokens, tokens, installations, MemoryAuditLog(database), let_pass)


@asynccontextmanager
async def postgres_book(database: Database) -> AsyncIterator[Book]:
    async with two_pools(database) as (ours, theirs):

        async def let_pass(by: timedelta) -> None:
            with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
                owner.execute("UPDATE embedded_installs SET due_at = due_at - %s", [by])
                owner.execute("UPDATE embedded_tokens SET expires_at = expires_at - %s", [by])

        sealer = FernetSealer((Secret(Fernet.generate_key().decode()),))
        installations = PostgresInstallations(ours, sealer)
        yield Book(
            PostgresEmbeddedTokens(ours),
            PostgresEmbeddedTokens(theirs),
            installations,
            PostgresAuditLog(ours),
            let_pass,
        )


async def test_one_that_is_offered_opens_the_app_also_before_zid_answers(book: Book) -> None:
    install = await book.install()
    assert await book.offer(install, "a")
    assert await book.opens("a") == install.install_id
    assert await book.opens("a") == install.install_id, "as often as wanted"
    assert await book.opens("b") is None


async def test_none_is_offered_for_an_install_that_is_over(book: Book) -> None:
    install = await book.install()
    await book.end(install)
    assert not await book.offer(install, "a")
    assert await book.opens("a") is None
    later = await book.install()
    assert not await book.offer(install, "b"), "not for the install before"
    assert await book.offer(later, "c")


async def test_it_opens_nothing_after_the_uninstall_nor_after_a_reinstall(book: Book) -> None:
    install = await book.install()
    await book.registered(install, "a")
    await book.end(install)
    assert await book.opens("a") is None
    later = await book.install()
    await book.registered(later, "b")
    assert await book.opens("a") is None
    assert await book.opens("b") == later.install_id


async def test_a_reinstall_without_an_uninstall_ends_it_too(book: Book) -> None:
    first = await book.install()
    await book.registered(first, "a")
    await book.install()
    assert await book.opens("a") is None


async def test_it_opens_the_app_of_a_store_that_must_be_authorized_again(book: Book) -> None:
    install = await book.install()
    await book.registered(install, "a")
    gone = AuditEntry("install.needs_reauthorization")
    await book.installations.change_state(install.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=gone)
    assert await book.opens("a") == install.install_id


async def test_older_ones_end_a_while_after_the_newer_one_is_presented(book: Book) -> None:
    install, neighbour = await book.install(), await book.install(OTHER)
    await book.registered(install, "old")
    await book.registered(install, "new")
    await book.registered(neighbour, "theirs")
    await book.let_pass(MONTH)
    assert await book.opens("old"), "nobody has seen that Zid hands out the new one"
    assert await book.opens("new")
    assert await book.opens("old"), "a dashboard may be open"
    await book.let_pass(OVERLAP)
    assert await book.opens("old") is None
    assert await book.opens("new")
    assert await book.opens("theirs")


async def test_presenting_it_again_does_not_keep_older_ones_alive(book: Book) -> None:
    install = await book.install()
    await book.registered(install, "old")
    await book.registered(install, "new")
    await book.opens("new")
    await book.let_pass(OVERLAP / 2)
    await book.opens("new")
    await book.let_pass(OVERLAP / 2)
    assert await book.opens("old") is None


async def test_an_older_one_presented_ends_no_newer_one(book: Book) -> None:
    install = await book.install()
    await book.registered(install, "old")
    await book.offer(install, "new")
    await book.opens("old")
    await book.let_pass(2 * OVERLAP)
    assert await book.opens("new")


async def test_with_only_the_older_ones_end_at_once(book: Book) -> None:
    install, neighbour = await book.install(), await book.install(OTHER)
    await book.registered(neighbour, "theirs")
    await book.registered(install, "leaked")
    await book.offer(install, "new")
    assert await book.accept("new", only=True)
    assert await book.opens("leaked") is None
    assert await book.opens("new")
    assert await book.opens("theirs")
    since = await visits_since(book, install)
    assert since is not None
    assert await visits_since(book, neighbour) is None
    await book.registered(install, "newer")
    assert await visits_since(book, install) == since


async def visits_since(book: Book, install: Install) -> datetime | None:
    found = await book.elsewhere.of_install(install.install_id)
    assert found is not None
    return found.visits_since


async def test_accepting_is_audited_once_and_an_unknown_one_is_not_accepted(book: Book) -> None:
    install = await book.install()
    await book.registered(install, "a")
    assert not await book.accept("never offered")
    assert await book.audited() == ["a"]
    found = await book.tokens.of_install(install.install_id)
    assert found is not None
    assert found.registered_at is not None
    assert found.problem is None


async def test_one_that_zid_certainly_does_not_have_is_withdrawn(book: Book) -> None:
    install = await book.install()
    for name in ("lost", "refused"):
        await book.offer(install, name)
    await book.tokens.postpone(install.install_id, wait=HOLD, problem="the answer was lost")
    await book.tokens.postpone(install.install_id, wait=HOLD, problem="said no\0", withdrawn=hash_of("refused"))
    assert await book.opens("lost")
    assert await book.opens("refused") is None
    found = await book.tokens.of_install(install.install_id)
    assert found is not None
    assert found.registered_at is None
    assert (found.problem or "").startswith("said no")


async def test_an_install_without_any_has_nothing_to_postpone(book: Book) -> None:
    install = await book.install()
    await book.tokens.postpone(install.install_id, wait=MONTH, problem="no")
    assert await book.tokens.of_install(install.install_id) is None
    assert await book.due() == {STORE: 0}


async def test_active_installs_that_have_none_are_due_at_once(book: Book) -> None:
    await book.install()
    revoked, over = await book.install(OTHER), await book.install(StoreId(3))
    gone = AuditEntry("install.needs_reauthorization")
    await book.installations.change_state(revoked.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=gone)
    await book.end(over)
    assert await book.due() == {STORE: 0}
    assert await book.tokens.of_install(over.install_id) is None


async def test_installs_that_cannot_be_registered_stand_in_nobodys_way(book: Book) -> None:
    gone = AuditEntry("install.needs_reauthorization")
    for store in (2, 3, 4):
        revoked = await book.install(StoreId(store))
        await book.offer(revoked, f"{store}")
        await book.installations.change_state(revoked.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=gone)
    await book.let_pass(OFFERED)
    await book.install(STORE)
    found = [await book.due(limit=1) for _ in range(4)]
    assert [stores for stores in found if stores] == [{STORE: 0}]


async def test_what_is_due_is_given_to_one_and_comes_back(book: Book) -> None:
    await book.install()
    assert await book.due() == {STORE: 0}
    assert await book.due() == {}
    await book.let_pass(HOLD)
    assert await book.due() == {STORE: 0}, "its worker died"


async def test_of_many_claimers_each_gets_others(book: Book) -> None:
    stores = [StoreId(number) for number in range(1, 7)]
    for store in stores:
        await book.install(store)
    given = await book.all_due(*[book.tokens, book.elsewhere] * 4, limit=2)
    given += await book.all_due(book.tokens, book.elsewhere)
    assert sorted(given) == stores


async def test_an_offer_whose_maker_died_is_due_in_a_while(book: Book) -> None:
    await book.offer(await book.install(), "a")
    assert await book.due() == {}
    await book.let_pass(OFFERED)
    assert await book.due() == {STORE: 0}


async def test_a_failure_is_due_after_its_wait_and_counted_until_one_succeeds(book: Book) -> None:
    install = await book.install()
    await book.due()
    for failures in (1, 2):
        await book.tokens.postpone(install.install_id, wait=timedelta(hours=1), problem="away")
        assert await book.due() == {}
        await book.let_pass(timedelta(hours=1))
        assert await book.due() == {STORE: failures}
    await book.registered(install, "a")
    await book.let_pass(MONTH)
    assert await book.due() == {STORE: 0}


async def test_an_accepted_one_is_due_again_after_its_time_or_never(book: Book) -> None:
    install, other = await book.install(), await book.install(OTHER)
    await book.registered(install, "a")
    await book.registered(other, "b", again_in=None)
    await book.let_pass(MONTH - timedelta(hours=1))
    assert await book.due() == {}
    await book.let_pass(timedelta(hours=1))
    assert await book.due() == {STORE: 0}
    await book.let_pass(timedelta(days=3650))
    assert await book.due() == {STORE: 0}


async def test_what_opens_nothing_any_more_is_forgotten(book: Book) -> None:
    install, over = await book.install(), await book.install(OTHER)
    await book.registered(over, "over")
    await book.registered(install, "old")
    await book.offer(install, "new")
    await book.accept("new", only=True)
    await book.end(over)
    assert await book.tokens.forget(limit=1) == 1
    assert await book.tokens.forget(limit=10) == 1
    assert await book.tokens.forget(limit=10) == 0
    assert await book.opens("new") == install.install_id
    assert await book.tokens.of_install(over.install_id) is None
    assert await book.tokens.of_install(install.install_id) is not None
