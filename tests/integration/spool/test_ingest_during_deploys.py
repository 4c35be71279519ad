"""Deliveries are taken in while a migration runs, and while two releases work side by side."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

import migrations
from adapters.files.file_spool import FileSpool
from adapters.memory.work_index import RecordingAnnouncer
from adapters.postgres import migrator
from adapters.postgres.checks import check_schema, ping
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.inbox_sql import Sighting, arguments
from adapters.postgres.installations import PostgresInstallations
from adapters.sealing.fernet import FernetSealer
from adapters.system import SystemClock
from core.domain.audit import AuditEntry
from core.domain.events import Delivery, Receipt
from core.domain.secret import Secret
from core.domain.stores import StoreIdentity
from core.domain.tokens import Tokens
from core.features.spooling import Presence, ReplaySpool, SpoolingInbox
from core.ids import InstallId, StoreId
from tests.contract.spool_worlds import RING, SpoolWorld, file_world
from tests.servers import Database

SHIPPED = Path(migrations.__file__).parent
OLD_ACCEPT = (Path(__file__).parents[2] / "fixtures/previous_release/accept.sql").read_text()
STORE, INSTALL = StoreId(1001), InstallId(4711)
LOCKING = """
LOCK TABLE events, dedupe, stores IN ACCESS EXCLUSIVE MODE;
ALTER TABLE events ADD COLUMN of_the_next_release integer;
SELECT pg_advisory_xact_lock(4711);
"""
"""Holds its locks for as long as the test holds that other one."""
PATIENCE = 60


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = await open_pool(database.dsn, max_size=6)
    sealer = FernetSealer((Secret(Fernet.generate_key().decode()),))
    now = datetime.now(UTC)
    tokens = Tokens(*(Secret(word) for word in ("authorization", "manager", "refresh")), now + timedelta(days=365))
    await PostgresInstallations(pool, sealer).activate(
        StoreIdentity(STORE, "uuid", "متجر", None, "SAR"),
        INSTALL,
        tokens,
        refresh_at=now + timedelta(days=300),
        audit=AuditEntry("store.installed", STORE, INSTALL),
    )
    yield pool
    await pool.close()


@pytest.fixture
def world(tmp_path: Path) -> SpoolWorld:
    return file_world(tmp_path / "unused")


def delivery(world: SpoolWorld) -> Delivery:
    return world.delivery(install_id=INSTALL, store_id=STORE)


async def test_deliveries_go_on_while_a_migration_locks_the_ledger(
    database: Database, pool: Pool, world: SpoolWorld, tmp_path: Path
) -> None:
    """Nobody is refused: who would wait too long for the lock goes to the spool, and from there into the ledger."""
    release = tmp_path / "next_release"
    shutil.copytree(SHIPPED, release, ignore=shutil.ignore_patterns("__pycache__"))
    (release / "9999_of_the_next_release.sql").write_text(LOCKING)
    clock, presence = SystemClock(), Presence(SystemClock())
    inbox, prompt = PostgresInbox(pool), PostgresInbox(pool, patience=0.3)
    spool = FileSpool(tmp_path / "spool", lambda: FernetSealer(RING), max_bytes=10**7)
    front = SpoolingInbox(inbox=prompt, spool=spool, presence=presence, clock=clock)
    replay = ReplaySpool(
        spool=spool,
        inbox=inbox,
        announcer=RecordingAnnouncer(),
        presence=presence,
        ask_database=lambda: ping(pool),
    )
    given: list[Delivery] = []
    receipts: list[Receipt] = []
    with psycopg.connect(database.owner_dsn, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(4711)")
        migrating = asyncio.create_task(asyncio.to_thread(migrator.apply, database.owner_dsn, folder=release))
        async with asyncio.timeout(PATIENCE):
            while not migrating.done():
                given.append(delivery(world))
                receipts.append(await front.accept(given[-1]))
                if receipts.count(Receipt.SPOOLED) == 20:
                    holder.execute("SELECT pg_advisory_unlock(4711)")
                await asyncio.sleep(0.01)
    assert await migrating == ["9999_of_the_next_release"]
    assert Receipt.SPOOLED in receipts
    await check_schema(pool)

    async with asyncio.timeout(PATIENCE):
        while await spool.depth():
            if await replay.look():
                await replay.replay_some()
    given.append(delivery(world))
    assert await inbox.accept(given[-1]) is Receipt.ACCEPTED
    assert events(database) == sorted(str(one.event_id) for one in given)
    assert received(database) == len(given)
    for one in (prompt, inbox, spool):
        await one.aclose()


async def test_two_releases_take_in_side_by_side(database: Database, pool: Pool, world: SpoolWorld) -> None:
    """The statement of the release before works on this schema; each recognises what the other took in."""
    inbox = PostgresInbox(pool)
    by_old, by_new = delivery(world), delivery(world)
    assert await accept_as_before(pool, by_old) == ["accepted"]
    assert await inbox.accept(by_new) is Receipt.ACCEPTED
    assert await inbox.accept(repeated(world, by_old)) is Receipt.DUPLICATE
    assert await accept_as_before(pool, repeated(world, by_new)) == ["duplicate"]
    together = [delivery(world) for _ in range(40)]
    await asyncio.gather(
        *(inbox.accept(one) for one in together[:30]), *(accept_as_before(pool, one) for one in together[20:])
    )
    assert events(database) == sorted(str(one.event_id) for one in (by_old, by_new, *together))
    assert received(database) == 42
    await inbox.aclose()


def repeated(world: SpoolWorld, given: Delivery) -> Delivery:
    return world.delivery(given.body, install_id=INSTALL, store_id=STORE, dedupe_key=given.dedupe_key)


async def accept_as_before(pool: Pool, given: Delivery) -> Sequence[str]:
    """The release before knows no later columns, which stand last."""
    known = arguments([Sighting(given)])[: OLD_ACCEPT.count("[]")]
    async with pool.acquire() as connection:
        return [row[1] for row in await connection.fetch(OLD_ACCEPT, *known)]


def events(database: Database) -> list[str]:
    with psycopg.connect(database.owner_dsn) as owner:
        return sorted(str(row[0]) for row in owner.execute("SELECT event_id FROM events"))


def received(database: Database) -> int:
    with psycopg.connect(database.owner_dsn) as owner:
        row = owner.execute("SELECT sum(accepted) FROM intake").fetchone()
        assert row is not None
        return int(row[0])
