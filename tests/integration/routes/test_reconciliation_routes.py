"""Reconciliations and webhooks over HTTP: what is asked for, what is shown."""

from dataclasses import replace
from datetime import timedelta

from aiohttp.test_utils import TestClient

from adapters.memory.workers import MemoryWorkers
from core.domain.audit import AuditEntry
from core.domain.gaps import Gap
from core.domain.operations.webhooks import ListWebhooks, Subscription
from core.domain.webhook_states import WebhookState
from tests.integration.routes.world import KEY, STORE, World

PATH = f"/v1/stores/{STORE}/reconciliation"


async def test_one_is_asked_for_with_its_cost_and_shown_with_its_report(client: TestClient, world: World) -> None:
    install = await world.installed()
    world.database.backfills.clear()
    now = world.clock.now()
    gap = Gap(STORE, install.install_id, "order.create", now, now + timedelta(minutes=1), "answered 429")
    await world.gaps.open([gap])
    answer = await client.post(PATH, headers=KEY)
    assert answer.status == 202
    asked = await answer.json()
    [one] = asked["items"]
    assert (one["state"], one["why"], one["calls"]) == ("queued", "requested", 0)
    assert one["estimate"] == sum(listed["estimate"] for listed in one["lists"]) > 0
    assert [(known["topic"], known["cause"], known["closed_at"]) for known in asked["gaps"]] == [
        ("order.create", "answered 429", None)
    ]
    claim = await world.reconciliations.claim(await MemoryWorkers(world.database).join("scheduler"))
    assert claim is not None
    assert claim.progress is not None
    first = claim.progress.spans[0].plus(calls=2, listed=9, missed=["category.create"])
    done = replace(claim.progress.noting(first), at=len(claim.progress.spans), received={"category.create": 3})
    await world.reconciliations.advance(claim, done, done=True)
    [told] = (await (await client.get(PATH, headers=KEY)).json())["items"]
    assert (told["state"], told["calls"], told["missed"]) == ("done", 2, {"category.create": 1})
    assert told["missed_ratio"] == {"category.create": 0.25}
    assert told["lists"][0]["listed"] == 9
    assert "customer.login" in told["unrecoverable"]
    assert [entry.action for entry in world.database.audit].count("reconciliation.requested") == 1


async def test_none_is_begun_for_a_store_that_is_over(client: TestClient, world: World) -> None:
    install = await world.installed()
    await world.installations.end(install.install_id, audit=AuditEntry("test"))
    assert (await client.post(PATH, headers=KEY)).status == 409
    assert (await (await client.get(PATH, headers=KEY)).json()) == {"items": [], "gaps": [], "next_cursor": None}


async def test_the_webhooks_page_names_what_is_to_be_done_and_what_failed(client: TestClient, world: World) -> None:
    install = await world.installed()
    other = Subscription("w", "order.create", "https://elsewhere.example", "7367", True, None)
    world.gateway.on(ListWebhooks, [other])
    await world.webhook_checks.note(
        install.install_id,
        states={"order.create": WebhookState.MISSING},
        problems={"order.create": "Zid does not list it"},
        complete=False,
        next_in=timedelta(minutes=5),
    )
    told = await (await client.get(f"/v1/stores/{STORE}/webhooks?source=zid", headers=KEY)).json()
    lines = {line["event"]: (line["action"], line["why"]) for line in told["plan"]}
    assert lines["order.create"] == ("replace", "delivers to another address")
    assert {action for action, _ in lines.values()} == {"replace", "create"}
    assert told["settled"] is False
    assert told["problems"] == {"order.create": "Zid does not list it"}
    assert told["checked_at"] is not None
