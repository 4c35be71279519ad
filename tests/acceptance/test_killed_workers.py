"""Workers die and freeze with work in their hands: it runs again soon, once, and only the one that kills is blamed."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any

import pytest

from core.domain.suspicion import ALONE, IN_COMPANY, POISON_REASON
from tests.acceptance.story import Service
from tests.acceptance.wasl_up import environment, running
from tests.eventually import eventually

HANDLERS = "tests.acceptance.apps.killers"
PATIENCE = 120
"""Seconds. Many times what anything here takes."""
NEIGHBOURS = 10
WITHIN = 12.0
"""Seconds after which everything that was running runs again: a lease of ten, one sweep, one claim."""


@contextmanager
def service_of(concurrency: int) -> Iterator[Service]:
    """The table has no unique constraint on purpose: an effect done twice is two rows."""
    settings = {"WASL_HANDLERS": HANDLERS, "HANDLER_CONCURRENCY": str(concurrency)}
    with running("--no-demo", **settings) as up:
        service = Service(up)
        service.sql("CREATE TABLE effects (event_id uuid, handler text, attempt integer, pid integer)")
        yield service


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with service_of(60) as service:
        yield service


@pytest.fixture(scope="module")
def store_id(service: Service) -> int:
    return service.new_store(products=0)


def test_a_run_that_kills_its_worker_is_poison_and_its_neighbours_are_done_once(
    service: Service, store_id: int
) -> None:
    service.sandbox.trigger(store_id, "category.create", NEIGHBOURS)
    service.sandbox.trigger(store_id, "product.create", 1)
    for death in range(1, IN_COMPANY + ALONE + 1):
        assert eventually(lambda death=death: len(calls(service, "deadly")) == death, seconds=PATIENCE), why(service)
        end_the_lease_of_the_dead(service)
    assert service.has_settled(store_id, received=NEIGHBOURS + 1, seconds=PATIENCE), service.books(store_id)

    [event] = service.events(store_id, topic="product.create")
    assert (event["state"], event["reason"]) == ("dead", POISON_REASON)
    shown = json.loads(service.up.wasl("events", "show", event["id"], "--json").stdout)
    assert [one["outcome"] for one in shown["attempt_log"]] == ["lost"] * (IN_COMPANY + ALONE)
    assert [one["number"] for one in shown["attempt_log"]] == list(range(1, IN_COMPANY + ALONE + 1))
    assert len({one["worker"] for one in shown["attempt_log"]}) == IN_COMPANY + ALONE

    done = effects(service, "neighbour")
    assert len(done) == len(set(done)) == NEIGHBOURS
    assert {event["state"] for event in service.events(store_id, topic="category.create")} == {"done"}
    assert len(calls(service, "deadly")) == IN_COMPANY + ALONE
    assert service.books()["balanced"] is True


def test_a_snoozed_run_comes_back_when_it_said_and_not_before(service: Service, store_id: int) -> None:
    service.sandbox.trigger(store_id, "category.update", 1)
    assert eventually(lambda: len(effects(service, "sleepy")) == 1, seconds=PATIENCE)
    first, second = calls(service, "sleepy")
    assert second["at"] - first["at"] >= 2, "never early"
    assert (first["attempt"], second["attempt"]) == (1, 1), "no attempt is counted"


def test_attempts_keep_no_body_no_token_and_no_variable(service: Service, store_id: int) -> None:
    service.sandbox.trigger(store_id, "customer.create", 1)
    (service.up.home / "go").touch()
    service.sandbox.trigger(store_id, "customer.update", 1)
    assert eventually(lambda: bool(dead(service, store_id, "customer.update")), seconds=PATIENCE)
    [event] = dead(service, store_id, "customer.update")
    shown = service.call("GET", f"/v1/events/{event['id']}").json
    [attempt] = shown["attempt_log"]
    assert (attempt["outcome"], attempt["failure"]["type"], attempt["number"]) == ("failed", "ValueError", 1)
    assert attempt["handler"].endswith("talkative")
    assert "in talkative" in attempt["failure"]["traceback"]
    assert attempt["started_at"] <= attempt["ended_at"]
    [[kept]] = service.sql("SELECT string_agg(a::text, '') FROM attempts a")
    [[runs]] = service.sql("SELECT string_agg(r::text, '') FROM runs r")
    for value in personal(shown["body"]):
        assert value not in kept + runs
    assert "local variable of a handler'" not in kept
    (service.up.home / "go").unlink()


def test_one_killed_and_one_frozen_worker_cost_nothing(service: Service) -> None:
    """All they held runs again, and what the frozen one does when it wakes is not kept."""
    kill_and_freeze(service, in_flight=100, concurrency=60, chance=random.Random(1))


@pytest.mark.prove
def test_500_in_flight_run_again_within_12_seconds_of_20_random_kills() -> None:
    chance = random.Random(20)
    with service_of(260) as service:
        took = [kill_and_freeze(service, in_flight=500, concurrency=260, chance=chance) for _ in range(20)]
    assert max(took) <= WITHIN, took


def kill_and_freeze(service: Service, *, in_flight: int, concurrency: int, chance: random.Random) -> float:
    """Of three consumers, two hold everything: one is killed, one frozen. Seconds until all ran again elsewhere."""
    (service.up.home / "go").unlink(missing_ok=True)
    stores = [service.new_store(products=0) for _ in range(2)]
    with ExitStack() as stack:
        own = own_consumer(service)
        frozen = stack.enter_context(another_consumer(service, "frozen", concurrency))
        both, opened = {own, frozen}, time.time()
        for store in stores:
            service.sandbox.trigger(store, "customer.create", in_flight // 2)
        held = eventually(lambda: len(running_at(service, both, since=opened)) == in_flight, seconds=PATIENCE)
        assert held, (both, why(service))
        stack.enter_context(another_consumer(service, "spare", concurrency))
        time.sleep(chance.random())  # anywhere between two renewals of the leases
        began = time.time()
        os.kill(own, SIGKILL)
        os.kill(frozen, SIGSTOP)
        stack.callback(os.kill, frozen, SIGCONT)
        again = eventually(lambda: len(running_at(service, None, since=began)) == in_flight, seconds=PATIENCE)
        assert again, why(service)
        took = time.time() - began
        (service.up.home / "go").touch()
        received = in_flight // 2
        assert all(service.has_settled(store, received=received, seconds=PATIENCE) for store in stores)
        os.kill(frozen, SIGCONT)
    done = effects_of(service, stores)
    assert len(done) == len({event for event, _ in done}) == in_flight
    assert not {pid for _, pid in done} & {own, frozen}
    assert service.books()["balanced"] is True
    return took


def own_consumer(service: Service) -> int:
    """The one of `wasl up`, which starts another when it dies."""
    assert eventually(lambda: bool(service.children("wasl consumer")), seconds=PATIENCE)
    return min(service.children("wasl consumer"))


@contextmanager
def another_consumer(service: Service, name: str, concurrency: int) -> Iterator[int]:
    """One more `wasl consumer`, beside the one of `wasl up`: its pid. What ends it need not be us."""
    log = service.up.home / f"{name}.log"
    given = environment(WASL_HANDLERS=HANDLERS, HANDLER_CONCURRENCY=str(concurrency))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "entrypoints.cli", "consumer"],
            cwd=service.up.home,
            env=given,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert eventually(lambda: b"metrics_served" in log.read_bytes(), seconds=PATIENCE), log.read_text()
        yield process.pid
    finally:
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0, log.read_text()


def why(service: Service) -> str:
    """What stands still."""
    unfinished = service.sql("SELECT handler, state, attempts, crashes, worker_id FROM runs WHERE settled_at IS NULL")
    consumer = (service.data_dir / "logs/consumer.log").read_text()
    return "\n".join([str(unfinished), service.up.output[-2000:], consumer[-4000:]])


def end_the_lease_of_the_dead(service: Service) -> None:
    """What ten seconds of waiting would do."""
    service.sql(
        "UPDATE workers SET lease_until = now() WHERE worker_id IN "
        "(SELECT worker_id FROM runs WHERE state = 'running' AND handler = %s)",
        f"{HANDLERS}.deadly",
    )


def calls(service: Service, handler: str) -> list[dict[str, Any]]:
    path = service.up.home / "calls"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for line in lines if line["handler"] == handler]


def running_at(service: Service, pids: set[int] | None, *, since: float = 0) -> set[str]:
    """The events that the patient handler was called for, by these processes or by any, since then."""
    return {
        line["event"]
        for line in calls(service, "patient")
        if line["at"] >= since and (pids is None or line["pid"] in pids)
    }


def effects(service: Service, handler: str) -> list[str]:
    return [str(event) for (event,) in service.sql("SELECT event_id FROM effects WHERE handler = %s", handler)]


def effects_of(service: Service, stores: Sequence[int]) -> list[tuple[str, int]]:
    rows = service.sql(
        "SELECT f.event_id::text, f.pid FROM effects f JOIN events USING (event_id) WHERE store_id = ANY (%s)",
        list(stores),
    )
    return [(event, pid) for event, pid in rows]


def dead(service: Service, store_id: int, topic: str) -> list[Any]:
    return [event for event in service.events(store_id, topic=topic) if event["state"] == "dead"]


def personal(body: dict[str, Any]) -> list[str]:
    """What a customer's document says of the person."""
    found = [str(body[name]) for name in ("name", "email", "mobile", "telephone") if body.get(name)]
    assert len(found) >= 2
    return found
