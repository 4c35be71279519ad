"""What installs promise: one live install per store, and an end that touches no other."""

import asyncio

import pytest

from core.domain.event_states import EventState
from core.domain.operations.webhooks import Subscription
from core.domain.stores import InstallState
from core.errors import Stale
from core.ids import EventId, Generation, InstallId, StoreId
from core.ports.installations import Intent
from tests.contract.scenes import (
    audit,
    counts,
    dead_on_arrival,
    detail,
    identity,
    install,
    queued,
    state,
    through_the_mirror,
    tokens,
)
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


async def test_the_first_install_is_active_in_epoch_one(world: LedgerWorld) -> None:
    live = await install(world)
    assert (live.epoch, live.state, live.identity) == (1, InstallState.ACTIVE, identity())
    assert live.ended_at is None
    assert await world.installations.current(STORE) == live


async def test_a_reinstall_ends_the_one_before(world: LedgerWorld) -> None:
    first = await install(world)
    ids = await queued(world, first, 1, 2)
    second = await install(world)
    assert (second.epoch, second.state) == (2, InstallState.ACTIVE)
    assert await world.installations.current(STORE) == second
    assert {await state(world, event_id) for event_id in ids} == {EventState.CANCELLED}
    assert (await detail(world, ids[0])).body is None
    held = await world.vault.open(STORE)
    assert held is not None
    assert held.install_id == second.install_id


async def test_a_reinstall_after_an_uninstall_counts_on(world: LedgerWorld) -> None:
    first = await install(world)
    await world.installations.end(first.install_id, audit=audit())
    assert (await install(world)).epoch == 2


async def test_a_reinstall_brings_the_stores_new_name(world: LedgerWorld) -> None:
    await install(world)
    renamed = await world.installations.activate(
        identity(title="متجر جديد"), InstallId(5), tokens(world), refresh_at=world.now(), audit=audit()
    )
    assert renamed.identity.title == "متجر جديد"


async def test_activating_again_changes_nothing_and_never_revives(world: LedgerWorld) -> None:
    live = await install(world)
    again = await world.installations.activate(
        identity(), live.install_id, tokens(world, "other"), refresh_at=world.now(), audit=audit()
    )
    assert (again.install_id, again.epoch) == (live.install_id, 1)
    await world.installations.end(live.install_id, audit=audit())
    with pytest.raises(Stale):
        await world.installations.activate(
            identity(), live.install_id, tokens(world), refresh_at=world.now(), audit=audit()
        )


async def test_installs_at_once_leave_one_live(world: LedgerWorld) -> None:
    installs = await asyncio.gather(*(install(world) for _ in range(5)))
    assert sorted(one.epoch for one in installs) == [1, 2, 3, 4, 5]
    current = await world.installations.current(STORE)
    assert current is not None
    assert (current.epoch, current.state) == (5, InstallState.ACTIVE)
    held = await world.vault.open(STORE)
    assert held is not None
    assert held.install_id == current.install_id


async def test_the_end_takes_tokens_and_unfinished_work(world: LedgerWorld) -> None:
    live = await install(world)
    ids = await queued(world, live, 1, 2, 3, 4)
    await through_the_mirror(world, ids[:1])
    await through_the_mirror(world, ids[1:2], "courier")
    assert await world.installations.end(live.install_id, audit=audit()) == 3
    assert await counts(world) == {EventState.DONE: 1, EventState.CANCELLED: 3}
    assert [(await detail(world, event_id)).body for event_id in ids] == [ids[0].bytes, None, None, None]
    assert await world.vault.open(STORE) is None
    over = await world.installations.current(STORE)
    assert over is not None
    assert over.state is InstallState.UNINSTALLED
    assert over.ended_at is not None


async def test_the_end_leaves_what_is_finished_as_it_is(world: LedgerWorld) -> None:
    live = await install(world)
    dead = dead_on_arrival(world, live)
    await world.inbox.accept(dead)
    assert await world.installations.end(live.install_id, audit=audit()) == 0
    found = await detail(world, dead.event_id)
    assert (found.summary.state, found.body) == (EventState.DEAD, dead.body)


async def test_a_late_end_of_an_earlier_install_touches_nothing(world: LedgerWorld) -> None:
    first, second = await install(world), await install(world)
    ids = await queued(world, second, 1)
    assert await world.installations.end(first.install_id, audit=audit()) is None
    assert await world.installations.current(STORE) == second
    assert await state(world, ids[0]) is EventState.QUEUED
    assert await world.vault.open(STORE) is not None


async def test_an_end_happens_once(world: LedgerWorld) -> None:
    live = await install(world)
    ended = await asyncio.gather(*(world.installations.end(live.install_id, audit=audit("ended")) for _ in range(4)))
    assert sorted(ended, key=str) == [0, None, None, None]
    written = [record.entry.action for record in await world.log.page()]
    assert written.count("ended") == 1
    assert await world.installations.end(InstallId(404), audit=audit()) is None


async def test_another_stores_install_is_never_touched(world: LedgerWorld) -> None:
    here, there = await install(world), await install(world, OTHER_STORE)
    ids: list[EventId] = await queued(world, there, 1)
    await world.installations.end(here.install_id, audit=audit())
    assert await world.installations.current(OTHER_STORE) == there
    assert await state(world, ids[0]) is EventState.QUEUED
    assert await world.vault.open(OTHER_STORE) is not None


async def test_moving_between_live_states(world: LedgerWorld) -> None:
    live = await install(world)
    change = world.installations.change_state
    assert not await change(live.install_id, InstallState.ACTIVE, audit=audit())
    assert await change(live.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit("moved"))
    assert not await change(live.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    current = await world.installations.current(STORE)
    assert current is not None
    assert current.state is InstallState.NEEDS_REAUTHORIZATION
    assert await change(live.install_id, InstallState.ACTIVE, audit=audit("moved"))
    assert [record.entry.action for record in await world.log.page()].count("moved") == 2


async def test_what_is_over_never_moves_again(world: LedgerWorld) -> None:
    live = await install(world)
    await world.installations.end(live.install_id, audit=audit())
    assert not await world.installations.change_state(live.install_id, InstallState.ACTIVE, audit=audit())
    assert not await world.installations.change_state(InstallId(404), InstallState.ACTIVE, audit=audit())


async def test_webhooks_are_still_taken_while_a_store_needs_reauthorization(world: LedgerWorld) -> None:
    live = await install(world)
    await world.installations.change_state(live.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    [event_id] = await queued(world, live, 1)
    await through_the_mirror(world, [event_id])


async def test_stores_are_listed_by_id_ended_ones_included(world: LedgerWorld) -> None:
    for store_id in (3, 1, 2):
        await install(world, StoreId(store_id))
    gone = await world.installations.current(StoreId(2))
    assert gone is not None
    await world.installations.end(gone.install_id, audit=audit())
    assert [one.store_id for one in await world.installations.page()] == [1, 2, 3]
    assert [one.store_id for one in await world.installations.page(after=StoreId(1), limit=1)] == [2]
    assert list(await world.installations.page(after=StoreId(3))) == []
    assert await world.installations.current(StoreId(404)) is None


async def test_subscriptions_are_what_zid_listed_last(world: LedgerWorld) -> None:
    live = await install(world)
    first = [Subscription(str(n), "order.create", f"https://x/{n}", None, True, None) for n in range(3)]
    await world.installations.note_subscriptions(live.install_id, first)
    assert list(await world.installations.subscriptions(live.install_id)) == first
    last = [Subscription("9", "order.create", "https://x/9", "app", False, "broken")]
    await world.installations.note_subscriptions(live.install_id, last)
    assert list(await world.installations.subscriptions(live.install_id)) == last
    await world.installations.note_subscriptions(live.install_id, [])
    assert list(await world.installations.subscriptions(live.install_id)) == []
    assert list(await world.installations.subscriptions(InstallId(404))) == []


async def test_the_end_takes_the_intents_along(world: LedgerWorld) -> None:
    live = await install(world)
    worker = await world.workers.join("scheduler")
    assert await world.refreshes.begin(live.install_id, Generation(1), worker) is Intent.TAKEN
    await world.installations.end(live.install_id, audit=audit())
    assert await world.refreshes.begin(live.install_id, Generation(1), worker) is not Intent.TAKEN
