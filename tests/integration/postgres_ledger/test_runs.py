"""Runs: one at a time per lane, settled by their holder only, together with their unit of work."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import asyncpg
import psycopg
import pytest

from core.domain.event_states import EventState, Origin
from core.domain.events import BatchResult, ClaimedRun, Failure, SettledEvent, Settlement, WorkItem, WorkKind
from core.errors import LostClaim, Unavailable
from core.ids import EventId, WorkerId
from tests.integration.postgres_ledger.shop import STORE, Shop, eventually, order
from tests.servers import Database, Postgres

DONE = Settlement(EventState.DONE)
DEAD = Settlement(EventState.DEAD, reason="gave up")
CANCELLED = Settlement(EventState.CANCELLED, reason="not wanted")


async def settle(shop: Shop, run: ClaimedRun, settlement: Settlement = DONE) -> list[WorkItem]:
    async with shop.runs.open(run) as scope:
        return list(await scope.settle(settlement))


async def claim_one(shop: Shop, worker: WorkerId, *handlers: str) -> list[ClaimedRun]:
    return await shop.claim(await shop.open_runs(order("a"), *handlers), worker)


@pytest.fixture
async def worker(shop: Shop) -> WorkerId:
    return await shop.workers.join("consumer")


@pytest.fixture
def effects(shop: Shop) -> str:
    shop.owner.execute("CREATE TABLE effects (note text PRIMARY KEY)")
    return "INSERT INTO effects VALUES ($1)"


async def test_a_claim_carries_the_event_and_its_attempt(shop: Shop, worker: WorkerId) -> None:
    [run] = await claim_one(shop, worker, "h")
    assert (run.attempt, run.worker, run.handler, run.event.entity) == (1, worker, "h", order("a"))
    assert run.event.body.startswith(b'{"n"')
    assert run.idempotency_key == f"{run.event.event_id}:h"


async def test_settling_gives_the_lanes_next(shop: Shop, worker: WorkerId) -> None:
    items = [item for _ in range(3) for item in await shop.open_runs(order("a"), "h")]
    for here, following in zip(items, [items[1:2], items[2:3], []], strict=True):
        [run] = await shop.claim(items, worker)
        assert str(run.run_id) == here.id
        assert await settle(shop, run) == following


async def test_a_waiting_run_holds_its_lane_and_a_returned_one_is_next_itself(shop: Shop, worker: WorkerId) -> None:
    first, second = [item for _ in range(2) for item in await shop.open_runs(order("a"), "h")]
    [run] = await shop.claim([first], worker)
    assert await settle(shop, run, Settlement(EventState.QUEUED, counted=False)) == [first]
    [run] = await shop.claim([first, second], worker)
    assert run.attempt == 1
    later = Settlement(EventState.WAITING, due_at=datetime.now(UTC) + timedelta(hours=1))
    assert await settle(shop, run, later) == []
    assert await shop.claim([first, second], worker) == []
    assert list(await shop.events.claimable([first, second])) == []


@pytest.mark.parametrize(("first", "second"), list(product((DONE, DEAD, CANCELLED), repeat=2)))
async def test_two_runs_of_one_event_that_settle_at_once_agree_on_its_end(
    shop: Shop, worker: WorkerId, first: Settlement, second: Settlement
) -> None:
    expected = next(s for s in (EventState.DEAD, EventState.DONE, EventState.CANCELLED) if s in _states(first, second))
    for number in range(5):
        runs = await shop.claim(await shop.open_runs(order(number), "x", "y"), worker)
        await asyncio.gather(settle(shop, runs[0], first), settle(shop, runs[1], second))
        detail = await shop.reader.event(runs[0].event.event_id)
        assert detail is not None
        assert detail.summary.state is expected
        assert detail.summary.reason == {EventState.DEAD: "gave up", EventState.CANCELLED: "not wanted"}.get(expected)
        assert detail.summary.settled_at is not None
    assert await shop.value("SELECT sum(open_runs) FROM events") == 0


def _states(*settlements: Settlement) -> set[EventState]:
    return {settlement.state for settlement in settlements}


async def test_settling_meets_the_other_run_at_the_event(shop: Shop, worker: WorkerId, database: Database) -> None:
    """The second settle starts while the first is not committed: it must count from what the first leaves."""
    runs = await shop.claim(await shop.open_runs(order("a"), "x", "y"), worker)
    event_id = runs[0].event.event_id
    with psycopg.connect(database.owner_dsn) as first:
        first.execute("UPDATE runs SET state = 'dead' WHERE run_id = %s", [runs[0].run_id])
        first.execute("UPDATE events SET open_runs = 1, dead_runs = 1 WHERE event_id = %s", [event_id])
        second = asyncio.create_task(settle(shop, runs[1]))
        await eventually(lambda: _somebody_waits_for_a_lock(shop))
        first.commit()
    await second
    assert await shop.state(event_id) is EventState.DEAD


async def _somebody_waits_for_a_lock(shop: Shop) -> bool:
    return bool(await shop.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_eight_claimers_never_get_the_same_run_nor_two_of_one_lane(shop: Shop) -> None:
    events = await shop.deliver(*(order(n % 12) for n in range(120)))
    async with shop.events.open_batch(events, limit=200) as batch:
        items = await batch.commit(BatchResult([SettledEvent(event_id, ("x", "y")) for event_id in events]))
    handled: Counter[int] = Counter()
    busy: set[tuple[str, str]] = set()

    async def work(worker: WorkerId) -> None:
        while await shop.value("SELECT EXISTS (SELECT FROM runs WHERE state = 'queued')"):
            for run in await shop.claim(items, worker):
                lane = (run.event.entity.id, run.handler)
                assert lane not in busy
                busy.add(lane)
                handled[run.run_id] += 1
                await asyncio.sleep(0)
                busy.remove(lane)
                await settle(shop, run)

    await asyncio.gather(*[work(await shop.workers.join("consumer")) for _ in range(8)])
    assert set(handled.values()) == {1}
    assert len(handled) == 240
    books = (await shop.reader.books()).of(Origin.ZID)
    assert books.states == {EventState.DONE: 120}


async def _late_run(shop: Shop, entity_id: str, seq: int) -> int:
    """A run that a slow transaction numbered before the runs that are there."""
    shop.owner.execute(
        """
        INSERT INTO runs (event_id, handler, store_id, install_id, lane, seq, state)
        SELECT gen_random_uuid(), handler, store_id, install_id, lane, %s, 'queued' FROM runs LIMIT 1
        """,
        [seq],
    )
    found = shop.owner.execute(
        "UPDATE runs r SET event_id = e.event_id FROM events e WHERE r.seq = %s AND e.entity_id = %s RETURNING run_id",
        [seq, entity_id],
    ).fetchone()
    assert found is not None
    return int(found[0])


async def test_a_run_with_a_lower_number_waits_while_its_lane_is_running(shop: Shop, worker: WorkerId) -> None:
    await shop.deliver(order("b"))
    [run] = await claim_one(shop, worker, "h")
    late = await _late_run(shop, "b", 0)
    item = WorkItem(WorkKind.RUN, str(late), STORE)
    assert list(await shop.events.claimable([item])) == []
    assert item not in await shop.events.backlog(limit=10)
    assert await shop.runs.claim([late], worker) == []
    assert await settle(shop, run) == [item]
    assert [claimed.run_id for claimed in await shop.runs.claim([late], worker)] == [late]


async def test_two_claims_that_meet_in_one_lane_get_one_run_between_them(
    shop: Shop, worker: WorkerId, database: Database
) -> None:
    await shop.deliver(order("b"))
    [item] = await shop.open_runs(order("a"), "h")
    free = await shop.open_runs(order("c"), "h")
    late = await _late_run(shop, "b", 0)
    with psycopg.connect(database.owner_dsn) as other:
        other.execute("UPDATE runs SET state = 'running' WHERE run_id = %s", [int(item.id)])
        claiming = asyncio.create_task(shop.runs.claim([late, int(free[0].id)], worker))
        await eventually(lambda: _somebody_waits_for_a_lock(shop))
        other.commit()
    assert [run.run_id for run in await claiming] == [int(free[0].id)]


async def test_a_claim_without_a_live_lease_gets_nothing(shop: Shop, worker: WorkerId) -> None:
    items = await shop.open_runs(order("a"), "h")
    shop.expire_lease(worker)
    assert await shop.claim(items, worker) == []
    assert not await shop.workers.renew(worker)
    assert await shop.claim(items, WorkerId(987654)) == []


async def test_nothing_of_a_dead_install_is_claimed(shop: Shop, worker: WorkerId) -> None:
    items = await shop.open_runs(order("a"), "h")
    shop.end_install()
    assert await shop.claim(items, worker) == []
    assert list(await shop.events.claimable(items)) == []


async def test_a_frozen_worker_that_wakes_commits_nothing(shop: Shop, worker: WorkerId, effects: str) -> None:
    [run] = await claim_one(shop, worker, "h")
    async with shop.runs.open(run) as scope:
        async with scope.unit_of_work as app:
            await app.execute(effects, "frozen")
        shop.expire_lease(worker)
        [released] = await shop.maintenance.release_orphans()
        successor = await shop.workers.join("consumer")
        [again] = await shop.claim([released], successor)
        with pytest.raises(LostClaim):
            await scope.settle(DONE)
    assert (again.attempt, again.fence) == (2, run.fence + 1)
    await settle(shop, again)
    assert await shop.value("SELECT count(*) FROM effects") == 0
    assert await shop.state(run.event.event_id) is EventState.DONE


async def test_another_worker_or_an_old_fence_is_refused(shop: Shop, worker: WorkerId) -> None:
    [old] = await claim_one(shop, worker, "h")
    [item] = await shop.runs.give_back(worker)
    [new] = await shop.claim([item], worker)
    with pytest.raises(LostClaim):
        await settle(shop, replace(new, worker=WorkerId(worker - 1)))
    assert (new.attempt, new.fence) == (1, old.fence + 1)
    with pytest.raises(LostClaim):
        await settle(shop, old)
    await settle(shop, new)
    with pytest.raises(LostClaim):
        await settle(shop, new)


async def test_effects_are_committed_with_the_settle_and_not_before(shop: Shop, worker: WorkerId, effects: str) -> None:
    [run] = await claim_one(shop, worker, "h")
    async with shop.runs.open(run) as scope:
        async with scope.unit_of_work as app:
            assert scope.in_unit_of_work
            await app.execute(effects, "kept")
            assert await app.fetch("SELECT note FROM effects") == [{"note": "kept"}]
        assert not scope.in_unit_of_work
        assert await shop.value("SELECT count(*) FROM effects") == 0
        async with scope.unit_of_work as app:
            await app.execute(effects, "kept too")
        await scope.settle(DONE)
    assert await shop.value("SELECT count(*) FROM effects") == 2


@pytest.mark.parametrize(
    "settlement",
    [DEAD, CANCELLED, Settlement(EventState.QUEUED), Settlement(EventState.WAITING, due_at=datetime.now(UTC))],
)
async def test_only_a_done_run_keeps_its_effects(
    shop: Shop, worker: WorkerId, effects: str, settlement: Settlement
) -> None:
    [run] = await claim_one(shop, worker, "h")
    async with shop.runs.open(run) as scope:
        async with scope.unit_of_work as app:
            await app.execute(effects, "dropped")
        await scope.settle(settlement)
    assert await shop.value("SELECT count(*) FROM effects") == 0
    assert await shop.value("SELECT state FROM runs") == settlement.state


async def test_an_exception_inside_the_unit_of_work_rolls_it_back(shop: Shop, worker: WorkerId, effects: str) -> None:
    [run] = await claim_one(shop, worker, "h")
    async with shop.runs.open(run) as scope:
        with pytest.raises(ZeroDivisionError):
            await _divide_inside(scope.unit_of_work, effects)
        await scope.settle(DONE)
    assert await shop.value("SELECT count(*) FROM effects") == 0
    assert await shop.state(run.event.event_id) is EventState.DONE


async def _divide_inside(unit_of_work, effects: str) -> None:  # type: ignore[no-untyped-def]
    async with unit_of_work as app:
        await app.execute(effects, "dropped")
        _ = 1 // 0


async def test_leaving_without_settle_keeps_nothing(shop: Shop, worker: WorkerId, effects: str) -> None:
    [run] = await claim_one(shop, worker, "h")
    async with shop.runs.open(run) as scope, scope.unit_of_work as app:
        await app.execute(effects, "dropped")
    assert await shop.value("SELECT count(*) FROM effects") == 0
    assert await shop.value("SELECT state FROM runs") == "running"


async def test_a_swallowed_sql_error_fails_the_unit_of_work(shop: Shop, worker: WorkerId, effects: str) -> None:
    [run] = await claim_one(shop, worker, "h")
    async with shop.runs.open(run) as scope:
        with pytest.raises(RuntimeError, match="failed"):
            await _swallow_inside(scope.unit_of_work, effects)
        await scope.settle(DONE)


async def _swallow_inside(unit_of_work, effects: str) -> None:  # type: ignore[no-untyped-def]
    async with unit_of_work as app:
        await app.execute(effects, "once")
        with pytest.raises(asyncpg.UniqueViolationError):
            await app.execute(effects, "once")


async def test_misuse_is_refused(shop: Shop, worker: WorkerId) -> None:
    [run] = await claim_one(shop, worker, "h")
    async with shop.runs.open(run) as scope:
        async with scope.unit_of_work as app:
            with pytest.raises(RuntimeError, match="leave the unit of work"):
                await scope.settle(DONE)
            with pytest.raises(RuntimeError, match="already inside"):
                await scope.unit_of_work.__aenter__()
        with pytest.raises(RuntimeError, match="is over"):
            await app.execute("SELECT 1")
        with pytest.raises(ValueError, match="erased"):
            await scope.settle(Settlement(EventState.ERASED))


async def test_what_the_app_sets_in_its_session_stays_there(shop: Shop, worker: WorkerId) -> None:
    for number in range(3):
        [run] = await shop.claim(await shop.open_runs(order(number), "h"), worker)
        async with shop.runs.open(run) as scope:
            async with scope.unit_of_work as app:
                assert await app.fetch("SHOW statement_timeout") == [{"statement_timeout": "15s"}]
                await app.execute("SET statement_timeout = '77s'")
            await scope.settle(DONE)


async def test_a_settle_is_carried_through_when_its_caller_is_cancelled(
    shop: Shop, worker: WorkerId, effects: str, database: Database
) -> None:
    [run] = await claim_one(shop, worker, "h")

    async def handle() -> None:
        async with shop.runs.open(run) as scope:
            async with scope.unit_of_work as app:
                await app.execute(effects, "kept")
            await scope.settle(DONE)

    with psycopg.connect(database.owner_dsn) as holder:
        holder.execute("SELECT FROM runs WHERE run_id = %s FOR UPDATE", [run.run_id])
        handling = asyncio.create_task(handle())
        await eventually(lambda: _somebody_waits_for_a_lock(shop))
        handling.cancel()
        await asyncio.wait({handling}, timeout=0.05)
        holder.rollback()
    await asyncio.wait({handling})
    assert handling.cancelled()
    assert await shop.value("SELECT count(*) FROM effects") == 1
    assert await shop.state(run.event.event_id) is EventState.DONE


async def test_a_cut_connection_keeps_neither_effects_nor_settle(
    shop: Shop, worker: WorkerId, effects: str, database: Database, postgres_server: Postgres
) -> None:
    [run] = await claim_one(shop, worker, "h")
    async with shop.runs.open(run) as scope:
        async with scope.unit_of_work as app:
            await app.execute(effects, "kept at the second try only")
        with psycopg.connect(postgres_server.admin_url, autocommit=True) as admin:
            cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND usename = %s"
            admin.execute(cut, [database.name, "wasl_app"])
        with pytest.raises(Unavailable):
            await scope.settle(DONE)
        await scope.settle(Settlement(EventState.QUEUED, counted=False))
    assert await shop.value("SELECT count(*) FROM effects") == 0
    assert await shop.value("SELECT state FROM runs") == "queued"


async def test_a_failure_is_kept_with_the_run(shop: Shop, worker: WorkerId) -> None:
    [run] = await claim_one(shop, worker, "h")
    failure = Failure("ValueError", "bad \0 byte", "Traceback …")
    await settle(shop, run, Settlement(EventState.DEAD, reason="bad \0 byte", failure=failure))
    assert await shop.value("SELECT failure FROM runs") == {
        "type": "ValueError",
        "message": "bad \ufffd byte",
        "traceback": "Traceback …",
    }
    assert await shop.state(EventId(run.event.event_id)) is EventState.DEAD


async def test_runs_of_many_workers_come_back_when_these_die(shop: Shop) -> None:
    living, dying = await shop.workers.join("consumer"), await shop.workers.join("consumer")
    [mine] = await shop.claim(await shop.open_runs(order("a"), "h"), living)
    [theirs] = await shop.claim(await shop.open_runs(order("b"), "h"), dying)
    shop.owner.execute(
        "INSERT INTO refresh_intents (install_id, generation, worker_id, state) VALUES (1, 1, %s, 'sending'),"
        " (2, 1, %s, 'sending'), (3, 1, %s, 'last_resort')",
        [dying, living, dying],
    )
    shop.expire_lease(dying)
    assert [item.id for item in await shop.maintenance.release_orphans()] == [str(theirs.run_id)]
    assert await shop.maintenance.release_orphans() == []
    assert await shop.value("SELECT array_agg(worker_id) FROM workers") == [living]
    assert await shop.value("SELECT array_agg(state ORDER BY install_id) FROM refresh_intents") == [
        "unknown",
        "sending",
        "last_resort",
    ]
    await settle(shop, mine)


async def test_a_run_whose_worker_is_already_forgotten_comes_back_too(shop: Shop, worker: WorkerId) -> None:
    [run] = await claim_one(shop, worker, "h")
    await shop.workers.leave(worker)
    assert [item.id for item in await shop.maintenance.release_orphans()] == [str(run.run_id)]
    assert list(await shop.events.backlog(STORE, limit=5)) == [
        WorkItem(kind=item.kind, id=item.id, store_id=STORE) for item in await shop.events.backlog(limit=5)
    ]
