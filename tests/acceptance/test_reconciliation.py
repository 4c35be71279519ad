"""Webhooks were lost, removed, broken: one reconciliation later the mirror is what Zid's store is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.story import Service
from tests.acceptance.wasl_up import running
from tests.eventually import eventually
from tests.mirror_and_world import differences

RECOVER = "/v1/managers/webhooks/__sandbox/recover"
"""Where the stand-in Zid serves it; where Zid does is unknown."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Nothing is read or looked at but by the tests' word."""
    off = {"RECONCILE_EVERY": "0", "WEBHOOK_CHECK_EVERY": "0"}
    with running("--no-demo", **off, RECONCILE_GAP_AGE="1", ZID_WEBHOOK_RECOVER_PATH=RECOVER) as up:
        yield Service(up)


def lose_deliveries(service: Service, store: int, doomed: str) -> None:
    """Things happen of which no webhook tells; that product is deleted."""
    service.sandbox.ask("POST", "/faults", {"route": "*", "kind": "drop_webhook", "probability": 1.0})
    service.sandbox.trigger(store, "product.delete", data={"id": doomed})
    for event in LOST:
        service.sandbox.trigger(store, event)
    service.sandbox.ask("DELETE", "/faults", {})


def unlike(service: Service, store: int) -> list[str]:
    return differences(service.sandbox.ask, service.sql, store)


def reconcile(service: Service, store: int) -> Any:
    done = service.up.wasl("stores", "reconcile", str(store), "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    report = json.loads(done.stdout)
    assert f"at most {report['estimate']} calls" in done.stderr, done.stderr
    return report


def test_one_reconciliation_after_lost_removed_and_broken_webhooks_the_mirror_is_the_world(service: Service) -> None:
    store = service.quiet_store(orders=30, customers=20, products=10, categories=4, carts=5)
    assert service.has_settled(store, received=0)
    assert unlike(service, store) == []
    for event, fate in (("order.create", "remove"), ("category.delete", "remove"), ("product.update", "break")):
        assert service.sandbox.ask("POST", f"/stores/{store}/webhooks", {"event": event, "do": fate}) == {"changed": 1}
        service.sandbox.trigger(store, event, count=2)
    doomed = products(service, store)[0]
    lose_deliveries(service, store, doomed)
    assert f"product {doomed}: not in the world" in unlike(service, store)
    assert plan(service, store) == {"order.create": "create", "category.delete": "create", "product.update": "replace"}
    calls = asked(service)
    report = reconcile(service, store)
    assert service.has_settled(store, received=0)
    assert unlike(service, store) == []
    assert plan(service, store) == {}
    assert health(service, store) == {"healthy"}
    assert report["state"] == "done"
    assert asked(service) - calls - 1 <= report["calls"] <= report["estimate"], "one was for the plan"
    assert set(report["missed"]) >= {"order.create", "product.delete", "customer.create", "category.create"}
    assert "customer.login" in report["unrecoverable"]
    gaps = {gap["topic"]: gap for gap in report["gaps"]}
    assert gaps["product.update"]["cause"] == "its webhook was broken"
    assert "created and deleted" in gaps["category.delete"]["lost"]
    assert all(gap["closed_at"] for gap in report["gaps"])


LOST = (
    "order.create",
    "order.status.update",
    "order.payment_status.update",
    "product.create",
    "product.update",
    "customer.create",
    "customer.update",
    "category.create",
    "category.update",
    "abandoned_cart.created",
    "abandoned_cart.completed",
)


def test_a_recovered_webhooks_silence_is_read_by_itself_and_nothing_else_is(service: Service) -> None:
    store = service.quiet_store(orders=5, products=3, customers=3, categories=2)
    before = {hook["id"] for hook in hooks(service, store)}
    service.sandbox.ask("POST", f"/stores/{store}/webhooks", {"event": "product.update", "do": "break"})
    service.sandbox.trigger(store, "product.update", count=3)
    assert unlike(service, store)
    command = ("webhooks", "apply", "--store", str(store), "--json")
    done = service.up.wasl(*command, ZID_WEBHOOK_RECOVER_PATH=RECOVER)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert [line["event"] for line in json.loads(done.stdout)] == ["product.update"]
    assert {hook["id"] for hook in hooks(service, store)} == before, "recovered, not made anew"
    assert eventually(lambda: not unlike(service, store), seconds=90), unlike(service, store)
    [report] = eventual_reports(service, store)
    [read] = report["lists"]
    assert (read["kind"], read["scan"]) == ("product", "down_to"), "nothing but what the gap may concern"
    assert read["since"] is not None
    assert report["why"] == "gap"


def eventual_reports(service: Service, store: int) -> list[Any]:
    """The store's reconciliations once none is at work."""
    path = f"/v1/stores/{store}/reconciliation"

    def all_done() -> bool:
        items = service.call("GET", path).json["items"]
        return bool(items) and all(item["state"] == "done" for item in items)

    assert eventually(all_done, seconds=60), service.call("GET", path).json
    found = service.call("GET", path).json
    assert all(gap["closed_at"] for gap in found["gaps"]), found["gaps"]
    return list(found["items"])


def products(service: Service, store: int) -> list[str]:
    return [str(item["id"]) for item in service.sandbox.ask("GET", f"/stores/{store}/entities/products")["items"]]


def hooks(service: Service, store: int) -> list[Any]:
    return list(service.sandbox.ask("GET", f"/stores/{store}/webhooks")["items"])


def plan(service: Service, store: int) -> dict[str, str]:
    """What `wasl webhooks plan` would change; its exit code says the same."""
    done = service.up.wasl("webhooks", "plan", "--store", str(store), "--json")
    lines = {line["event"]: line["action"] for line in json.loads(done.stdout) if line["action"] != "keep"}
    assert done.returncode == bool(lines), (done.stdout, done.stderr)
    return lines


def health(service: Service, store: int) -> set[str]:
    return {hook["health"] for hook in hooks(service, store)}


def asked(service: Service) -> int:
    """Requests for what stores hold and for their webhooks so far; what else the service asks Zid is not meant."""
    rows = service.sandbox.ask("GET", "/requests?limit=1000")["requests"]
    return sum(not row["path"].startswith(("/oauth", "/v1/market", "/v1/managers/account")) for row in rows)
