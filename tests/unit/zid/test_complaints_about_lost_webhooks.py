"""What users of such software complained of about subscriptions and lost webhooks: each a test named after it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import structlog.testing

from adapters.memory.metrics import RecordingMetrics
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks
from core.domain.webhook_states import WebhookState
from core.errors import Invalid, ServerFault
from entrypoints.background.webhook_checking import WebhookChecking, tell
from tests.unit.zid.checking_world import CheckedWorld, with_topics
from tests.unit.zid.subscribing_world import TOPICS


@pytest.fixture
async def world() -> CheckedWorld:
    return await CheckedWorld().ready()


def told(logs: list[Mapping[str, object]], event: str) -> list[Mapping[str, object]]:
    return [line for line in logs if line["event"] == event]


async def test_laravel_shopify_936_a_webhook_removed_after_many_faults_is_there_again_by_itself(
    world: CheckedWorld,
) -> None:
    world.webhooks.standing.clear()
    world.clock.advance(3600)
    [checked] = await world.check.run_due(limit=10)
    assert set(checked.healed) == set(TOPICS)
    assert {one.event for one in world.webhooks.standing} == set(TOPICS)
    assert set(await world.open_gaps()) == set(TOPICS), "and what came meanwhile is read"


async def test_laravel_shopify_156_and_435_topics_added_later_reach_shops_that_are_installed_already(
    world: CheckedWorld,
) -> None:
    grown = with_topics(world.check, (*TOPICS, "customer.login"))
    checked = await grown.check(world.live)
    assert set(checked.healed) == {"customer.login"}
    assert [one.event for one in world.webhooks.performed if isinstance(one, CreateWebhook)] == ["customer.login"]
    assert world.webhooks.count(DeleteWebhooks) == 0, "the others are not touched"


async def test_shopify_app_1242_and_1790_topics_taken_away_are_unsubscribed_without_a_pause_for_the_rest(
    world: CheckedWorld,
) -> None:
    world.webhooks.fewest.clear()
    fewer = with_topics(world.check, TOPICS[:2])
    await fewer.apply(world.live)
    assert {one.event for one in world.webhooks.standing} == set(TOPICS[:2])
    assert all(world.webhooks.fewest[event] >= 1 for event in TOPICS[:2])


async def test_shopify_app_1699_a_registration_that_fails_is_not_silent(world: CheckedWorld) -> None:
    world.webhooks.standing.clear()
    world.webhooks.fails["order.create"] = Invalid(422, "The target_url must be a public address.")
    metrics = RecordingMetrics()
    with structlog.testing.capture_logs() as logs:
        tell(await world.look())
        await WebhookChecking(world.check, world.checks, metrics).measure()
    [line] = told(list(logs), "webhooks_not_registered")
    assert line["log_level"] == "error"
    assert "public address" in str(line["events"])
    assert metrics.gauge("webhook_health", state="missing") == 1


async def test_shopify_app_1940_a_registration_that_fails_half_way_is_finished_later(world: CheckedWorld) -> None:
    world.webhooks.standing.clear()
    world.webhooks.fails["product.update"] = ServerFault("zid", "502")
    await world.look()
    world.webhooks.fails.clear()
    await world.look()
    assert {one.event for one in world.webhooks.standing} == set(TOPICS)
    assert len(world.webhooks.standing) == len(TOPICS), "and nothing twice"


@pytest.mark.parametrize("fields", [{"active": False}, {"health": "broken"}])
async def test_woocommerce_17548_a_webhook_disabled_without_notice_is_noticed_and_enabled(
    world: CheckedWorld, fields: dict[str, object]
) -> None:
    world.change("order.create", **fields)
    with structlog.testing.capture_logs() as logs:
        tell(await world.look())
    [line] = told(list(logs), "webhooks_recovered")
    assert set(line["events"]) == {"order.create"}  # type: ignore[call-overload]
    found = await world.checks.totals()
    assert (found[WebhookState.HEALTHY], found[WebhookState.BROKEN]) == (len(TOPICS), 0)


async def test_rdyrct_83_what_came_while_a_webhook_was_switched_off_is_read_when_it_is_on_again(
    world: CheckedWorld,
) -> None:
    """There, after ten refusals, what is dropped is gone: switching the endpoint on again replays nothing."""
    world.change("order.create", active=False)
    await world.look()
    [enabled] = [one for one in world.webhooks.standing if one.event == "order.create"]
    assert enabled.active
    since, until = (await world.open_gaps())["order.create"]
    assert (since, until) == (world.well_at, world.clock.now()), (
        "the next reconciliation reads from when it was last well"
    )
