"""Every part is killed while orders pour in: nothing is lost, nothing happens twice, nobody has to help."""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from signal import SIGKILL

import pytest
import redis

from tests.acceptance.effects_log import effects, service_with_effects
from tests.acceptance.one_database import ONE_DATABASE
from tests.acceptance.story import Service, together
from tests.eventually import eventually

STORES = 10
TIME_SCALE = 60
"""Sandbox seconds per second: what Zid tries again after 1, 5 and 15 minutes comes after 1, 5 and 15 seconds."""
PATIENCE = 180
"""Seconds. Far more than it takes: 30 s for 5,000 events on two cores (2026-11-23)."""


@dataclass(frozen=True)
class Load:
    """What happens in each store. Its orders go to the mirror only, its customers also to a handler."""

    orders: int
    customers: int
    seconds: int

    @property
    def events(self) -> int:
        """In all stores together."""
        return STORES * (self.orders + self.customers)


@pytest.fixture
def service() -> Iterator[Service]:
    with service_with_effects() as service:
        yield service


def test_every_part_killed_under_load_costs_nothing(service: Service) -> None:
    load = Load(orders=250, customers=50, seconds=12)
    stores = pour(service, load)
    strike(service, load, BLOWS)
    assert_all_done_once(service, load, stores)


@pytest.mark.prove
def test_with_postgres_alone_every_part_killed_under_load_costs_nothing() -> None:
    load = Load(orders=400, customers=100, seconds=25)
    with service_with_effects(QUEUE="postgres") as service:
        assert not service.children("valkey-server")
        stores = pour(service, load)
        strike(service, load, [blow for blow in BLOWS * 2 if blow not in OF_VALKEY])
        assert_all_done_once(service, load, stores)


@pytest.mark.prove
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hundred_blows_in_any_order_cost_nothing(service: Service, seed: int) -> None:
    chance = random.Random(seed)
    load = Load(orders=2000, customers=1000, seconds=150)
    stores = pour(service, load)
    strike(service, load, [chance.choice(BLOWS) for _ in range(100)])
    assert_all_done_once(service, load, stores)


def pour(service: Service, load: Load) -> Sequence[int]:
    """Installs the stores and lets their orders come in, evenly; does not wait for them."""
    service.sandbox.turn(time_scale=TIME_SCALE)
    stores = [service.sandbox.new_store() for _ in range(STORES)]
    service.install(*stores)
    for store in stores:
        service.sandbox.trigger(store, "order.create", load.orders, rate=load.orders / load.seconds)
        service.sandbox.trigger(store, "customer.create", load.customers, rate=load.customers / load.seconds)
    return stores


def strike(service: Service, load: Load, blows: Sequence[Callable[[Service], None]]) -> None:
    """One blow after the other, spread over the load; then waits until everything has come to rest."""
    for number, blow in enumerate(blows):
        due = (number + 0.5) / len(blows) * load.events
        assert eventually(lambda due=due: happened(service) >= due, seconds=PATIENCE)
        blow(service)
    assert eventually(lambda: happened(service) == load.events, seconds=PATIENCE), service.sandbox.stats()
    assert service.sandbox.has_delivered(seconds=PATIENCE), service.sandbox.stats()["deliveries"]
    assert service.has_settled(received=load.events, seconds=PATIENCE), service.books()


def assert_all_done_once(service: Service, load: Load, stores: Sequence[int]) -> None:
    at_zid = service.sandbox.stats()
    assert at_zid["webhooks"]["broken"] == 0
    assert (at_zid["deliveries"]["exhausted"], at_zid["deliveries"]["discarded"]) == (0, 0)
    assert at_zid["deliveries"]["distinct_acknowledged"] == load.events
    books = service.books()
    assert (books["received"], books["done"], books["spooled"]) == (load.events, load.events, 0)
    assert books["balanced"] is True
    mirrors = together([lambda store=store: service.store(store)["mirror"] for store in stores])
    assert [(mirror["order"], mirror["customer"]) for mirror in mirrors] == [(load.orders, load.customers)] * STORES
    greeted = [event for event, _ in effects(service, "greeting")]
    assert len(greeted) == len(set(greeted)) == STORES * load.customers
    assert service.up.wasl("verify").returncode == 0


def happened(service: Service) -> int:
    return sum(service.sandbox.stats()["events"].values())


def kill(title: str) -> Callable[[Service], None]:
    """kill -9 of one process, then waits until another has taken its place. One that is just starting is waited for."""

    def blow(service: Service) -> None:
        assert eventually(lambda: bool(service.children(title)), seconds=60), title
        known = service.children(title)
        os.kill(min(known), SIGKILL)
        assert eventually(lambda: bool(service.children(title) - known), seconds=60), title

    return blow


def flush_valkey(service: Service) -> None:
    """FLUSHALL, as soon as somebody takes it: the blow before may still hurt."""
    assert eventually(lambda: flushed(service.addresses["REDIS_URL"]), seconds=60)


def flushed(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.flushall())
        except redis.ConnectionError:
            return False


OF_VALKEY = () if ONE_DATABASE else (kill("valkey-server"), flush_valkey)
BLOWS = (
    kill("wasl consumer"),
    kill("wasl http"),
    kill("wasl scheduler"),
    *OF_VALKEY,
    kill("postgres"),
)
