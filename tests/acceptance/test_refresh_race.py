"""Expired tokens met by many processes: one exchange each, whatever is slow, frozen or killed meanwhile."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from signal import SIGCONT, SIGSTOP

import psutil
import psycopg
import pytest

from tests.acceptance.story import Service, together
from tests.acceptance.wasl_up import environment, running
from tests.eventually import eventually

PROCESSES = 8
CALLERS = 63
"""In each process: 504 altogether."""
DAY = 24 * 60 * 60
LONGER_THAN_A_LEASE = 11
"""Seconds. A worker's lease lasts ten, unless it is renewed."""
ATTEMPTS = 3
"""At what a machine that stands still for ten seconds spoils: then even a living worker's lease runs out."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running("--no-demo") as up:
        service = Service(up)
        service.sandbox.turn(oauth__expires_in=30 * DAY)
        yield service


class Callers:
    """One process that calls Zid as often at once as it is told to."""

    def __init__(self, service: Service, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.acceptance.callers", str(service.data_dir), name],
            cwd=service.up.home,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.worker: int = self._line()["worker"]
        self.stood_still = False

    def tell(self, store_id: int) -> None:
        self.process.stdin.write(json.dumps({"store_id": store_id, "callers": CALLERS}) + "\n")
        self.process.stdin.flush()

    def heard(self) -> dict[str, int]:
        """How they fared. `stood_still` says whether the lease ran out meanwhile."""
        answer = self._line()
        self.stood_still, self.worker = answer["worker"] != self.worker, answer["worker"]
        return answer["fared"]

    def call(self, store_id: int) -> dict[str, int]:
        self.tell(store_id)
        return self.heard()

    def _line(self) -> dict:
        line = self.process.stdout.readline()
        assert line, f"the callers' process ended with {self.process.wait()}"
        return json.loads(line)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def callers(service: Service) -> Iterator[list[Callers]]:
    started = together([lambda n=n: Callers(service, f"callers-{n}") for n in range(PROCESSES)])
    yield list(started)
    together([one.close for one in started])


# Those who are killed are gone for the tests that follow, so the order stays.
def test_many_callers_of_many_processes_cause_one_exchange(service: Service, callers: list[Callers]) -> None:
    """The answer takes longer than a lease lives: only a lease that is kept up holds the others back."""
    for _ in range(ATTEMPTS):
        store_id = service.quiet_store()
        service.sandbox.ask("POST", "/clock", {"advance_seconds": 31 * DAY})
        fault = {"route": "POST /oauth/token", "kind": "latency", "seconds": LONGER_THAN_A_LEASE}
        service.sandbox.ask("POST", "/faults", fault)
        fared = everybody_calls(callers, store_id)
        if not any(one.stood_still for one in callers):
            break
    assert fared == {"ok": PROCESSES * CALLERS}
    assert service.sandbox.refreshes(store_id) == (1, 0)
    assert refused_with_old_tokens(service, store_id) > PROCESSES, "many did meet the expired token"
    assert service.store(store_id)["generation"] == 2
    assert service.audited(store_id, "token.refreshed") == 1

    assert callers[0].call(store_id) == {"ok": CALLERS}
    assert service.sandbox.refreshes(store_id) == (1, 0), "the new tokens work"
    assert alerts(service, store_id) == []


def test_a_worker_killed_with_the_answer_in_hand_costs_one_last_resort_and_an_alert(
    service: Service, callers: list[Callers]
) -> None:
    """Zid has spent the refresh token and answered, our database has nothing yet: the worst moment there is."""
    service.sandbox.turn(refresh__reuse="401")
    store_id = service.quiet_store()
    callers.remove(killed_with_the_answer(service, callers, store_id))
    assert heard(callers) == {"refused": len(callers) * CALLERS}
    assert service.store(store_id)["state"] == "needs_reauthorization"
    assert service.sandbox.refreshes(store_id) == (1, 1), "one last resort, which Zid refused"
    assert alerts(service, store_id) == [("refresh_in_doubt", False), ("needs_reauthorization", True)]
    assert everybody_calls(callers, store_id) == {"refused": len(callers) * CALLERS}
    assert service.sandbox.refreshes(store_id) == (1, 1), "and nothing more, ever"
    shown = json.loads(service.up.wasl("stores", "show", str(store_id), "--json").stdout)
    assert shown["alerts"][0].startswith("needs_reauthorization since "), shown
    [listed] = json.loads(service.up.wasl("alerts", "list", "--store", str(store_id), "--json").stdout)
    [answered] = service.call("GET", f"/v1/alerts?store_id={store_id}&open=true").json["items"]
    assert (listed["kind"], listed["reason"]) == (answered["kind"], answered["reason"])

    service.install(store_id)
    assert callers[0].call(store_id) == {"ok": CALLERS}
    assert alerts(service, store_id) == [("refresh_in_doubt", False), ("needs_reauthorization", False)]
    assert eventually(lambda: len(told(service, store_id)) >= 4), "people were told"
    told_once = [(event, kind) for kind, _ in alerts(service, store_id) for event in ("alert_raised", "alert_healed")]
    assert sorted(told(service, store_id)) == sorted(told_once)


def test_a_worker_killed_with_the_answer_in_hand_is_replaced_where_zid_forgives(
    service: Service, callers: list[Callers]
) -> None:
    service.sandbox.turn(refresh__reuse="allow")
    store_id = service.quiet_store()
    callers.remove(killed_with_the_answer(service, callers, store_id))
    assert heard(callers) == {"ok": len(callers) * CALLERS}
    assert service.sandbox.refreshes(store_id) == (2, 1), "one last resort, which Zid took"
    assert (service.store(store_id)["state"], service.store(store_id)["generation"]) == ("active", 2)
    assert alerts(service, store_id) == [("refresh_in_doubt", False)]


def test_a_worker_that_froze_with_the_answer_in_hand_never_stores_it_over_a_newer_one(
    service: Service, callers: list[Callers]
) -> None:
    service.sandbox.turn(refresh__reuse="allow")
    store_id = service.quiet_store()
    service.sandbox.ask("POST", "/clock", {"advance_seconds": 31 * DAY})
    with nothing_stored(service, store_id) as waiting:
        freezes = the_one_at_it(service, callers, store_id)
        assert eventually(lambda: freezes.name in waiting(), seconds=120)
        freezes.process.send_signal(SIGSTOP)
        for backend in backends(service, freezes.name):
            backend.terminate()
    service.end_leases(*service.workers(freezes.name))
    others = [one for one in callers if one is not freezes]
    assert heard(others) == {"ok": len(others) * CALLERS}
    assert service.sandbox.refreshes(store_id) == (2, 1)
    stored = sealed_tokens(service, store_id)
    freezes.process.send_signal(SIGCONT)
    assert freezes.heard() == {"ok": CALLERS}, "it goes on with what is stored, not with what it held"
    assert sealed_tokens(service, store_id) == stored
    assert everybody_calls(callers, store_id) == {"ok": len(callers) * CALLERS}
    assert service.sandbox.refreshes(store_id) == (2, 1)
    assert service.store(store_id)["generation"] == 2


def everybody_calls(callers: Sequence[Callers], store_id: int) -> Counter[str]:
    for one in callers:
        one.tell(store_id)
    return heard(callers)


def heard(callers: Sequence[Callers]) -> Counter[str]:
    return sum(map(Counter, together([one.heard for one in callers])), Counter())


def killed_with_the_answer(service: Service, callers: Sequence[Callers], store_id: int) -> Callers:
    """All of them call; the one whose exchange it is is killed before it stores anything."""
    service.sandbox.ask("POST", "/clock", {"advance_seconds": 31 * DAY})
    with nothing_stored(service, store_id) as waiting:
        killed = the_one_at_it(service, callers, store_id)
        assert eventually(lambda: killed.name in waiting(), seconds=120)
        assert service.sandbox.refreshes(store_id) == (1, 0)
        killed.kill()
    assert service.store(store_id)["generation"] == 1
    service.end_leases(*service.workers(killed.name))
    return killed


def the_one_at_it(service: Service, callers: Sequence[Callers], store_id: int) -> Callers:
    """All of them call, one of them exchanges: the book of refreshes says who."""
    for one in callers:
        one.tell(store_id)
    statement = """
        SELECT w.kind FROM refresh_intents JOIN tokens USING (install_id, generation) JOIN workers w USING (worker_id)
        WHERE store_id = %s
    """
    assert eventually(lambda: bool(service.sql(statement, store_id)), seconds=120)
    [(name,)] = service.sql(statement, store_id)
    [found] = [one for one in callers if one.name == name]
    return found


@contextmanager
def nothing_stored(service: Service, store_id: int) -> Iterator:
    """Meanwhile no new tokens of the store are committed; gives what tells who waits for that."""
    with psycopg.connect(service.addresses["MIGRATE_DATABASE_URL"]) as holding:
        holding.execute("SELECT FROM refresh_due WHERE store_id = %s FOR UPDATE", [store_id])
        mine = holding.info.backend_pid

        def waiting() -> set[str]:
            """Names of processes that have tokens in hand which they cannot store."""
            rows = service.sql(
                "SELECT application_name FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))", mine
            )
            return {name.removeprefix("wasl ") for (name,) in rows}

        yield waiting
        holding.rollback()


def backends(service: Service, name: str) -> list[psutil.Process]:
    """The database's ends of a process's connections."""
    rows = service.sql("SELECT pid FROM pg_stat_activity WHERE application_name = %s", f"wasl {name}")
    return [psutil.Process(pid) for (pid,) in rows]


def refused_with_old_tokens(service: Service, store_id: int) -> int:
    requests = service.sandbox.ask("GET", "/requests?path=/account/profile&status=401&limit=1000")["requests"]
    return sum(request["store_id"] == store_id for request in requests)


def alerts(service: Service, store_id: int) -> list[tuple[str, bool]]:
    """Every alert there was about the store, and whether it is open."""
    return service.sql("SELECT kind, healed_at IS NULL FROM alerts WHERE store_id = %s ORDER BY alert_id", store_id)


def told(service: Service, store_id: int) -> list[tuple[str, str]]:
    """What the log said about the store's alerts, in its order."""
    lines = (service.data_dir / "logs" / "scheduler.log").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if '"alert_' in line]
    mine = [record for record in records if record["store_id"] == store_id]
    return [(record["event"], record["alert"]) for record in mine]


def sealed_tokens(service: Service, store_id: int) -> bytes:
    return bytes(service.sql("SELECT sealed FROM tokens WHERE store_id = %s", store_id)[0][0])
