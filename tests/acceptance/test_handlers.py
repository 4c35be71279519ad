"""The app's handlers: each runs for itself, keeps its effects once, and a worker that lost its lease keeps nothing."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.acceptance.effects_log import HANDLERS, effects, service_with_effects
from tests.acceptance.story import Service
from tests.acceptance.wasl_up import environment
from tests.eventually import eventually

EVENTS = 10
HELD = 5
LEASE_AND_MORE = 60
"""Seconds in which a lease of ten surely ran out and its work was done by somebody else."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with service_with_effects() as service:
        yield service


@pytest.fixture(scope="module")
def store_id(service: Service) -> int:
    return service.new_store(products=0)


def test_a_failing_handler_does_not_repeat_the_other(service: Service, store_id: int) -> None:
    triggered = [str(one) for one in service.sandbox.trigger(store_id, "category.create", EVENTS)["ids"]]
    assert service.has_settled(store_id, received=EVENTS), service.books(store_id)
    events = {event["id"]: event for event in service.events(store_id, topic="category.create")}
    assert sorted(event["entity_id"] for event in events.values()) == sorted(triggered)
    assert {event["state"] for event in events.values()} == {"done"}

    assert effects(service, "steady") == [(event, 1) for event in sorted(events)]
    assert effects(service, "stumbling") == [(event, 3) for event in sorted(events)]
    assert calls(service, "steady") == dict.fromkeys(events, 1)
    assert calls(service, "stumbling") == dict.fromkeys(events, 3)
    runs = service.call("GET", f"/v1/events/{next(iter(events))}").json["runs"]
    assert sorted((run["handler"].rpartition(".")[2], run["state"], run["attempts"]) for run in runs) == [
        ("steady", "done", 1),
        ("stumbling", "done", 3),
    ]


def test_a_frozen_worker_that_wakes_after_its_lease_commits_nothing(service: Service, store_id: int) -> None:
    before = service.books(store_id)["received"]
    service.sandbox.trigger(store_id, "product.create", HELD)
    assert eventually(lambda: called(service, "slow", times=1) == HELD, seconds=60), "each is in its unit of work"
    assert eventually(lambda: bool(service.children("wasl consumer")))
    frozen = psutil.Process(min(service.children("wasl consumer")))
    frozen.suspend()
    service.end_leases(*service.workers("consumer"))
    try:
        with another_consumer(service) as other:
            assert eventually(lambda: called(service, "slow", times=2) == HELD, seconds=LEASE_AND_MORE)
            go_on(service, frozen.pid)
            frozen.resume()
            assert eventually(lambda: lost_runs(service.data_dir / "logs/consumer.log") == HELD, seconds=60)
            assert kept_by(service) == {}, "what woke keeps nothing, although its work is still unfinished"
            go_on(service, other)
            assert service.has_settled(store_id, received=before + HELD), service.books(store_id)
            assert kept_by(service) == {other: HELD}
    finally:
        frozen.resume()
    assert [attempt for _, attempt in effects(service, "slow")] == [2] * HELD
    assert called(service, "slow", times=2) == HELD

    service.sandbox.trigger(store_id, "product.create", 1)
    assert service.has_settled(store_id, received=before + HELD + 1), "what woke works on, under a new lease"
    assert kept_by(service) == {other: HELD, frozen.pid: 1}
    assert service.books()["balanced"] is True


def go_on(service: Service, pid: int) -> None:
    """Lets the handler `slow` of one process finish."""
    (service.up.home / f"go-{pid}").touch()


@contextmanager
def another_consumer(service: Service) -> Iterator[int]:
    """A second `wasl consumer` beside the one of `wasl up`: its pid."""
    log = service.up.home / "another-consumer.log"
    given = environment(WASL_HANDLERS=HANDLERS)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "entrypoints.cli", "consumer"],
            cwd=service.up.home,
            env=given,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert eventually(lambda: b"metrics_served" in log.read_bytes(), seconds=60), log.read_text()
        yield process.pid
    finally:
        process.terminate()
        assert process.wait(timeout=120) == 0, log.read_text()


def calls(service: Service, handler: str) -> dict[str, int]:
    """How often the handler was called, by event."""
    path = service.up.home / "calls"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return dict(Counter(line["event"] for line in lines if line["handler"] == handler))


def called(service: Service, handler: str, *, times: int) -> int:
    """How many events the handler was called for so often."""
    return list(calls(service, handler).values()).count(times)


def kept_by(service: Service) -> dict[int, int]:
    """How many effects of `slow` each process committed."""
    return dict(service.sql("SELECT pid, count(*) FROM effects WHERE handler = 'slow' GROUP BY pid"))


def lost_runs(log: Path) -> int:
    return sum(json.loads(line).get("event") == "run_lost" for line in log.read_text().splitlines())
