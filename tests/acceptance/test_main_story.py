"""The main job: a store is installed, thousands of its orders come in, none is lost and none counts twice."""

import json
import secrets
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.story import Browser, Service, dump, is_success, issued_tokens, readable_forms
from tests.acceptance.wasl_up import running
from tests.eventually import eventually

ORDERS = 2000


@pytest.fixture(scope="module", params=["--redis", "--no-redis"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    with running("--no-demo", request.param) as up:
        yield Service(up)


@pytest.fixture(scope="module")
def store_id(service: Service) -> int:
    """A store whose merchant clicked Activate."""
    store_id = service.sandbox.new_store(products=5, customers=5)
    page = Browser().open(service.sandbox.activate_url(store_id))
    assert is_success(page), page
    return store_id


@pytest.fixture(scope="module")
def triggered(service: Service, store_id: int) -> dict[str, object]:
    """What `wasl trigger order.create --count 2000` says at its end."""
    said = service.up.wasl("trigger", "order.create", "--store", str(store_id), "--count", str(ORDERS), "--json")
    assert said.returncode == 0, said
    return dict(json.loads(said.stdout))


def test_after_the_click_the_store_is_listed_with_its_expiry(service: Service, store_id: int) -> None:
    listed = json.loads(service.up.wasl("stores", "list", "--json").stdout)
    assert {store["store_id"]: store["state"] for store in listed}[store_id] == "active"
    shown = service.store(store_id)
    assert (shown["state"], shown["epoch"], shown["generation"]) == ("active", 1, 1)
    left = datetime.fromisoformat(shown["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=364) < left <= timedelta(days=365)
    assert all(one["active"] for one in shown["subscriptions"])
    assert {"order.create", "product.update", "customer.create"} <= {one["event"] for one in shown["subscriptions"]}


def test_every_order_is_done_and_in_the_mirror(service: Service, store_id: int, triggered: dict[str, object]) -> None:
    assert triggered["triggered"] == ORDERS
    assert triggered["finished"] is True
    books = service.books(store_id)
    assert (books["received"], books["done"], books["duplicates"]) == (ORDERS, ORDERS, 0)
    assert books["balanced"] is True
    assert service.store(store_id)["mirror"]["order"] == ORDERS
    at_zid = service.sandbox.ask("GET", f"/stores/{store_id}/entities/orders")["items"]
    mirrored = service.sql("SELECT entity_id, body FROM mirror_orders WHERE store_id = %s", store_id)
    assert {entity: json.loads(body) for entity, body in mirrored} == {str(order["id"]): order for order in at_zid}


def test_what_was_acknowledged_is_what_was_received(
    service: Service, store_id: int, triggered: dict[str, object]
) -> None:
    books = service.books(store_id)
    deliveries = service.sandbox.stats(store_id)["deliveries"]
    assert deliveries["distinct"] == ORDERS
    assert deliveries["distinct_acknowledged"] == books["received"] + books["spooled"]


def test_the_database_holds_no_readable_token(
    service: Service, store_id: int, triggered: dict[str, object], tmp_path: Path
) -> None:
    assert service.call("POST", f"/auth/refresh/{store_id}").status == 200

    def issued() -> list[dict[str, str]]:
        return issued_tokens(service.data_dir / "sandbox.json", tmp_path).get(store_id, [])

    assert eventually(lambda: len(issued()) == 2), "the sandbox saves what it issued: at the install, at the refresh"
    tokens = [token for grant in issued() for token in grant.values()]
    assert all(len(token) > 300 for token in tokens)
    with service.owner() as owner:
        everything = dump(owner)
    assert service.store(store_id)["title"].encode() in everything, "the dump shows what it holds"
    assert not [form for token in tokens for form in readable_forms(token) if form in everything]
    said = b"".join(path.read_bytes() for path in (service.data_dir / "logs").iterdir())
    assert b"run_settled" in said or b"http_serving" in said
    assert not [token for token in tokens if token.encode() in said]


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_the_search_for_tokens_sees_through_encodings(shift: int) -> None:
    token = secrets.token_urlsafe(300)
    around = [b"x" * shift + token.encode() + b"y", (b"x" * shift + token.encode()).hex().encode()]
    around.append(b64encode(around[0]))
    assert all(any(form in text for form in readable_forms(token)) for text in around)
    assert not any(form in text for form in readable_forms(secrets.token_urlsafe(300)) for text in around)


def test_sent_twice_over_it_still_counts_once(service: Service, store_id: int, triggered: dict[str, object]) -> None:
    before = of_webhooks(service.books(store_id))
    again = service.sandbox.ask("POST", "/redeliver", {"store_id": store_id, "event": "order.create"})
    assert again == {"redelivered": ORDERS, "skipped": 0}
    assert service.sandbox.has_delivered(store_id)
    assert service.has_settled(store_id, received=ORDERS)
    books = of_webhooks(service.books(store_id))
    assert books == {**before, "duplicates": ORDERS}
    deliveries = service.sandbox.stats(store_id)["deliveries"]
    assert deliveries["acknowledged"] == 2 * ORDERS
    assert deliveries["distinct_acknowledged"] == books["received"] + books["spooled"]
    assert service.store(store_id)["mirror"]["order"] == ORDERS


def of_webhooks(books: dict[str, Any]) -> dict[str, Any]:
    """What came from Zid by itself, and what followed from that: the store's backfill goes on beside it."""
    return {**books, "by_origin": {**books["by_origin"], "synthetic": None}}


def test_a_row_deleted_by_hand_is_found_and_named(
    service: Service, store_id: int, triggered: dict[str, object]
) -> None:
    assert service.books()["balanced"] is True
    gone = service.events(store_id, topic="order.create")[17]["id"]
    service.sql("CREATE TABLE kept AS SELECT * FROM events WHERE event_id = %s", gone)
    service.sql("DELETE FROM events WHERE event_id = %s", gone)
    assert service.books()["balanced"] is False
    verified = service.up.wasl("verify", "--json")
    assert verified.returncode == 1
    named = json.loads(verified.stdout)["differences"]
    assert [(one["event_id"], one["store_id"]) for one in named] == [(gone, store_id)]

    service.sql("INSERT INTO events OVERRIDING SYSTEM VALUE SELECT * FROM kept")
    assert service.up.wasl("verify").returncode == 0
