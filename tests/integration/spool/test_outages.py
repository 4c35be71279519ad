"""Postgres goes away under a real http process: Zid is answered 200 all the same, and nothing is lost or doubled."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from threading import Thread

import pytest

from adapters.embedded import EmbeddedPostgres
from tests.eventually import eventually
from tests.integration.spool.outage import NOBODY, PATIENCE, Outage, outage, running_server, stop

Place = tuple[Path, EmbeddedPostgres]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with running_server() as server:
        yield server


def test_an_outage_in_which_the_process_is_killed_costs_nothing(place: Place, redis_url: str) -> None:
    with outage(place, redis_url) as at:
        first = at.start_http()
        assert at.deliver(1, 2) == [200, 200]
        at.postgres.stop()
        assert at.deliver(3) == [200]
        acknowledged = {1, 2, 3, *killed_while_spooling(at, first)}

        second = at.start_http()
        assert at.deliver(5001, 5002, 3) == [200] * 3, "it starts without its database, and a repeat waits too"
        acknowledged |= {5001, 5002}
        assert eventually(lambda: "spool_file_adopted" in at.log, seconds=PATIENCE)

        at.postgres.start()
        assert eventually(lambda: acknowledged <= set(at.orders()), seconds=PATIENCE)
        assert eventually(lambda: at.ledger()["spooled"] == 0, seconds=PATIENCE)
        assert len(at.orders()) == len(set(at.orders()))
        assert at.ledger()["received"] == len(at.orders())
        assert at.ledger()["duplicates"] == 1
        assert at.ledger()["balanced"] is True
        assert at.spool_files == []

        at.postgres.stop()
        assert at.deliver(6001, 6002) == [200, 200]
        at.postgres.start()
        assert stop(second) == 0
        assert {6001, 6002} <= set(at.orders()), "a process does not end while its spool holds what Postgres takes"
        assert at.spool_files == []


def killed_while_spooling(at: Outage, process: Popen[bytes]) -> set[int]:
    """Deliveries keep coming while the process gets a kill -9; those that were answered."""
    answered: set[int] = set()

    def pour() -> None:
        for start in range(100, 4000, 16):
            numbers = range(start, start + 16)
            statuses = at.deliver(*numbers)
            answered.update(number for number, status in zip(numbers, statuses, strict=True) if status == 200)
            if NOBODY in statuses:
                return

    pouring = Thread(target=pour)
    pouring.start()
    assert eventually(lambda: len(answered) > 100, seconds=PATIENCE)
    process.kill()
    process.wait()
    pouring.join()
    return answered


def test_what_cannot_be_kept_is_answered_429_and_becomes_a_gap(place: Place, redis_url: str) -> None:
    """The folder of the spool is a file: only notes in the process's memory are left."""
    with outage(place, redis_url, SPOOL_DIR="taken") as at:
        (at.home / "taken").write_text("a file")
        at.start_http()
        assert at.deliver(1) == [200]
        at.postgres.stop()
        assert at.deliver(2, 3) == [429, 429]
        at.postgres.start()
        assert eventually(lambda: ("order.create", "answered 429: unavailable") in gaps(at), seconds=PATIENCE), at.log
        assert eventually(lambda: at.deliver(2) == [200], seconds=PATIENCE)
        assert at.has_orders(1, 2)


def gaps(at: Outage) -> list[tuple[str, str]]:
    return [
        (str(topic), str(cause)) for topic, cause in at.sql("SELECT topic, cause FROM gaps WHERE install_id = 4711")
    ]
