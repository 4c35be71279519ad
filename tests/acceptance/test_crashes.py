"""Every part is killed once while orders pour in: nothing is lost, nothing happens twice, nobody has to help."""

import time
from collections.abc import Callable, Iterator

import psutil
import pytest
import redis

from tests.acceptance.effects_log import effects, service_with_effects
from tests.acceptance.story import Service, together
from tests.eventually import eventually

STORES = 10
ORDERS = 400
CUSTOMERS = 100
"""Of each store. Its orders go to the mirror only, its customers also to a handler."""
SECONDS = 25
ROUNDS = 2
EVENTS = STORES * (ORDERS + CUSTOMERS)
TIME_SCALE = 60
"""Sandbox seconds per second: what Zid tries again after 1, 5 and 15 minutes comes after 1, 5 and 15 seconds."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with service_with_effects() as service:
        yield service


def test_every_part_killed_under_load_costs_nothing(service: Service) -> None:
    service.sandbox.turn(time_scale=TIME_SCALE)
    stores = [service.sandbox.new_store() for _ in range(STORES)]
    service.install(*stores)
    started = time.monotonic()
    for store in stores:
        service.sandbox.trigger(store, "order.create", ORDERS, rate=ORDERS / SECONDS)
        service.sandbox.trigger(store, "customer.create", CUSTOMERS, rate=CUSTOMERS / SECONDS)

    blows: list[Callable[[Service], None]] = [
        kill_the_consumer,
        kill_one_http,
        kill_the_scheduler,
        kill_valkey,
        flush_valkey,
        kill_postgres,
    ]
    for number, blow in enumerate(blows * ROUNDS):
        share = (number + 0.5) / len(blows) / ROUNDS
        assert eventually(lambda share=share: happened(service) >= share * EVENTS, seconds=120)
        assert service.sandbox.stats()["deliveries"]["distinct"] < EVENTS, "orders still pour in"
        blow(service)

    assert eventually(lambda: happened(service) == EVENTS, seconds=120), service.sandbox.stats()
    assert service.sandbox.has_delivered(seconds=120), service.sandbox.stats()["deliveries"]
    assert service.has_settled(received=EVENTS, seconds=120), service.books()
    print(f"{EVENTS} events in {time.monotonic() - started:.1f} s, {service.sandbox.stats()['deliveries']}")

    at_zid = service.sandbox.stats()
    assert at_zid["webhooks"]["broken"] == 0
    assert (at_zid["deliveries"]["exhausted"], at_zid["deliveries"]["discarded"]) == (0, 0)
    assert at_zid["deliveries"]["distinct_acknowledged"] == EVENTS
    books = service.books()
    assert (books["received"], books["done"], books["spooled"], books["balanced"]) == (EVENTS, EVENTS, 0, True)
    mirrors = together([lambda store=store: service.store(store)["mirror"] for store in stores])
    assert [(mirror["order"], mirror["customer"]) for mirror in mirrors] == [(ORDERS, CUSTOMERS)] * STORES
    greeted = [event for event, _ in effects(service, "greeting")]
    assert len(greeted) == len(set(greeted)) == STORES * CUSTOMERS
    assert service.up.wasl("verify").returncode == 0


def happened(service: Service) -> int:
    return sum(service.sandbox.stats()["events"].values())


def kill_the_consumer(service: Service) -> None:
    kill(service, "wasl consumer")


def kill_one_http(service: Service) -> None:
    kill(service, "wasl http")


def kill_the_scheduler(service: Service) -> None:
    kill(service, "wasl scheduler")


def kill_valkey(service: Service) -> None:
    kill(service, "valkey-server")


def kill_postgres(service: Service) -> None:
    kill(service, "postgres")


def flush_valkey(service: Service) -> None:
    with redis.Redis.from_url(service.addresses["REDIS_URL"]) as client:
        assert client.flushall()


def kill(service: Service, title: str) -> None:
    """kill -9 of one process, then waits until another has taken its place."""
    known = service.children(title)
    psutil.Process(min(known)).kill()
    assert eventually(lambda: bool(service.children(title) - known), seconds=30), title
