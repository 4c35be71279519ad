"""The whole service on a Redis that is more than one server."""

import pytest

from tests.acceptance.story import Service
from tests.acceptance.wasl_up import running
from tests.valkey_fleet import cluster_of_three, watched_by_sentinels

pytestmark = pytest.mark.prove
ORDERS = 800


def trigger(service: Service, store_id: int) -> None:
    said = service.up.wasl("trigger", "order.create", "--store", str(store_id), "--count", str(ORDERS))
    assert said.returncode == 0, said


def test_orders_flow_over_a_cluster() -> None:
    with cluster_of_three() as cluster, running("--no-demo", REDIS_URL=cluster.url) as up:
        service = Service(up)
        store_id = service.new_store()
        trigger(service, store_id)
        assert service.has_settled(store_id, received=ORDERS, seconds=120), service.books(store_id)
        assert service.books(store_id)["balanced"] is True
        assert sum(any("{wasl:index" in key for key in keys) for keys in cluster.held()) >= 1


def test_orders_flow_on_after_a_failover() -> None:
    with watched_by_sentinels() as watched, running("--no-demo", REDIS_URL=watched.url) as up:
        service = Service(up)
        store_id = service.new_store()
        trigger(service, store_id)
        watched.primary.kill()
        trigger(service, store_id)
        assert service.has_settled(store_id, received=2 * ORDERS, seconds=120), service.books(store_id)
        assert service.books(store_id)["done"] == 2 * ORDERS
        assert service.books(store_id)["balanced"] is True
