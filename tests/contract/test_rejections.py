"""What every log of rejected requests promises."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.rejections import MemoryRejections
from adapters.memory.system import ManualClock
from adapters.postgres.connection import open_pool
from adapters.postgres.rejections import PostgresRejections
from core.errors import Unavailable
from core.features.log_rejections import AT_ONCE, KEEP_DAYS, LogRejections
from core.ids import StoreId
from core.ports.rejections import Rejection, RejectionFilter, Rejections

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ALL = RejectionFilter()


@pytest.fixture(params=["memory", "postgres"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[Rejections]:
    if request.param == "memory":
        yield MemoryRejections()
        return
    pool = await open_pool(request.getfixturevalue("database").dsn, max_size=2)
    yield PostgresRejections(pool)
    await pool.close()


def rejection(minutes: int = 0, reason: str = "not_ours", store: int | None = None) -> Rejection:
    received_at = NOW - timedelta(minutes=minutes)
    return Rejection(received_at, reason, "order.create\ufffd م", StoreId(store) if store else None, 12)


async def found(log: Rejections, wanted: RejectionFilter = ALL, **more: int) -> list[Rejection]:
    return [one.rejection for one in await log.latest(wanted, limit=100, **more)]


async def test_what_is_written_is_listed_latest_first(log: Rejections) -> None:
    given = [rejection(3), rejection(2, "overloaded", 7), Rejection(NOW, "failed", "x")]
    await log.write([])
    await log.write(given[:1])
    await log.write(given[1:])
    assert await found(log) == given[::-1]
    [latest, *_] = await log.latest(ALL, limit=1)
    assert await found(log, before=latest.number) == given[1::-1]


async def test_filters_must_all_match(log: Rejections) -> None:
    await log.write([rejection(9, "overloaded", 7), rejection(5, "overloaded", 7), rejection(1, "overloaded")])
    wanted = RejectionFilter(StoreId(7), "overloaded", NOW - timedelta(minutes=6))
    assert await found(log, wanted) == [rejection(5, "overloaded", 7)]
    assert await found(log, RejectionFilter(reason="not_ours")) == []


async def test_what_is_old_or_too_much_is_forgotten(log: Rejections) -> None:
    given = [rejection(minutes) for minutes in range(9, -1, -1)]
    await log.write(given)
    assert await log.forget(before=NOW - timedelta(minutes=7), keep=100) == 2
    assert await log.forget(before=NOW - timedelta(minutes=60), keep=3) == 5
    assert await found(log) == given[:6:-1]
    assert await log.forget(before=NOW - timedelta(minutes=60), keep=3) == 0


class Switched(MemoryRejections):
    is_on = True

    async def write(self, rejections: list[Rejection]) -> None:
        if not self.is_on:
            raise Unavailable("postgres")
        await super().write(rejections)


async def test_while_the_database_is_away_the_latest_are_kept() -> None:
    log, clock = Switched(), ManualClock()
    logging = LogRejections(rejections=log, clock=clock)
    assert await logging.flush() == 0
    log.is_on = False
    for number in range(AT_ONCE + 10):
        logging.note("not_ours", f"topic {number}")
    with pytest.raises(Unavailable):
        await logging.flush()
    logging.note("not_ours", "the last")
    with pytest.raises(Unavailable):
        await logging.flush()
    log.is_on = True
    assert await logging.flush() == AT_ONCE
    topics = [one.rejection.topic for one in await log.latest(ALL, limit=AT_ONCE + 1)]
    assert (topics[0], topics[1], len(topics)) == ("the last", f"topic {AT_ONCE + 9}", AT_ONCE)
    clock.advance((KEEP_DAYS + 1) * 86400)
    assert await logging.prune() == AT_ONCE
