"""Installs begin, change and end; whatever runs at the same time, no other install is touched."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from adapters.postgres.connection import Connection, transaction
from core.domain.audit import AuditEntry
from core.domain.event_states import UNFINISHED
from core.domain.operations.webhooks import Subscription
from core.domain.stores import Install, InstallState, StoreIdentity
from core.errors import Conflict, Stale
from core.ids import InstallId, StoreId
from tests.integration.vault.vault_world import LATER, NOW, World, some_tokens
from tests.integration.vault.work_rows import add_backlog, add_event, add_run, event_states, run_states

ACTIVE, NEEDS, OVER = InstallState.ACTIVE, InstallState.NEEDS_REAUTHORIZATION, InstallState.UNINSTALLED
NOTHING = {"tokens": 0, "data_keys": 0, "refresh_due": 0, "refresh_intents": 0}


async def _live(world: World) -> list[tuple[int, int]]:
    rows = await world.pool.fetch("SELECT store_id, epoch FROM installs WHERE state <> 'uninstalled' ORDER BY 1, 2")
    return [tuple(row) for row in rows]


async def _move(world: World, install: Install, target: InstallState) -> bool:
    audit = AuditEntry("install.moved", install.store_id, install.install_id)
    return await world.installations.change_state(install.install_id, target, audit=audit)


async def _current(world: World, store: int = 1) -> Install:
    found = await world.installations.current(StoreId(store))
    assert found is not None
    return found


async def test_a_new_install_is_the_stores_current_one(world: World) -> None:
    identity = StoreIdentity(StoreId(9), "u-9", "متجر التجربة", "https://nine.example", "SAR")
    audit = AuditEntry("install.activated", StoreId(9), InstallId(99), "merchant", "req-1", {"epoch": 1})
    install = await world.installations.activate(identity, InstallId(99), some_tokens(), refresh_at=LATER, audit=audit)
    assert (install.identity, install.install_id, install.epoch, install.state) == (identity, 99, 1, ACTIVE)
    assert install.ended_at is None
    assert await world.installations.current(StoreId(9)) == install
    assert await world.pool.fetchval("SELECT due_at FROM refresh_due WHERE install_id = 99") == LATER


async def test_a_reinstall_ends_the_install_before_and_says_so(world: World) -> None:
    first = await world.install()
    await world.book.begin(first.install_id, (await world.opened()).generation, await world.worker())
    await add_event(world.pool, first, "queued")
    second = await world.install()
    assert (second.epoch, await _live(world)) == (2, [(1, 2)])
    assert await world.rows_of(first) == NOTHING
    assert await event_states(world.pool, first) == Counter(cancelled=1)
    ended = await world.pool.fetchrow("SELECT install_id, details FROM audit WHERE action = 'install.superseded'")
    assert ended["install_id"] == first.install_id
    assert ended["details"] == {"cancelled_events": 1, "by_install": second.install_id}


async def test_a_reinstall_after_an_uninstall_counts_on(world: World) -> None:
    await world.end(await world.install())
    again = await world.install()
    assert (again.epoch, again.state) == (2, ACTIVE)
    assert (await world.opened()).install_id == again.install_id


async def test_activating_the_same_install_again_changes_nothing(world: World) -> None:
    tokens = some_tokens()
    first = await world.install(tokens=tokens)
    again = await world.install(tokens=some_tokens(), install_id=first.install_id)
    assert again == first
    assert (await world.opened()).tokens == tokens
    assert await world.audited() == ["install.activated"]


async def test_an_install_that_was_superseded_cannot_come_back(world: World) -> None:
    first = await world.install()
    second = await world.install()
    with pytest.raises(Stale):
        await world.install(install_id=first.install_id)
    assert await _current(world) == second
    assert (await world.opened()).install_id == second.install_id


@pytest.mark.parametrize("known_before", [False, True])
async def test_concurrent_installs_of_one_store_give_one_live_install_and_epochs_in_a_row(
    world: World, known_before: bool
) -> None:
    if known_before:
        await world.install()
    installs = await asyncio.gather(*(world.install() for _ in range(20)))
    first = 1 + known_before
    assert sorted(install.epoch for install in installs) == list(range(first, first + 20))
    last = max(installs, key=lambda install: install.epoch)
    assert await _live(world) == [(1, last.epoch)]
    assert (await world.opened()).install_id == last.install_id
    assert await world.pool.fetchval("SELECT count(*) FROM tokens") == 1
    assert await world.pool.fetchval("SELECT count(*) FROM refresh_due") == 1


async def test_concurrent_installs_of_different_stores_do_not_wait_for_each_other(world: World) -> None:
    await asyncio.gather(*(world.install(store) for store in range(1, 16)))
    assert await _live(world) == [(store, 1) for store in range(1, 16)]


async def test_stores_are_listed_in_pages_by_id(world: World) -> None:
    for store in (5, 3, 9, 1):
        await world.install(store)
    await world.end(await _current(world, 3))
    first = await world.installations.page(limit=3)
    assert [(i.store_id, i.state) for i in first] == [(1, ACTIVE), (3, OVER), (5, ACTIVE)]
    assert [i.store_id for i in await world.installations.page(after=StoreId(5), limit=3)] == [9]


async def test_the_state_moves_both_ways_once(world: World) -> None:
    install = await world.install()
    assert not await _move(world, install, ACTIVE)
    assert await _move(world, install, NEEDS)
    assert not await _move(world, install, NEEDS)
    assert (await _current(world)).state is NEEDS
    assert await _move(world, install, ACTIVE)
    assert (await _current(world)).state is ACTIVE
    assert not await _move(world, install, OVER)
    assert await world.audited() == ["install.activated", "install.moved", "install.moved"]


async def test_the_state_of_an_install_that_is_over_stays(world: World) -> None:
    first = await world.install()
    second = await world.install()
    assert not await _move(world, first, NEEDS)
    await world.end(second)
    assert not await _move(world, second, ACTIVE)
    assert (await _current(world)).state is OVER


async def test_of_many_who_move_the_state_one_does(world: World) -> None:
    install = await world.install()
    moved = await asyncio.gather(*(_move(world, install, NEEDS) for _ in range(10)))
    assert moved.count(True) == 1
    assert (await world.audited()).count("install.moved") == 1


async def test_an_end_leaves_nothing_that_could_be_opened_and_no_unfinished_work(world: World) -> None:
    install, other = await world.install(1), await world.install(2)
    await world.book.begin(install.install_id, (await world.opened()).generation, await world.worker())
    for event, run in (
        ("queued", None), ("waiting", None), ("running", "queued"), ("running", "running"), ("running", "waiting"),
        ("done", "done"), ("dead", None), ("cancelled", None),
    ):  # fmt: skip
        await add_event(world.pool, install, event, run)
    await add_event(world.pool, other, "queued", "queued")
    assert await world.end(install) == 5
    assert await event_states(world.pool, install) == Counter(cancelled=6, done=1, dead=1)
    assert await run_states(world.pool, install) == Counter(cancelled=3, done=1)
    assert await world.rows_of(install) == NOTHING
    assert (await _current(world)).ended_at is not None
    assert await event_states(world.pool, other) == Counter(queued=1)
    assert await run_states(world.pool, other) == Counter(queued=1)
    assert (await world.opened(2)).install_id == other.install_id
    left = await world.pool.fetch("""
        SELECT state, body, settled_at, open_runs, size FROM events WHERE install_id = $1 AND reason IS NOT NULL
    """, install.install_id)  # fmt: skip
    assert {(row["state"], row["body"], row["open_runs"], row["size"]) for row in left} == {("cancelled", None, 0, 4)}
    assert all(row["settled_at"] for row in left)
    details = await world.pool.fetchval("SELECT details FROM audit WHERE action = 'install.ended'")
    assert details == {"cancelled_events": 5}


async def test_an_install_ends_once(world: World) -> None:
    install = await world.install()
    await add_event(world.pool, install, "queued")
    ends = await asyncio.gather(*(world.end(install) for _ in range(8)))
    assert sorted(ends, key=str) == [1, *[None] * 7]
    assert (await world.audited()).count("install.ended") == 1


async def test_a_late_end_of_an_earlier_install_touches_nothing(world: World) -> None:
    first, second = await world.install(), await world.install()
    await add_event(world.pool, second, "queued")
    await world.installations.note_subscriptions(second.install_id, [_subscription("1")])
    before = await world.audited()
    assert await world.end(first) is None
    assert await world.end(Install(first.identity, InstallId(12345), first.epoch, ACTIVE, NOW)) is None
    assert await _current(world) == second
    assert await event_states(world.pool, second) == Counter(queued=1)
    assert (await world.opened()).install_id == second.install_id
    assert await world.installations.subscriptions(second.install_id) == [_subscription("1")]
    assert await world.audited() == before


async def test_an_end_waits_for_a_batch_and_cancels_what_the_batch_opened(world: World) -> None:
    install = await world.install()
    event_id = await add_event(world.pool, install, "queued")
    async with transaction(world.pool) as batch:
        await batch.execute("SELECT FROM events WHERE event_id = $1 FOR UPDATE", event_id)
        ending = asyncio.create_task(world.end(install))
        await _until_held_up_by(batch, world)
        await batch.execute("UPDATE events SET state = 'running', open_runs = 1 WHERE event_id = $1", event_id)
        await add_event(batch, install, "running", "queued")
        await add_event(batch, install, "done")
    assert await ending == 2
    assert await event_states(world.pool, install) == Counter(cancelled=2, done=1)
    assert await run_states(world.pool, install) == Counter(cancelled=1)


async def test_a_delivery_that_comes_in_during_an_end_is_cancelled_too(world: World) -> None:
    """Ingest looks at the store's row FOR SHARE: an end waits for it, or it sees the end."""
    install = await world.install()
    async with transaction(world.pool) as ingest:
        await ingest.execute("SELECT FROM stores WHERE store_id = 1 FOR SHARE")
        await add_event(ingest, install, "queued")
        ending = asyncio.create_task(world.end(install))
        await _until_held_up_by(ingest, world)
    assert await ending == 1
    assert await event_states(world.pool, install) == Counter(cancelled=1)


async def test_work_that_a_batch_opens_at_the_very_last_moment_is_cancelled_too(world: World) -> None:
    """The event came in and was claimed after the backlog was cancelled, before the store's row was locked."""
    install = await world.install()
    async with transaction(world.pool) as batch:
        async with transaction(world.pool) as ingest:
            await ingest.execute("SELECT FROM stores WHERE store_id = 1 FOR SHARE")
            ending = asyncio.create_task(world.end(install))
            await _until_held_up_by(ingest, world)
            event_id = await add_event(world.pool, install, "queued")
            await batch.execute("UPDATE events SET state = 'running', open_runs = 1 WHERE event_id = $1", event_id)
        await _until_held_up_by(batch, world)
        await add_run(batch, install, event_id, "queued")
        await add_event(batch, install, "running", "queued")
    assert await ending == 2
    assert await event_states(world.pool, install) == Counter(cancelled=2)
    assert await run_states(world.pool, install) == Counter(cancelled=2)


async def test_an_end_is_about_the_install_and_not_about_its_store(world: World) -> None:
    install = await world.install()
    other = replace(install, install_id=InstallId(77))
    await add_event(world.pool, other, "queued", "queued")
    assert await world.end(install) == 0
    assert await event_states(world.pool, other) == Counter(queued=1)
    assert await run_states(world.pool, other) == Counter(queued=1)


async def test_rows_that_contradict_each_other_end_nothing(world: World) -> None:
    install = await world.install()
    await add_event(world.pool, install, "queued")
    await world.pool.execute("UPDATE stores SET install_id = 77")
    with pytest.raises(Conflict, match=str(install.install_id)):
        await world.end(install)
    assert await event_states(world.pool, install) == Counter(queued=1)
    assert (await world.rows_of(install))["tokens"] == 1


@pytest.mark.parametrize("ending_by", [World.end, lambda world, _: world.install()], ids=["end", "reinstall"])
async def test_deliveries_come_in_while_a_long_backlog_is_cancelled(
    world: World, ending_by: Callable[[World, Install], Awaitable[object]]
) -> None:
    install = await world.install()
    await add_backlog(world.pool, install, 2000)
    async with transaction(world.pool) as batch:
        await batch.execute("SELECT FROM events ORDER BY seq DESC LIMIT 1 FOR UPDATE")
        ending = asyncio.create_task(ending_by(world, install))
        await _until_held_up_by(batch, world)
        async with transaction(world.pool) as ingest:
            await ingest.execute("SELECT FROM stores WHERE store_id = 1 FOR SHARE NOWAIT")
            await add_event(ingest, install, "queued")
    await ending
    assert await event_states(world.pool, install) == Counter(cancelled=2001)


async def test_a_deadlock_with_the_last_run_that_settles_is_survived(world: World) -> None:
    """Settling locks a run, then its event; an end that waited for the batch which opened the run has the event."""
    install = await world.install()
    event_id = await add_event(world.pool, install, "queued")
    async with transaction(world.pool) as settling:
        async with transaction(world.pool) as ingest:
            await ingest.execute("SELECT FROM stores WHERE store_id = 1 FOR SHARE")
            async with transaction(world.pool) as batch:
                await batch.execute("UPDATE events SET state = 'running', open_runs = 1 WHERE event_id = $1", event_id)
                ending = asyncio.create_task(world.end(install))
                await _until_held_up_by(batch, world)
                await add_run(batch, install, event_id, "running")
            await _until_held_up_by(ingest, world)
            await settling.execute("UPDATE runs SET state = 'done' WHERE event_id = $1", event_id)
        await _until_held_up_by(settling, world)
        await settling.execute("UPDATE events SET state = 'done', open_runs = 0 WHERE event_id = $1", event_id)
    assert await ending == 0
    assert await event_states(world.pool, install) == Counter(done=1)
    assert await run_states(world.pool, install) == Counter(done=1)
    assert (await _current(world)).state is OVER


async def test_the_statements_that_cancel_name_exactly_the_unfinished_states(world: World) -> None:
    install = await world.install()
    every = await world.pool.fetchval("""
        SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'events_state_check'
    """)
    states = [
        state for state in ("queued", "running", "waiting", "done", "dead", "cancelled", "erased") if state in every
    ]
    for state in states:
        await add_event(world.pool, install, state)
    assert await world.end(install) == len(UNFINISHED)
    kept = {state for state in states if state not in UNFINISHED}
    assert set(await event_states(world.pool, install)) == kept


async def test_what_zid_listed_last_is_remembered_for_each_install(world: World) -> None:
    first, other = await world.install(1), await world.install(2)
    note = world.installations.note_subscriptions
    await note(first.install_id, [_subscription("1"), _subscription("2"), _subscription("2", active=False)])
    await note(other.install_id, [_subscription("1")])
    listed = await world.installations.subscriptions(first.install_id)
    assert sorted(listed, key=lambda s: s.id) == [_subscription("1"), _subscription("2", active=False)]
    await note(first.install_id, [])
    assert await world.installations.subscriptions(first.install_id) == []
    assert await world.installations.subscriptions(other.install_id) == [_subscription("1")]
    await note(InstallId(404), [_subscription("1")])
    assert await world.installations.subscriptions(InstallId(404)) == []


async def test_lists_noted_at_once_are_never_mixed(world: World) -> None:
    install = await world.install()
    lists = [[_subscription(f"{n}-{i}") for i in range(5)] for n in range(8)]
    await asyncio.gather(*(world.installations.note_subscriptions(install.install_id, found) for found in lists))
    left = await world.installations.subscriptions(install.install_id)
    assert sorted(left, key=lambda s: s.id) in lists


def _subscription(number: str, *, active: bool = True) -> Subscription:
    return Subscription(number, "order.create", f"https://app.example/{number}", f"orig-{number}", active, "healthy")


async def _until_held_up_by(holder: Connection, world: World) -> None:
    """Until another session waits for a lock of the holder's transaction; fails after thirty seconds."""
    pid = await holder.fetchval("SELECT pg_backend_pid()")
    statement = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
    async with asyncio.timeout(30):
        while not await world.pool.fetchval(statement, pid):
            await asyncio.sleep(0.01)
