"""Expired tokens met by many processes: one exchange each, whatever is slow, frozen or killed meanwhile."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from signal import SIGCONT, SIGSTOP

import psutil
import pytest

from tests.acceptance.story import Service, together
from tests.acceptance.wasl_up import environment, running
from tests.eventually import eventually

PROCESSES = 4
CALLERS = 50
"""In each process."""
DAY = 24 * 60 * 60
LONGER_THAN_A_LEASE = 11
"""Seconds. A worker's lease lasts ten, unless it is renewed."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running("--no-demo") as up:
        service = Service(up)
        service.sandbox.turn(oauth__expires_in=30 * DAY)
        yield service


class Callers:
    """One process that calls Zid as often at once as it is told to."""

    def __init__(self, service: Service, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.acceptance.callers", str(service.data_dir), name],
            cwd=service.up.home,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.worker = self.heard()["worker"]

    def tell(self, store_id: int, callers: int) -> None:
        self.process.stdin.write(json.dumps({"store_id": store_id, "callers": callers}) + "\n")
        self.process.stdin.flush()

    def heard(self) -> dict[str, int]:
        line = self.process.stdout.readline()
        assert line, f"the callers' process ended with {self.process.wait()}"
        return dict(json.loads(line))

    def call(self, store_id: int, callers: int = 1) -> dict[str, int]:
        self.tell(store_id, callers)
        return self.heard()

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def callers(service: Service) -> Iterator[list[Callers]]:
    with ExitStack() as stack:
        started = together([lambda n=n: Callers(service, f"callers-{n}") for n in range(PROCESSES)])
        for one in started:
            stack.callback(one.close)
        yield started


# The second test kills most of the processes, so it stays the last.
def test_many_callers_of_many_processes_cause_one_exchange(service: Service, callers: list[Callers]) -> None:
    store_id = service.quiet_store()
    service.sandbox.ask("POST", "/clock", {"advance_seconds": 31 * DAY})
    service.sandbox.ask(
        "POST", "/faults", {"route": "POST /oauth/token", "kind": "latency", "seconds": LONGER_THAN_A_LEASE}
    )
    fared = together([lambda one=one: one.call(store_id, CALLERS) for one in callers])
    assert sum(map(Counter, fared), Counter()) == {"ok": PROCESSES * CALLERS}
    assert service.sandbox.refreshes(store_id) == (1, 0)
    assert refused_with_old_tokens(service, store_id) > PROCESSES, "many did meet the expired token"
    assert service.store(store_id)["generation"] == 2
    assert service.audited(store_id, "token.refreshed") == 1

    assert callers[0].call(store_id, CALLERS) == {"ok": CALLERS}
    assert service.sandbox.refreshes(store_id) == (1, 0), "the new tokens work"


def test_a_worker_that_dies_or_freezes_with_the_answer_in_hand(service: Service, callers: list[Callers]) -> None:
    """Zid has spent the refresh token and answered, our database has nothing yet: the worst moment there is."""
    refused, rescued, overtaken = (service.quiet_store() for _ in range(3))
    service.sandbox.ask("POST", "/clock", {"advance_seconds": 31 * DAY})
    dies, dies_too, freezes, survives = callers
    before = answered(service)
    for one, store_id in ((dies, refused), (dies_too, rescued), (freezes, overtaken)):
        answer_slowly(service)
        one.tell(store_id, CALLERS)
        assert eventually(lambda store_id=store_id: service.sandbox.refreshes(store_id) == (1, 0), seconds=60)
    with frozen_postgres(service):
        assert eventually(lambda: answered(service) == before + 3, seconds=60)
        for killed in (dies, dies_too):
            killed.process.kill()
            killed.process.wait()
        freezes.process.send_signal(SIGSTOP)
    assert {service.store(store_id)["generation"] for store_id in (refused, rescued, overtaken)} == {1}

    service.sandbox.turn(refresh__reuse="401")
    service.end_leases(dies.worker)
    assert survives.call(refused, CALLERS) == {"refused": CALLERS}
    assert service.store(refused)["state"] == "needs_reauthorization"
    assert service.sandbox.refreshes(refused) == (1, 1), "one last resort, which Zid refused"
    assert survives.call(refused, CALLERS) == {"refused": CALLERS}
    assert service.sandbox.refreshes(refused) == (1, 1), "and nothing more"

    service.sandbox.turn(refresh__reuse="allow")
    service.end_leases(dies_too.worker, freezes.worker)
    for store_id in (rescued, overtaken):
        assert survives.call(store_id, CALLERS) == {"ok": CALLERS}
        assert service.sandbox.refreshes(store_id) == (2, 1), "one last resort, which Zid took"
        assert (service.store(store_id)["state"], service.store(store_id)["generation"]) == ("active", 2)

    stored = sealed_tokens(service, overtaken)
    freezes.process.send_signal(SIGCONT)
    assert freezes.heard() == {"ok": CALLERS}, "it goes on with what is stored, not with what it held"
    assert sealed_tokens(service, overtaken) == stored
    assert survives.call(overtaken) == {"ok": 1}
    assert service.sandbox.refreshes(overtaken) == (2, 1)


def answer_slowly(service: Service) -> None:
    """The next exchange is done by Zid at once, and answered seconds later."""
    fault = {"route": "POST /oauth/token", "kind": "latency", "seconds": 3, "when": "after"}
    service.sandbox.ask("POST", "/faults", fault)


def answered(service: Service) -> int:
    """Exchanges whose answers were sent, as long as the sandbox remembers."""
    return int(service.sandbox.ask("GET", "/requests?path=/oauth/token&status=200")["total"])


@contextmanager
def frozen_postgres(service: Service) -> Iterator[None]:
    """Nothing is committed meanwhile. For a few seconds only: leases run out after ten."""
    postmaster = psutil.Process(min(service.children("postgres")))
    postmaster.suspend()
    below = postmaster.children(recursive=True)
    try:
        for process in below:
            process.suspend()
        yield
    finally:
        for process in [*below, postmaster]:
            process.resume()


def refused_with_old_tokens(service: Service, store_id: int) -> int:
    requests = service.sandbox.ask("GET", "/requests?path=/account/profile&status=401&limit=1000")["requests"]
    return sum(request["store_id"] == store_id for request in requests)


def sealed_tokens(service: Service, store_id: int) -> bytes:
    return bytes(service.sql("SELECT sealed FROM tokens WHERE store_id = %s", store_id)[0][0])
