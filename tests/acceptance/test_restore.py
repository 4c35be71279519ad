"""The restore drill: an older backup of Postgres beside a Redis that has gone on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance.backup import Backup
from tests.acceptance.story import Service, dump
from tests.acceptance.wasl_up import WaslUp, home
from tests.eventually import eventually
from tests.mirror_and_world import differences
from tests.servers import Database

STORES = 4
EVENTS = 50
REFRESHES = 5


class Drill:
    """A `wasl up` on servers that stay while it is stopped."""

    def __init__(self, up: WaslUp, database: Database, redis_url: str) -> None:
        self.service = Service(up)
        self.database = database
        self._known: dict[str, str] = {}
        self._given = {"DATABASE_URL": database.dsn, "MIGRATE_DATABASE_URL": database.owner_dsn, "REDIS_URL": redis_url}

    def start(self) -> None:
        self.service.up.start("--no-demo", **self._given)

    def stop(self) -> None:
        self._known = self.service.addresses
        assert self.service.up.stop() == 0

    def restored(self, since: datetime) -> Any:
        """In the environment of the processes, none of which runs."""
        done = self.service.up.wasl("restored", "--since", since.isoformat(), "--json", **self._known)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def unlike(self, store: int) -> list[str]:
        return differences(self.service.sandbox.ask, self.service.sql, store)


@pytest.fixture
def drill(database: Database, redis_setting: str) -> Iterator[Drill]:
    with home() as path:
        drill = Drill(WaslUp(path), database, redis_setting)
        try:
            drill.start()
            yield drill
        finally:
            if drill.service.up.process and drill.service.up.process.poll() is None:
                drill.service.up.stop()


def test_a_restored_backup_forgets_again_spends_nothing_twice_and_catches_up(drill: Drill) -> None:
    service = drill.service
    *stores, doomed = service.quiet_stores(STORES + 1, orders=4, customers=3, products=2)
    emails = [one["email"] for one in service.sandbox.ask("GET", f"/stores/{doomed}/entities/customers")["items"]]
    service.sandbox.turn(refresh__revoke_access=False)
    since = datetime.now(UTC)
    backup = Backup.taken(drill.database.owner_dsn)

    for store in stores:
        service.sandbox.trigger(store, "order.create", EVENTS)
        for _ in range(REFRESHES):
            assert service.call("POST", f"/auth/refresh/{store}").json["outcome"] == "renewed"
    assert service.up.wasl("stores", "erase", str(doomed), "--yes").returncode == 0
    for store in stores:
        assert service.has_settled(store, received=EVENTS)
    assert {service.sandbox.refreshes(store) for store in stores} == {(REFRESHES, 0)}

    drill.stop()
    backup.restore(drill.database.owner_dsn)
    assert drill.restored(since) == {
        "tokens": STORES + 1,
        "erasures": 1,
        "stores": STORES,
        "dry_run": False,
    }
    drill.start()

    for store in stores:
        assert eventually(lambda store=store: drill.unlike(store) == [], seconds=120), (store, drill.unlike(store))
    gaps = "SELECT count(*) FROM gaps WHERE closed_at IS NULL"
    assert eventually(lambda: service.sql(gaps)[0][0] == 0, seconds=120)
    assert service.call("POST", f"/auth/refresh/{stores[0]}").json["outcome"] == "unknown"
    assert {service.sandbox.refreshes(store) for store in stores} == {(REFRESHES, 0)}, "no spent token is sent"
    assert {service.store(store)["state"] for store in stores} == {"active"}
    assert service.store(doomed)["state"] == "uninstalled"
    with service.owner() as owner:
        everything = dump(owner)
    assert not [email for email in emails if email.encode() in everything]
    assert service.has_settled(received=0)
    assert service.books()["balanced"] is True
    assert service.up.wasl("verify").returncode == 0
