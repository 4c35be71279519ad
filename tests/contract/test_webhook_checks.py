"""What the book of looks at webhooks promises."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from core.domain.stores import Install, InstallState
from core.domain.webhook_states import WebhookState
from core.ids import StoreId
from tests.contract.scenes import audit, install, queued
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

EVERY = timedelta(minutes=15)
HOLD = timedelta(minutes=5)
WELL, BROKEN, MISSING = WebhookState.HEALTHY, WebhookState.BROKEN, WebhookState.MISSING


async def due(world: LedgerWorld, limit: int = 10) -> Sequence[StoreId]:
    return sorted(await world.webhook_checks.claim_due(every=EVERY, hold=HOLD, limit=limit))


async def noted(world: LedgerWorld, live: Install, *, complete: bool = True, **states: WebhookState) -> None:
    named = {name.replace("_", "."): state for name, state in states.items()}
    problems = {} if complete else {"order.create": "Zid does not list it"}
    await world.webhook_checks.note(live.install_id, states=named, problems=problems, complete=complete, next_in=EVERY)


async def test_a_new_install_is_looked_at_after_a_minute(world: LedgerWorld) -> None:
    await install(world)
    assert await due(world) == []
    await world.hands.let_time_pass(timedelta(seconds=61))
    assert await due(world) == [STORE]


async def test_a_claimed_one_comes_back_unless_it_is_noted(world: LedgerWorld) -> None:
    live = await install(world)
    await due(world)
    await world.hands.let_time_pass(timedelta(minutes=2))
    assert await due(world) == [STORE]
    assert await due(world) == []
    await world.hands.let_time_pass(HOLD + timedelta(seconds=1))
    assert await due(world) == [STORE], "its worker died"
    await noted(world, live)
    await world.hands.let_time_pass(HOLD + timedelta(seconds=1))
    assert await due(world) == []
    await world.hands.let_time_pass(EVERY)
    assert await due(world) == [STORE]


async def test_each_is_given_to_one_of_many_callers(world: LedgerWorld) -> None:
    for store in (STORE, OTHER_STORE):
        await install(world, store)
    await due(world)
    await world.hands.let_time_pass(timedelta(minutes=2))
    found = await asyncio.gather(*(due(world) for _ in range(4)))
    assert sorted(store for stores in found for store in stores) == [STORE, OTHER_STORE]


async def test_only_active_installs_are_looked_at(world: LedgerWorld) -> None:
    live, over = await install(world), await install(world, OTHER_STORE)
    await due(world)
    await world.installations.change_state(live.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=audit())
    await world.installations.end(over.install_id, audit=audit())
    await world.hands.let_time_pass(timedelta(minutes=2))
    assert await due(world) == []


async def test_what_was_found_is_kept(world: LedgerWorld) -> None:
    live = await install(world)
    assert await world.webhook_checks.of_install(live.install_id) is None
    await due(world)
    assert await world.webhook_checks.of_install(live.install_id) is None, "nobody has looked"
    await noted(world, live, order_create=WELL)
    well = await world.webhook_checks.of_install(live.install_id)
    assert well is not None
    assert (well.store_id, well.states, well.problems) == (STORE, {"order.create": WELL}, {})
    assert well.complete_at is not None
    await noted(world, live, complete=False, order_create=MISSING)
    ill = await world.webhook_checks.of_install(live.install_id)
    assert ill is not None
    assert (ill.states, ill.problems) == ({"order.create": MISSING}, {"order.create": "Zid does not list it"})
    assert ill.complete_at == well.complete_at, "when all was well last"


async def test_states_are_counted_over_live_installs(world: LedgerWorld) -> None:
    live, other = await install(world), await install(world, OTHER_STORE)
    await noted(world, live, order_create=WELL, product_update=BROKEN)
    await noted(world, other, order_create=WELL)
    zero = dict.fromkeys(WebhookState, 0)
    assert await world.webhook_checks.totals() == {**zero, WELL: 2, BROKEN: 1}
    await world.installations.end(other.install_id, audit=audit())
    assert await world.webhook_checks.totals() == {**zero, WELL: 1, BROKEN: 1}
    await noted(world, other, order_create=WELL)
    assert await world.webhook_checks.totals() == {**zero, WELL: 1, BROKEN: 1}, "it is over"


async def test_the_last_delivery_of_each_topic_is_known(world: LedgerWorld) -> None:
    live = await install(world)
    assert await world.webhook_checks.heard(live.install_id) == {}
    await queued(world, live, 1, 2)
    [(topic, at)] = (await world.webhook_checks.heard(live.install_id)).items()
    assert topic.startswith("order.")
    assert abs(at - world.now()) < timedelta(minutes=10)
