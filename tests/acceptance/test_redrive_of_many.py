"""Thousands of dead letters of seven causes, one of which still fails, redriven by real processes."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from uuid_utils.compat import uuid7

from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.notices import Notices
from adapters.postgres.work_index import PostgresWorkIndex
from adapters.redis.connection import open_redis
from adapters.redis.work_index import RedisWorkIndex
from core.domain.events import Delivery, Receipt, WorkItem, WorkKind, dedupe_key
from core.ids import Entity, EntityKind, EventId, InstallId, StoreId
from core.ports.work_index import WorkIndex
from tests.acceptance.apps.causes import BROKEN, HEALED
from tests.acceptance.wasl_up import environment
from tests.eventually import eventually
from tests.servers import Database

STORES = 20
PATIENCE = 300
"""Seconds for what takes less than ten where nothing else runs."""
MANY = 400
VERY_MANY = 100_000
LIVE_EVERY = 0.05
TURNS = 6
HARDLY_MORE = 0.1

SHOPS = """
    INSERT INTO stores (store_id, title, install_id, epoch, state)
    SELECT n, 'x', n * 10, 1, 'active' FROM generate_series(1, %(stores)s) AS n
"""
INSTALLS = """
    INSERT INTO installs (install_id, store_id, epoch, state)
    SELECT n * 10, n, 1, 'active' FROM generate_series(1, %(stores)s) AS n
"""
DEAD_EVENTS = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane, state, dead_runs,
                        reason, received_at, settled_at, size, body)
    SELECT gen_random_uuid(), 1 + n %% %(stores)s, 10 * (1 + n %% %(stores)s), 'zid', 'product.create', 'product',
           n::text, n, 'dead', 1, 'RuntimeError: no courier for ' || n, now() - interval '1 day',
           now() - n * interval '1 second', 8, convert_to('{"id": 1}', 'UTF8')
    FROM generate_series(1, %(letters)s) AS n
"""
DEAD_RUNS = """
    INSERT INTO runs (event_id, handler, store_id, install_id, lane, seq, state, attempts, reason, settled_at)
    SELECT event_id, (%(handlers)s::text[])[1 + entity_id::int %% 7], store_id, install_id, -lane, seq, 'dead', 8,
           reason, settled_at
    FROM events WHERE state = 'dead'
"""
KNOWN = """
    INSERT INTO dedupe (key, event_id, store_id, origin, expires_at)
    SELECT sha256(convert_to(event_id::text, 'UTF8')), event_id, store_id, 'zid', now() + interval '1 day' FROM events
"""
COUNTED = "INSERT INTO intake (store_id, origin, accepted) SELECT store_id, 'zid', count(*) FROM events GROUP BY 1"
EFFECTS = "CREATE TABLE effects (event_id uuid, handler text)"
LATENCIES = """
    SELECT extract(epoch FROM settled_at - received_at)::float FROM events
    WHERE topic = 'order.create' AND received_at >= %s AND received_at < %s AND state = 'done'
"""


@dataclass
class Fleet:
    """A database full of dead letters and the processes at work on it."""

    database: Database
    home: Path
    environment: dict[str, str]

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def wasl(self, *arguments: str) -> Any:
        told = subprocess.run(
            [sys.executable, "-P", "-m", "entrypoints.cli", *arguments, "--json"],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert told.returncode == 0, told
        return json.loads(told.stdout)

    @contextmanager
    def process(self, part: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """One `wasl <part>`, at work when this returns."""
        log = self.home / f"{name}.log"
        with log.open("wb") as output:
            started = subprocess.Popen(
                [sys.executable, "-P", "-m", "entrypoints.cli", part],
                cwd=self.home,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            assert eventually(lambda: b"metrics_served" in log.read_bytes(), seconds=PATIENCE), log.read_text()
            yield started
        finally:
            started.kill()
            started.wait()


@pytest.fixture
def fleet(database: Database, redis_setting: str, tmp_path: Path) -> Fleet:
    return Fleet(
        database,
        tmp_path,
        environment(
            DATABASE_URL=database.dsn,
            REDIS_URL=redis_setting,
            QUEUE="redis" if redis_setting else "postgres",
            TOKEN_KEYS=Fernet.generate_key().decode(),
            ZID_CLIENT_ID="48",
            ZID_CLIENT_SECRET="secret",
            ZID_APP_ID="7367",
            WEBHOOK_SECRET="webhook-" + "w" * 32,
            METRICS_PORT="0",
            WASL_HANDLERS="tests.acceptance.apps.causes",
            ZID_API_URL="http://127.0.0.1:1",
            ZID_OAUTH_URL="http://127.0.0.1:1",
        ),
    )


def fill(fleet: Fleet, letters: int) -> None:
    values = {"stores": STORES, "letters": letters, "handlers": [*HEALED, BROKEN]}
    with psycopg.connect(fleet.database.owner_dsn, autocommit=True) as connection:
        for statement in (SHOPS, INSTALLS, DEAD_EVENTS, DEAD_RUNS, KNOWN, COUNTED, EFFECTS, "ANALYZE"):
            connection.execute(statement.encode(), values if "%(" in statement else None)


@asynccontextmanager
async def live_work(fleet: Fleet) -> AsyncIterator[None]:
    """An order of each store in turn, every so often, as if http had taken it in."""
    pool = await open_pool(fleet.database.dsn, max_size=2)
    inbox = PostgresInbox(pool)
    async with _index(pool, fleet.environment["REDIS_URL"]) as index:
        sender = asyncio.create_task(_send(inbox, index))
        try:
            yield
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            await inbox.aclose()
    await pool.close()


@asynccontextmanager
async def _index(pool: Pool, redis_url: str) -> AsyncIterator[WorkIndex]:
    """The events' index that the fleet works with."""
    if redis_url:
        clients = open_redis(redis_url)
        yield RedisWorkIndex(clients, name="event", window=256)
        await clients.aclose()
    else:
        notices = Notices(pool)
        yield PostgresWorkIndex(pool, notices, name="event", window=256)
        await notices.aclose()


async def _send(inbox: PostgresInbox, index: WorkIndex) -> None:
    number = 0
    while True:
        number += 1
        given = _order(StoreId(1 + number % STORES), number)
        assert await inbox.accept(given) is Receipt.ACCEPTED
        await index.publish([WorkItem(WorkKind.EVENT, str(given.event_id), given.store_id)])
        await asyncio.sleep(LIVE_EVERY)


def _order(store_id: StoreId, number: int) -> Delivery:
    body = json.dumps({"id": number, "updated_at": "2026-01-01 10:00:00", "order_status": {"code": "new"}}).encode()
    install_id = InstallId(store_id * 10)
    return Delivery(
        event_id=EventId(uuid7()),
        store_id=store_id,
        install_id=install_id,
        topic="order.create",
        body=body,
        received_at=datetime.now(UTC),
        dedupe_key=dedupe_key(store_id, install_id, "order.create", body),
        keep_for=timedelta(days=1),
        entity=Entity(EntityKind.ORDER, str(number)),
    )


def job(fleet: Fleet, number: int) -> dict[str, int]:
    columns = ("total", "in_flight", "succeeded", "failed", "skipped", "undone")
    sums = ", ".join(f"sum({column})::int" for column in columns)
    [row] = fleet.sql(f"SELECT {sums} FROM redrive_groups WHERE job_id = %s", number)
    return dict(zip(columns, row, strict=True))


def is_over(fleet: Fleet, number: int) -> bool:
    return fleet.sql("SELECT state <> 'open' FROM redrives WHERE job_id = %s", number) == [(True,)]


def p95(latencies: list[tuple[float]]) -> float:
    ordered = sorted(seconds for (seconds,) in latencies)
    return ordered[int(len(ordered) * 0.95)]


async def opened(fleet: Fleet, letters: int) -> int:
    """A canary over all letters; the job's number."""
    told = await asyncio.to_thread(fleet.wasl, "dead", "redrive", "--all", "--canary", "--no-wait")
    assert (told["matched"], told["able"], told["job"]["total"]) == (letters, letters, letters)
    return int(told["job"]["job"])


async def over(fleet: Fleet, number: int, letters: int) -> None:
    patience = PATIENCE + letters / 20
    assert await asyncio.to_thread(eventually, lambda: is_over(fleet, number), seconds=patience), job(fleet, number)


def assert_exact(fleet: Fleet, number: int, letters: int) -> None:
    """The broken cause stopped after a few tries, the others drained, each effect once, every number right."""
    broken = sum(n % 7 == 6 for n in range(1, letters + 1))
    counts = job(fleet, number)
    tried = counts["failed"]
    assert 2 <= tried <= 10
    assert counts == {
        "total": letters,
        "in_flight": 0,
        "succeeded": letters - broken,
        "failed": tried,
        "skipped": 0,
        "undone": broken - tried,
    }
    [(attempts,)] = fleet.sql("SELECT count(*)::int FROM attempts WHERE handler = %s", BROKEN)
    assert tried <= attempts <= 10
    effects = "SELECT count(*)::int, count(DISTINCT event_id)::int FROM effects WHERE handler <> 'live'"
    assert fleet.sql(effects) == [(letters - broken, letters - broken)]
    assert fleet.sql("SELECT count(*)::int FROM events WHERE state = 'dead'") == [(broken,)]
    trail = fleet.sql("SELECT action, details FROM audit WHERE details ? 'job_id' ORDER BY audit_id")
    assert [action for action, _ in trail] == ["events.redriven", "redrive.group_stopped", "redrive.ended"]
    assert (trail[0][1]["letters"], trail[1][1]["tried"]) == (letters, tried)
    ended = {name: trail[2][1][name] for name in ("letters", "succeeded", "failed", "undone")}
    assert ended == {name: counts["total" if name == "letters" else name] for name in ended}
    listed = fleet.wasl("dead", "list")
    assert sum(group["count"] for group in listed) == broken
    assert {group["handler"] for group in listed} == {BROKEN}


async def test_the_broken_cause_is_stopped_and_the_others_drain_although_the_scheduler_is_killed(fleet: Fleet) -> None:
    fill(fleet, MANY)
    with ExitStack() as stack:
        stack.enter_context(fleet.process("consumer", "consumer"))
        scheduler = stack.enter_context(fleet.process("scheduler", "scheduler"))
        number = await opened(fleet, MANY)
        some = MANY // 10
        begun = await asyncio.to_thread(eventually, lambda: job(fleet, number)["succeeded"] > some, seconds=PATIENCE)
        assert begun, job(fleet, number)
        scheduler.kill()
        await asyncio.to_thread(scheduler.wait)
        stack.enter_context(fleet.process("scheduler", "another-scheduler"))
        await over(fleet, number, MANY)
    assert_exact(fleet, number, MANY)
    assert fleet.wasl("verify")["balanced"] is True


async def in_turns(fleet: Fleet, scheduler: subprocess.Popen[bytes]) -> tuple[float, float]:
    """The p95 of live work while the redrive rests and while it goes on, in turns: whatever else the machine does

    falls on both alike. A frozen scheduler sends nothing; consumers and live work do not need it.
    """
    resting: list[tuple[float]] = []
    going: list[tuple[float]] = []
    for _ in range(TURNS):
        going += await spell(fleet)
        scheduler.send_signal(signal.SIGSTOP)
        try:
            resting += await spell(fleet)
        finally:
            scheduler.send_signal(signal.SIGCONT)
    return p95(resting), p95(going)


async def spell(fleet: Fleet) -> list[tuple[float]]:
    """What came in during eight seconds, after one in which the spell before ends, and had one to be done."""
    await asyncio.sleep(1)
    began = datetime.now(UTC)
    await asyncio.sleep(8)
    ended = datetime.now(UTC)
    await asyncio.sleep(1)
    return fleet.sql(LATENCIES, began, ended)


@pytest.mark.prove
async def test_a_hundred_thousand_drain_and_live_work_does_not_notice(fleet: Fleet) -> None:
    fill(fleet, VERY_MANY)
    with ExitStack() as stack:
        stack.enter_context(fleet.process("consumer", "consumer"))
        scheduler = stack.enter_context(fleet.process("scheduler", "scheduler"))
        async with live_work(fleet):
            number = await opened(fleet, VERY_MANY)
            resting, going = await in_turns(fleet, scheduler)
            assert not is_over(fleet, number), "the turns were to fall into the redrive"
            await over(fleet, number, VERY_MANY)
    print(f"live p95: {resting:.3f} s while the redrive rests, {going:.3f} s while it goes on")
    assert_exact(fleet, number, VERY_MANY)
    # On a machine that others overload, what anything adds is a multiple of what it adds on a quiet one.
    assert going <= 2 * resting + HARDLY_MORE


@pytest.mark.prove
def test_the_desk_is_quick_with_a_hundred_thousand_letters(fleet: Fleet) -> None:
    """The first look stamps all that died without a fingerprint; then everything is a matter of a moment."""
    fill(fleet, VERY_MANY)
    took = {}
    for name, arguments in {
        "first look": ("list",),
        "list": ("list",),
        "filtered": ("list", "--store", "3", "--handler", "healed_2"),
        "flat": ("list", "--flat"),
        "dry run": ("redrive", "--all", "--canary", "--dry-run"),
        "open": ("redrive", "--all", "--canary", "--no-wait"),
        "undo": ("undo", "1"),
    }.items():
        began = time.monotonic()
        fleet.wasl("dead", *arguments)
        took[name] = round(time.monotonic() - began, 1)
    print(f"seconds, with the start of the command: {took}")
    assert max(took.values()) < 60
