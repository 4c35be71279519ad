"""Looking after webhooks: what is noticed, what is done, what is noted as lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.operations.webhooks import CreateWebhook, ListWebhooks, Subscription
from core.domain.webhook_states import Action, WebhookState, plan_lines
from core.errors import Invalid, MissingScope, RateLimited
from core.ids import StoreId
from tests.unit.zid.checking_world import EVERY, CheckedWorld
from tests.unit.zid.subscribing_world import TARGET, TOPICS


@pytest.fixture
async def world() -> CheckedWorld:
    return await CheckedWorld().ready()


async def test_where_all_is_well_a_look_is_one_call(world: CheckedWorld) -> None:
    checked = await world.look()
    assert (checked.healed, checked.failed, checked.problem, checked.calls) == ({}, {}, None, 1)
    assert [type(one) for one in world.webhooks.performed] == [ListWebhooks]
    assert await world.open_gaps() == {}
    assert await world.noted() == ({WebhookState.HEALTHY}, {})


async def test_a_webhook_that_zid_dropped_from_its_list_is_made_anew_and_its_silence_noted(world: CheckedWorld) -> None:
    world.webhooks.standing = [one for one in world.webhooks.standing if one.event != "order.create"]
    checked = await world.look()
    assert checked.healed == {"order.create": WebhookState.MISSING}
    assert world.webhooks.count(CreateWebhook) == 1, "the others are left as they are"
    assert await world.open_gaps() == {"order.create": (world.well_at, world.clock.now())}
    assert len(world.webhooks.performed) <= checked.calls <= world.check.most_calls


@pytest.mark.parametrize("fields", [{"active": False}, {"health": "broken"}])
async def test_a_silent_webhook_is_replaced_and_the_others_never_stop(
    world: CheckedWorld, fields: dict[str, object]
) -> None:
    world.change("order.create", **fields)
    world.webhooks.fewest.clear()
    checked = await world.look()
    assert set(checked.healed) == {"order.create"}
    assert set(await world.open_gaps()) == {"order.create"}
    assert all(world.webhooks.fewest[event] >= 1 for event in TOPICS)
    assert (await world.look()).healed == {}


async def test_the_gap_of_a_broken_one_begins_when_zid_says_it_broke(world: CheckedWorld) -> None:
    broken_at = world.clock.now() - timedelta(minutes=3)
    world.change("order.create", health="broken", broken_at=broken_at)
    await world.look()
    assert await world.open_gaps() == {"order.create": (broken_at, world.clock.now())}


async def test_a_degraded_one_is_still_delivered_and_left_alone(world: CheckedWorld) -> None:
    world.change("order.create", health="degraded")
    assert (await world.look()).healed == {}
    assert await world.noted() == ({WebhookState.HEALTHY, WebhookState.DEGRADED}, {})


async def test_a_webhook_that_cannot_be_registered_is_told_and_tried_again_soon(world: CheckedWorld) -> None:
    world.webhooks.standing.clear()
    world.webhooks.fails["order.create"] = Invalid(422, "The selected event is invalid.")
    checked = await world.look()
    assert set(checked.failed) == {"order.create"}
    states, problems = await world.noted()
    assert WebhookState.MISSING in states
    assert "invalid" in problems["order.create"]
    assert set(await world.open_gaps()) == set(TOPICS) - {"order.create"}
    world.webhooks.fails.clear()
    world.clock.advance(360)
    [healed] = await world.check.run_due(limit=10)
    assert set(healed.healed) == {"order.create"}
    gap_since, gap_until = (await world.open_gaps())["order.create"]
    assert (gap_since, gap_until) == (world.well_at, world.clock.now()), "from when all was well last"


async def test_a_missing_permission_is_a_problem_of_every_event(world: CheckedWorld) -> None:
    async def refuse(_: object) -> None:
        raise MissingScope("third_webhook_read")

    world.webhooks.before = refuse
    checked = await world.look()
    assert set(checked.failed) == set(TOPICS)
    assert "third_webhook_read" in (await world.noted())[1]["order.create"]


async def test_zid_being_away_changes_nothing_of_what_is_known(world: CheckedWorld) -> None:
    async def away(_: object) -> None:
        raise RateLimited("later", 10)

    world.webhooks.before = away
    checked = await world.look()
    assert (checked.failed, checked.problem) == ({}, "later")
    assert await world.noted() == ({WebhookState.HEALTHY}, {})


async def test_where_zid_refuses_duplicates_the_moment_without_a_webhook_is_a_gap(world: CheckedWorld) -> None:
    world.webhooks.refuses_duplicates = True
    world.change("order.create", health="broken", broken_at=world.clock.now())
    assert set((await world.look()).healed) == {"order.create"}
    causes = {(known.gap.topic, known.gap.cause) for known in await world.gaps.of_install(world.live.install_id)}
    assert {(event, "its webhook was made anew") for event in TOPICS} <= causes


async def test_due_looks_are_made_once_and_turned_off_by_zero(world: CheckedWorld) -> None:
    world.clock.advance(EVERY.total_seconds() * 1.2)
    assert [one.store_id for one in await world.check.run_due(limit=10)] == [StoreId(world.live.store_id)]
    assert await world.check.run_due(limit=10) == []
    off = replace(world.check, every=timedelta(0))
    world.clock.advance(EVERY.total_seconds() * 10)
    assert await off.run_due(limit=10) == []


async def test_a_plan_names_what_would_be_done_and_leaves_others_webhooks_alone(world: CheckedWorld) -> None:
    urls = TARGET.urls(world.live, TOPICS)
    world.webhooks.standing = [one for one in world.webhooks.standing if one.event != "product.update"]
    world.change("order.create", health="broken")
    foreign = Subscription("x", "order.create", "https://other.example/hook", "another app", True, None)
    odd = replace(world.webhooks.standing[0], id="y", event="customer.login")
    world.webhooks.standing += [foreign, odd]
    lines = await world.check.plan(world.live)
    assert {(line.event, line.action) for line in lines} == {
        ("order.create", Action.REPLACE),
        ("order.create", Action.FOREIGN),
        ("order.status.update", Action.KEEP),
        ("product.update", Action.CREATE),
        ("customer.login", Action.REMOVE),
    }
    assert world.webhooks.count(CreateWebhook) == 0
    await world.check.apply(world.live)
    assert foreign in world.webhooks.standing
    assert {one.event for one in world.webhooks.standing if one is not foreign} == set(TOPICS)
    twice = [*world.webhooks.standing, replace(world.webhooks.standing[-1], id="z")]
    again = plan_lines(twice, urls, ("7367", world.webhooks.standing[-1].original_id or ""))
    assert [line.why for line in again if line.action is Action.REMOVE] == ["is there twice"]


async def test_where_the_path_is_known_a_broken_webhook_is_recovered_by_a_word(world: CheckedWorld) -> None:
    broken_at = world.clock.now() - timedelta(minutes=3)
    world.change("order.create", health="broken", broken_at=broken_at)
    world.webhooks.recovers = True
    known = replace(world.check, recover_path="/v1/managers/webhooks/somewhere")
    checked = await known.check(world.live)
    assert checked.healed == {"order.create": WebhookState.BROKEN}
    assert world.webhooks.count(CreateWebhook) == 0, "the set is left as it is"
    assert await world.open_gaps() == {"order.create": (broken_at, world.clock.now())}
    assert len(world.webhooks.performed) <= checked.calls


async def test_a_recovery_that_zid_refuses_ends_in_a_new_webhook(world: CheckedWorld) -> None:
    world.change("order.create", health="broken", broken_at=world.clock.now())
    known = replace(world.check, recover_path="/v1/managers/webhooks/nowhere")
    assert set((await known.check(world.live)).healed) == {"order.create"}
    assert world.webhooks.count(CreateWebhook) == len(TOPICS)
