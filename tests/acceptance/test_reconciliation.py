"""Webhooks were lost, removed, broken: one reconciliation later the mirror is what Zid's store is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.story import Service
from tests.acceptance.wasl_up import running
from tests.mirror_and_world import differences


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running("--no-demo", RECONCILE_EVERY="0") as up:
        yield Service(up)


def lose_deliveries(service: Service, store: int, *events: str) -> None:
    """Things happen of which no webhook tells."""
    service.sandbox.ask("POST", "/faults", {"route": "*", "kind": "drop_webhook", "probability": 1.0})
    for event in events:
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
    lose_deliveries(service, store, *LOST)
    assert len(unlike(service, store)) >= len(LOST) - 2, "some happen to the same entity"
    calls = asked(service)
    report = reconcile(service, store)
    assert service.has_settled(store, received=0)
    assert unlike(service, store) == []
    assert report["state"] == "done"
    assert asked(service) - calls == report["calls"] <= report["estimate"]
    assert set(report["missed"]) >= {"order.create", "product.delete", "customer.create", "category.create"}
    assert "customer.login" in report["unrecoverable"]


LOST = (
    "order.create",
    "order.status.update",
    "order.payment_status.update",
    "product.create",
    "product.update",
    "product.delete",
    "customer.create",
    "customer.update",
    "category.create",
    "category.update",
    "abandoned_cart.created",
    "abandoned_cart.completed",
)


def asked(service: Service) -> int:
    """Requests to Zid's lists and entities so far."""
    return sum(int(count) for count in service.sandbox.stats()["requests"].values())
