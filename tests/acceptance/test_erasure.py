"""Being forgotten: one person, then a whole store, on running processes; nothing in the database leads back."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.story import Service, dump
from tests.acceptance.wasl_up import environment, running
from tests.eventually import eventually

ORDERS = 30


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running("--no-demo", WASL_HANDLERS="tests.acceptance.apps.gossip") as up:
        yield Service(up)


@pytest.fixture(scope="module")
def store_id(service: Service) -> int:
    """With a past, webhooks that a handler failed at, and notes of ours."""
    store_id = service.quiet_store(products=2, customers=6, orders=6)
    service.sandbox.trigger(store_id, "order.create", ORDERS)
    service.sandbox.trigger(store_id, "abandoned_cart.created", 3)
    assert service.has_settled(store_id, received=ORDERS + 3)
    assert service.sql("SELECT count(*) FROM attempts")[0][0] > 0
    return store_id


@pytest.fixture(scope="module")
def buyer(service: Service, store_id: int) -> dict[str, Any]:
    """Somebody who ordered, and whose name nobody else has."""
    orders = service.sandbox.ask("GET", f"/stores/{store_id}/entities/orders")["items"]
    customers = service.sandbox.ask("GET", f"/stores/{store_id}/entities/customers")["items"]
    ordered = Counter(order["customer"]["id"] for order in orders)
    named = Counter(customer["name"] for customer in customers)
    return max((one for one in customers if named[one["name"]] == 1), key=lambda one: ordered[one["id"]])


def written(*values: object) -> list[bytes]:
    """As text and as JSON escapes it."""
    texts = [str(value) for value in values if value]
    return [form.encode() for text in texts for form in (text, json.dumps(text)[1:-1])]


def traces(person: dict[str, Any]) -> list[bytes]:
    return written(person["name"], person["email"], str(person["mobile"])[-9:])


def found(service: Service, wanted: list[bytes]) -> list[bytes]:
    with service.owner() as owner:
        everything = dump(owner)
    return [one for one in wanted if one in everything]


def test_a_person_is_told_everything_and_then_forgotten(service: Service, store_id: int, buyer: dict[str, Any]) -> None:
    assert len(found(service, traces(buyer))) >= 3
    whom = ("--store", str(store_id), "--customer", str(buyer["id"]))
    told = json.loads(service.up.wasl("customers", "export", *whom).stdout)
    assert told["customer"][0]["email"] == buyer["email"]
    assert told["orders"]
    assert service.audited(store_id, "customer.exported") == 1
    attempts = [attempt for event in told["events"] for attempt in event["attempts"]]
    assert any(buyer["name"] in json.dumps(attempt, ensure_ascii=False) for attempt in attempts)

    erased = service.up.wasl("customers", "erase", *whom, "--yes", "--json")
    assert erased.returncode == 0, erased.stderr
    certificate = json.loads(erased.stdout)
    assert certificate["removed"]["events"] >= 1
    assert certificate["backups_expire"] == (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    assert found(service, traces(buyer)) == []
    assert service.audited(store_id, "customer.erased") == 1
    books = service.books(store_id)
    assert books["balanced"] is True
    assert books["erased"] >= 1
    assert service.up.wasl("verify").returncode == 0
    listed = service.call("GET", f"/v1/stores/{store_id}/orders?source=mirror&limit=100")
    assert listed.status == 200, listed.text
    assert len(listed.json["items"]) == service.store(store_id)["mirror"]["order"]
    kept_apart = (service.data_dir / "erasures.jsonl").read_text()
    assert str(buyer["id"]) in kept_apart


def test_a_store_is_forgotten_although_who_began_it_was_killed(service: Service, store_id: int) -> None:
    neighbour = service.quiet_store(products=1, customers=1, orders=1)
    people = service.sandbox.ask("GET", f"/stores/{store_id}/entities/customers")["items"]
    title = service.store(store_id)["title"]
    wanted = [form for person in people for form in written(person["email"], str(person["mobile"])[-9:])]
    assert len(found(service, wanted)) >= len(people)
    assert found(service, written(title))
    received = service.books(store_id)["received"]

    with service.owner() as hinders, hinders.transaction():
        hinders.execute("SELECT FROM mirror_products WHERE store_id = %s FOR UPDATE", [store_id])
        eraser = subprocess.Popen(
            [sys.executable, "-P", "-m", "entrypoints.cli", "stores", "erase", str(store_id), "--yes"],
            cwd=service.up.home,
            env=environment(),
            start_new_session=True,
        )
        erased = "SELECT count(*) FROM events WHERE store_id = %s AND state <> 'erased'"
        assert eventually(lambda: service.sql(erased, store_id)[0][0] == 0, seconds=60)
        assert eraser.poll() is None, "it waits for the rows that somebody holds"
        os.killpg(eraser.pid, signal.SIGKILL)
        eraser.wait()

    done = "SELECT count(*) FROM erasures WHERE store_id = %s AND kind = 'store' AND finished_at IS NOT NULL"
    assert eventually(lambda: service.sql(done, store_id)[0][0] == 1, seconds=90), "a scheduler goes on"
    assert found(service, [*wanted, *written(title)]) == []
    logs = b"".join(path.read_bytes() for path in (service.data_dir / "logs").iterdir())
    assert [one for one in wanted if one in logs] == []
    assert service.audited(store_id, "store.erased") == 1
    again = service.up.wasl("stores", "erase", str(store_id), "--yes", "--json")
    assert json.loads(again.stdout)["finished_at"]
    assert service.audited(store_id, "store.erased") == 1
    books = service.books(store_id)
    assert books["received"] == books["erased"] >= received
    assert service.books()["balanced"] is True
    assert service.up.wasl("verify").returncode == 0
    beside = service.store(neighbour)["mirror"]
    assert (beside["order"], beside["product"], beside["customer"]) == (1, 1, 1)


def test_who_comes_back_is_a_new_store(service: Service, store_id: int) -> None:
    service.install(store_id)
    assert service.store(store_id)["epoch"] == 2
    assert service.store(store_id)["state"] == "active"
