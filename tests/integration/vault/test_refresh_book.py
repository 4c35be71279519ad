"""Who may exchange a generation, and whose tokens are due."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest

from adapters.postgres.refresh_book import CLAIM_DUE
from core.domain.audit import AuditEntry
from core.domain.stores import Install, InstallState
from core.ids import Generation, InstallId, WorkerId
from core.ports.installations import DueRefresh, Intent
from tests.integration.vault.vault_world import LATER, NOW, World
from tests.servers import Database

FIRST = Generation(1)
SOON = NOW + timedelta(minutes=5)


async def _intent(world: World) -> str | None:
    found = await world.pool.fetchval("SELECT state FROM refresh_intents")
    assert found is None or isinstance(found, str)
    return found


async def test_of_fifty_callers_exactly_one_takes_the_exchange(world: World) -> None:
    install = await world.install()
    workers = [await world.worker() for _ in range(5)]
    answers = await asyncio.gather(*(world.book.begin(install.install_id, FIRST, workers[n % 5]) for n in range(50)))
    assert answers.count(Intent.TAKEN) == 1
    assert answers.count(Intent.HELD) == 49


async def test_the_same_worker_is_told_that_its_exchange_is_held(world: World) -> None:
    install, worker = await world.install(), await world.worker()
    assert await world.book.begin(install.install_id, FIRST, worker) is Intent.TAKEN
    assert await world.book.begin(install.install_id, FIRST, worker) is Intent.HELD


async def test_a_dropped_intent_can_be_taken_again(world: World) -> None:
    install, worker, other = await world.install(), await world.worker(), await world.worker()
    await world.book.begin(install.install_id, FIRST, worker)
    await world.book.drop(install.install_id, FIRST, other)
    assert await world.book.begin(install.install_id, FIRST, other) is Intent.HELD
    await world.book.drop(install.install_id, FIRST, worker)
    assert await world.book.begin(install.install_id, FIRST, other) is Intent.TAKEN


async def test_an_exchange_whose_worker_died_is_unknown(world: World) -> None:
    install, worker, other = await world.install(), await world.worker(), await world.worker()
    await world.book.begin(install.install_id, FIRST, worker)
    await world.lose_lease(worker)
    answers = await asyncio.gather(*(world.book.begin(install.install_id, FIRST, other) for _ in range(10)))
    assert set(answers) == {Intent.UNKNOWN}
    await world.pool.execute("DELETE FROM workers WHERE worker_id = $1", worker)
    assert await world.book.begin(install.install_id, FIRST, other) is Intent.UNKNOWN


async def test_a_worker_that_was_forgotten_counts_as_dead(world: World) -> None:
    install, worker, other = await world.install(), await world.worker(), await world.worker()
    await world.book.begin(install.install_id, FIRST, worker)
    await world.pool.execute("DELETE FROM workers WHERE worker_id = $1", worker)
    assert await world.book.begin(install.install_id, FIRST, other) is Intent.UNKNOWN


async def test_a_worker_without_a_lease_takes_nothing(world: World) -> None:
    install, dead = await world.install(), await world.worker(lease=-1)
    assert await world.book.begin(install.install_id, FIRST, dead) is Intent.HELD
    assert await world.book.begin(install.install_id, FIRST, WorkerId(404)) is Intent.HELD
    assert await _intent(world) is None
    assert await world.book.begin(install.install_id, FIRST, await world.worker()) is Intent.TAKEN


async def test_a_lost_answer_leaves_one_last_resort(world: World) -> None:
    install, workers = await world.install(), [await world.worker() for _ in range(5)]
    key = install.install_id, FIRST
    assert not await world.book.take_last_resort(*key, workers[0])
    await world.book.begin(*key, workers[0])
    assert not await world.book.take_last_resort(*key, workers[1])
    await world.book.mark_unknown(*key, workers[0])
    assert await world.book.begin(*key, workers[1]) is Intent.UNKNOWN
    taken = await asyncio.gather(*(world.book.take_last_resort(*key, worker) for worker in workers * 4))
    assert taken.count(True) == 1
    assert await world.book.begin(*key, workers[0]) is Intent.HELD


async def test_after_a_lost_last_resort_the_generation_is_spent(world: World) -> None:
    install, worker = await world.install(), await world.worker()
    key = install.install_id, FIRST
    await world.book.begin(*key, worker)
    await world.book.mark_unknown(*key, worker)
    await world.book.take_last_resort(*key, worker)
    await world.book.mark_unknown(*key, worker)
    assert await world.book.begin(*key, worker) is Intent.SPENT
    assert not await world.book.take_last_resort(*key, worker)
    await world.book.drop(*key, worker)
    assert await world.book.begin(*key, worker) is Intent.SPENT


async def test_a_last_resort_whose_worker_died_is_spent(world: World) -> None:
    install, worker, other = await world.install(), await world.worker(), await world.worker()
    key = install.install_id, FIRST
    await world.book.begin(*key, worker)
    await world.book.mark_unknown(*key, worker)
    await world.book.take_last_resort(*key, worker)
    await world.lose_lease(worker)
    assert await world.book.begin(*key, other) is Intent.SPENT


async def test_a_last_resort_that_was_not_sent_may_be_taken_again(world: World) -> None:
    install, worker, other = await world.install(), await world.worker(), await world.worker()
    key = install.install_id, FIRST
    await world.book.begin(*key, worker)
    await world.book.mark_unknown(*key, worker)
    await world.book.take_last_resort(*key, worker)
    await world.book.drop(*key, worker)
    assert await world.book.begin(*key, other) is Intent.UNKNOWN
    assert await world.book.take_last_resort(*key, other)


async def test_what_is_not_ones_own_is_not_marked(world: World) -> None:
    install, worker, other = await world.install(), await world.worker(), await world.worker()
    await world.book.begin(install.install_id, FIRST, worker)
    await world.book.mark_unknown(install.install_id, FIRST, other)
    assert await _intent(world) == "sending"


async def test_a_generation_that_has_moved_is_never_exchanged_again(world: World) -> None:
    install, worker = await world.install(), await world.worker()
    seen = await world.opened()
    assert await world.book.begin(install.install_id, seen.generation, worker) is Intent.TAKEN
    await world.renew(seen)
    assert await world.book.begin(install.install_id, seen.generation, worker) is Intent.HELD
    assert await _intent(world) is None
    assert await world.book.begin(install.install_id, Generation(2), worker) is Intent.TAKEN


async def test_however_callers_and_the_new_tokens_cross_each_generation_is_taken_once(world: World) -> None:
    """Late callers hold on to the old generation while the winner stores the next one."""
    install = await world.install()
    workers = [await world.worker() for _ in range(4)]
    taken: list[Generation] = []

    async def caller(worker: WorkerId) -> None:
        for _ in range(6):
            seen = await world.opened()
            if await world.book.begin(install.install_id, seen.generation, worker) is Intent.TAKEN:
                taken.append(seen.generation)
                assert await world.renew(seen)

    await asyncio.gather(*(caller(workers[n % 4]) for n in range(16)))
    assert len(taken) == len(set(taken))
    assert (await world.opened()).generation == len(taken) + 1


async def test_an_install_that_is_over_has_nothing_to_exchange(world: World) -> None:
    install, worker = await world.install(), await world.worker()
    await world.end(install)
    assert await world.book.begin(install.install_id, FIRST, worker) is Intent.HELD
    assert await _intent(world) is None


async def _claim(world: World, limit: int = 100, hold: float = 300) -> Sequence[DueRefresh]:
    return await world.book.claim_due(NOW, limit=limit, hold=hold)


async def test_due_installs_are_claimed_once_and_come_back_after_the_hold(world: World) -> None:
    due = [await world.install(store, due=NOW - timedelta(seconds=store)) for store in (1, 2, 3)]
    await world.install(4, due=NOW + timedelta(seconds=1))
    claimed = await _claim(world)
    assert {claim.install_id for claim in claimed} == {install.install_id for install in due}
    assert {(claim.store_id, claim.failures) for claim in claimed} == {(1, 0), (2, 0), (3, 0)}
    assert await _claim(world) == []
    back = await world.book.claim_due(NOW + timedelta(seconds=300), limit=100, hold=1)
    assert {claim.store_id for claim in back} == {1, 2, 3, 4}


async def test_the_longest_due_come_first(world: World) -> None:
    for store in (1, 2, 3, 4):
        await world.install(store, due=NOW - timedelta(hours=store))
    assert {claim.store_id for claim in await _claim(world, limit=2)} == {3, 4}


async def test_concurrent_claims_never_overlap(world: World) -> None:
    for store in range(1, 61):
        await world.install(store, due=NOW)
    claims = await asyncio.gather(*(_claim(world, limit=10) for _ in range(12)))
    stores = [claim.store_id for claimed in claims for claim in claimed]
    stores += [claim.store_id for claim in await _claim(world)]
    assert sorted(stores) == list(range(1, 61))


async def _move(world: World, install: Install, target: InstallState) -> None:
    audit = AuditEntry("install.moved", install.store_id, install.install_id)
    assert await world.installations.change_state(install.install_id, target, audit=audit)


async def test_an_install_that_needs_reauthorization_is_not_due_until_it_is_active_again(world: World) -> None:
    install = await world.install(due=NOW - timedelta(days=1))
    await _move(world, install, InstallState.NEEDS_REAUTHORIZATION)
    assert await _claim(world) == []
    await world.book.postpone(install.install_id, NOW - timedelta(days=1), failed=True)
    assert await _claim(world) == []
    assert await world.pool.fetchval("SELECT due_at = 'infinity' FROM refresh_due")
    await _move(world, install, InstallState.ACTIVE)
    assert await world.pool.fetchval("SELECT due_at BETWEEN now() - interval '1 min' AND now() FROM refresh_due")


async def test_renewed_tokens_keep_their_due_time_when_the_install_becomes_active_again(world: World) -> None:
    install = await world.install(due=NOW)
    await _move(world, install, InstallState.NEEDS_REAUTHORIZATION)
    await world.renew(await world.opened(), due=LATER)
    assert await world.book.claim_due(LATER, limit=10, hold=1) == []
    await _move(world, install, InstallState.ACTIVE)
    assert [claim.store_id for claim in await world.book.claim_due(LATER, limit=10, hold=1)] == [1]


async def test_postponing_sets_the_time_and_counts_failures_up_to_the_next_success(world: World) -> None:
    install = await world.install(due=NOW)
    await world.book.postpone(install.install_id, NOW, failed=True)
    await world.book.postpone(install.install_id, NOW, failed=True)
    await world.book.postpone(install.install_id, NOW, failed=False)
    assert [claim.failures for claim in await _claim(world)] == [2]
    await world.book.postpone(install.install_id, SOON, failed=False)
    assert await world.pool.fetchval("SELECT due_at FROM refresh_due") == SOON
    await world.pool.execute("UPDATE refresh_due SET failures = 32767")
    await world.book.postpone(install.install_id, NOW, failed=True)
    assert [claim.failures for claim in await _claim(world)] == [32767]
    await world.renew(await world.opened(), due=NOW)
    assert [claim.failures for claim in await _claim(world)] == [0]
    await world.book.postpone(InstallId(404), NOW, failed=True)


@pytest.mark.parametrize("statistics", ["fresh", "none"])
async def test_claiming_what_is_due_reads_the_index_and_not_the_tables(
    world: World, database: Database, statistics: str
) -> None:
    await world.pool.execute("""
        INSERT INTO stores (store_id, title, install_id, epoch, state)
        SELECT n, 'x', n, 1, 'active' FROM generate_series(1, 100000) n
    """)
    await world.pool.execute("""
        INSERT INTO installs (install_id, store_id, epoch, state)
        SELECT n, n, 1, 'active' FROM generate_series(1, 100000) n
    """)
    await world.pool.execute(
        "INSERT INTO refresh_due SELECT n, n, $1::timestamptz + make_interval(secs => n - 10000)"
        " FROM generate_series(1, 100000) n",
        NOW,
    )
    if statistics == "fresh":
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            owner.execute("ANALYZE")
    for due in (600, 10_000, 100_000):
        plan = await world.pool.fetch("EXPLAIN " + CLAIM_DUE, NOW + timedelta(seconds=due - 10_000), 500, 300.0)
        text = "\n".join(row[0] for row in plan)
        assert "Index Scan using refresh_due_at" in text, text
        assert not [node for node in ("Seq Scan", "Bitmap", "Sort", "Join") if node in text], text
    assert len(await world.book.claim_due(NOW, limit=500, hold=300)) == 500
