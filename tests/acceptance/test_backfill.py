"""A store with a past is installed: what it held comes into the mirror, whoever dies on the way."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest

from tests.acceptance.story import Service
from tests.acceptance.wasl_up import running
from tests.eventually import eventually

ORDERS = 2689
CUSTOMERS = 150
PRODUCTS = 60
PAGES = 27
"""Of a hundred orders each."""
KILLS = 3


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running("--no-demo", WASL_HANDLERS="tests.acceptance.apps.snapshots") as up:
        yield Service(up)


def test_a_backfill_killed_three_times_goes_on_at_its_page_and_calls_nobody_unasked(service: Service) -> None:
    started = time.monotonic()
    store = service.sandbox.new_store(orders=ORDERS, customers=CUSTOMERS, products=PRODUCTS)
    service.install(store)
    moments = sorted(random.sample(range(1, PAGES - 1), KILLS))
    for moment in moments:
        assert eventually(lambda moment=moment: pages_read(service, store) >= moment, seconds=60), statuses(service)
        kill_the_scheduler(service)
    assert eventually(lambda: set(statuses(service).values()) == {"done"}, seconds=120), statuses(service)
    assert service.has_settled(store, received=0), service.books(store)
    print(f"killed after pages {moments}, {time.monotonic() - started:.1f} s")

    mirror = service.store(store)["mirror"]
    assert (mirror["order"], mirror["customer"], mirror["product"]) == (ORDERS, CUSTOMERS, PRODUCTS)
    asked = order_pages_asked(service)
    assert set(asked) == set(range(1, PAGES + 1))
    assert sum(asked.values()) <= PAGES + 2 * KILLS, "a death costs a page; a slow machine may ask for one again"
    books = service.books(store)
    assert books["balanced"] is True
    assert books["received"] == 0, "nothing of it came from Zid by itself"
    synthetic = books["by_origin"]["synthetic"]
    assert synthetic["done"] == synthetic["received"] == sum(mirror.values())
    paid = service.sql("SELECT count(*) FROM mirror_orders WHERE payment_status = 'paid'")[0][0]
    assert paid > 0
    assert calls(service) == {"paid_so_far": paid}


def test_a_person_reads_a_store_again_and_is_shown_how_far_it_is(service: Service) -> None:
    [(store,)] = service.sql("SELECT store_id FROM stores")
    before = service.books(store)["by_origin"]["synthetic"]
    done = service.up.wasl("stores", "backfill", str(store), "--kind", "customer", "--json")
    assert done.returncode == 0, done.stderr
    [found] = json.loads(done.stdout)["kinds"]
    assert (found["kind"], found["state"], found["read"], found["percent"]) == ("customer", "done", CUSTOMERS, 100.0)
    assert f"customer: done, {CUSTOMERS} read" in done.stderr.splitlines()
    after = service.books(store)["by_origin"]["synthetic"]
    assert after["received"] == before["received"], "nothing changed: every row is recognised"
    assert set(calls(service)) == {"paid_so_far"}
    assert service.audited(store, "backfill.requested") == 1


def pages_read(service: Service, store: int) -> int:
    rows = service.sql("SELECT pages FROM backfills WHERE store_id = %s AND kind = 'order'", store)
    return int(rows[0][0]) if rows else 0


def statuses(service: Service) -> dict[str, str]:
    return dict(service.sql("SELECT kind, state FROM backfills"))


def order_pages_asked(service: Service) -> Counter[int]:
    """How often each page of orders was asked of Zid."""
    requests = service.sandbox.ask("GET", "/requests?limit=1000")["requests"]
    return Counter(int(one["query"]["page"]) for one in requests if one["path"] == "/v1/managers/store/orders")


def calls(service: Service) -> dict[str, int]:
    """For how many events each handler was called; a worker that stalls longer than its lease is called for again."""
    path = service.up.home / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(Counter(handler for handler, _ in {(one["handler"], one["event"]) for one in map(json.loads, lines)}))


def kill_the_scheduler(service: Service) -> None:
    """kill -9, then waits until another has taken its place; what it held is free at once."""
    assert eventually(lambda: bool(service.children("wasl scheduler")))
    known, workers = service.children("wasl scheduler"), service.workers("scheduler")
    psutil.Process(min(known)).kill()
    service.end_leases(*workers)
    assert eventually(lambda: bool(service.children("wasl scheduler") - known))
