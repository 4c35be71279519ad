"""What the sessions of the embedded app promise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.embedded import MemoryEmbeddedSessions
from adapters.memory.system import ManualClock
from adapters.postgres.embedded import PostgresEmbeddedSessions
from adapters.redis.connection import open_redis
from adapters.redis.embedded_sessions import RedisEmbeddedSessions
from core.domain.embedded import EmbeddedSession, fingerprint
from core.ids import InstallId, StoreId
from core.ports.embedded import EmbeddedSessions
from tests.contract.two_pools import two_pools
from tests.servers import Database

KEY, OTHER = fingerprint("bearer"), fingerprint("another bearer")
NOON = datetime(2026, 1, 2, 12, 0, 0, 250_000, tzinfo=UTC)
SESSION = EmbeddedSession(StoreId(1001), InstallId(2**62 + 1), NOON, NOON + timedelta(hours=8))


@dataclass
class Visits:
    """The sessions, the same as another process sees them, and a while."""

    sessions: EmbeddedSessions
    elsewhere: EmbeddedSessions
    a_while: Callable[[], Awaitable[object]]
    """More than 0.2 seconds pass."""


@pytest.fixture(params=["memory", "redis", "postgres"])
async def visits(request: pytest.FixtureRequest) -> AsyncIterator[Visits]:
    match request.param:
        case "memory":
            yield memory_visits()
        case "redis":
            async with redis_visits(request.getfixturevalue("redis_url")) as found:
                yield found
        case _:
            async with postgres_visits(request.getfixturevalue("database")) as found:
                yield found


def memory_visits() -> Visits:
    sessions = MemoryEmbeddedSessions(clock := ManualClock())

    async def a_while() -> None:
        clock.advance(0.25)

    return Visits(sessions, sessions, a_while)


async def a_real_while() -> None:
    """Time itself is what is tested here: servers measure it."""
    await asyncio.sleep(0.25)


@asynccontextmanager
async def redis_visits(url: str) -> AsyncIterator[Visits]:
    ours, theirs = open_redis(url), open_redis(url)
    try:
        yield Visits(RedisEmbeddedSessions(ours), RedisEmbeddedSessions(theirs), a_real_while)
    finally:
        await ours.aclose()
        await theirs.aclose()


@asynccontextmanager
async def postgres_visits(database: Database) -> AsyncIterator[Visits]:
    async with two_pools(database) as (ours, theirs):
        yield Visits(PostgresEmbeddedSessions(ours), PostgresEmbeddedSessions(theirs), a_real_while)


async def test_a_session_is_found_wherever_it_was_opened(visits: Visits) -> None:
    await visits.sessions.open(KEY, SESSION, idle=60)
    assert await visits.elsewhere.use(KEY, idle=60) == SESSION
    assert await visits.sessions.use(KEY, idle=60) == SESSION, "as often as wanted"
    assert await visits.sessions.use(OTHER, idle=60) is None


async def test_a_session_that_was_idle_for_too_long_is_over(visits: Visits) -> None:
    await visits.sessions.open(KEY, SESSION, idle=0.1)
    await visits.sessions.open(OTHER, SESSION, idle=600)
    await visits.a_while()
    assert await visits.elsewhere.use(KEY, idle=60) is None
    assert await visits.elsewhere.use(KEY, idle=60) is None, "asking for it does not bring it back"
    assert await visits.elsewhere.use(OTHER, idle=60) == SESSION


async def test_using_it_keeps_it(visits: Visits) -> None:
    await visits.sessions.open(KEY, SESSION, idle=0.1)
    while await visits.sessions.use(KEY, idle=600) is None:
        await visits.sessions.open(KEY, SESSION, idle=0.1)  # the machine stood still for that long
    await visits.a_while()
    assert await visits.elsewhere.use(KEY, idle=60) == SESSION


async def test_a_use_may_also_shorten_it(visits: Visits) -> None:
    await visits.sessions.open(KEY, SESSION, idle=600)
    assert await visits.sessions.use(KEY, idle=0.1) == SESSION
    await visits.a_while()
    assert await visits.sessions.use(KEY, idle=60) is None


async def test_a_closed_session_is_over_everywhere(visits: Visits) -> None:
    await visits.sessions.open(KEY, SESSION, idle=60)
    await visits.sessions.open(OTHER, SESSION, idle=60)
    await visits.elsewhere.close(KEY)
    await visits.elsewhere.close(fingerprint("never opened"))
    assert await visits.sessions.use(KEY, idle=60) is None
    assert await visits.sessions.use(OTHER, idle=60) == SESSION
