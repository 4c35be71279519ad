"""A release takes over from another under load, as on platforms: no request fails, no event is lost or done twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Any

import psycopg
import pytest

from entrypoints.up.secrets_file import make_secrets
from tests.acceptance.balancer import Balancer
from tests.acceptance.story import Browser, Sandbox, is_settled, is_success, send
from tests.acceptance.wasl_up import environment, wasl
from tests.eventually import eventually
from tests.free_port import free_port
from tests.servers import Database, own_data_dir

HANDLERS = "tests.acceptance.apps.effects"
PATIENCE = 120
"""Seconds. Many times what anything here takes."""
AT_ONCE, PAUSE = 4, 0.1
"""Deliveries that are made together, and seconds between two such."""
ENOUGH = 40
"""Deliveries, or answers, that each release has to deal with."""
PARTS = ("http", "consumer", "scheduler")


class Release:
    """One version's processes, each on ports of its own."""

    def __init__(self, version: str, home: Path, given: Mapping[str, str]) -> None:
        self.version = version
        self._home = home
        self._given = given
        self.ports = {part: free_port() for part in PARTS}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """As a platform: first the migrations, then the processes, until each says that it is ready."""
        migrated = wasl("migrate", "apply", cwd=self._home, **self._given)
        assert migrated.returncode == 0, migrated.stderr
        for part in PARTS:
            self.processes[part] = spawn(self._home, self.version, part, **self._environment(part))
        for part in PARTS:
            assert eventually(lambda part=part: self._is_ready(part), seconds=PATIENCE), self.log(part)

    def stop(self) -> dict[str, int]:
        """SIGTERM to all; their exit codes."""
        for process in self.processes.values():
            process.send_signal(SIGTERM)
        return {part: process.wait(timeout=PATIENCE) for part, process in self.processes.items()}

    def kill(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait(timeout=PATIENCE)

    def log(self, part: str) -> str:
        return (self._home / f"{self.version}-{part}.log").read_text(encoding="utf-8")[-3000:]

    def _environment(self, part: str) -> dict[str, str]:
        port = {"HTTP_PORT" if part == "http" else "METRICS_PORT": str(self.ports[part])}
        spool = {"SPOOL_DIR": str(self._home / f"spool-{self.version}")}
        return {**self._given, **port, **spool, "APP_VERSION": self.version}

    def _is_ready(self, part: str) -> bool:
        assert self.processes[part].poll() is None, self.log(part)
        try:
            return send("GET", f"http://127.0.0.1:{self.ports[part]}/health/ready").status == 200
        except OSError:
            return False


def spawn(home: Path, name: str, *arguments: str, **given: str) -> subprocess.Popen[bytes]:
    with (home / f"{name}-{arguments[0]}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "entrypoints.cli", *arguments],
            cwd=home,
            env=environment(**given),
            stdout=log,
            stderr=subprocess.STDOUT,
        )


class Scene:
    """The stand-in for Zid, the balancer, and the database behind both releases."""

    def __init__(self, home: Path, database: Database, redis_setting: str, balancer: Balancer) -> None:
        self.home = home
        self.balancer = balancer
        self.sandbox = Sandbox(f"http://127.0.0.1:{free_port()}")
        self._owner = database.owner_dsn
        self.given = {
            **make_secrets(),
            "PUBLIC_URL": f"http://127.0.0.1:{balancer.port}",
            "DATABASE_URL": database.dsn,
            "MIGRATE_DATABASE_URL": database.owner_dsn,
            "REDIS_URL": redis_setting,
            "ZID_API_URL": self.sandbox.url,
            "ZID_OAUTH_URL": self.sandbox.url,
            "ZID_CLIENT_ID": "48",
            "ZID_CLIENT_SECRET": "not-so-secret-here",
            "ZID_APP_ID": "7367",
            "WASL_HANDLERS": HANDLERS,
            "ERASURE_LOG": str(home / "erasures.jsonl"),
        }

    @contextmanager
    def zid(self) -> Iterator[None]:
        port = self.sandbox.url.rpartition(":")[2]
        process = spawn(self.home, "zid", "sandbox", "--port", port, **self.given)
        try:
            assert eventually(self._is_there, seconds=PATIENCE)
            yield
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)

    def _is_there(self) -> bool:
        try:
            self.sandbox.turn(rate__bucket=0)
        except OSError:
            return False
        return True

    def ask(self, path: str) -> Any:
        """Through the balancer, as everybody."""
        key = {"Authorization": f"Bearer {self.given['ADMIN_API_KEY']}"}
        answer = send("GET", self.given["PUBLIC_URL"] + path, headers=key)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._owner) as owner:
            cursor = owner.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def installed(self) -> int:
        store = self.sandbox.new_store(products=0)
        page = Browser().open(self.sandbox.activate_url(store))
        assert is_success(page), page
        return store


@pytest.fixture
def scene(database: Database, redis_setting: str) -> Iterator[Scene]:
    with own_data_dir() as home, Balancer().running() as balancer:
        scene = Scene(home, database, redis_setting, balancer)
        with scene.zid():
            yield scene


class Load:
    """Zid delivers and somebody asks the API, until `end`."""

    def __init__(self, scene: Scene, store: int) -> None:
        self._scene, self._store = scene, store
        self._ended = threading.Event()
        self.sent = 0
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._deliver, self._read)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _deliver(self) -> None:
        while not self._ended.wait(PAUSE):
            self._scene.sandbox.trigger(self._store, "category.create", AT_ONCE)
            self.sent += AT_ONCE

    def _read(self) -> None:
        while not self._ended.wait(PAUSE):
            self._scene.ask("/v1/ledger")


def handled_by(scene: Scene, release: Release) -> int:
    consumer = release.processes["consumer"].pid
    return int(scene.sql(f"SELECT count(*) FROM effects WHERE pid = {consumer}")[0][0])


def test_a_release_takes_over_under_load(scene: Scene) -> None:
    old, new = (Release(version, scene.home, scene.given) for version in ("one", "two"))
    with ExitStack() as cleanup:
        cleanup.callback(old.kill)
        cleanup.callback(new.kill)
        scene.sql("CREATE TABLE effects (event_id uuid, handler text, attempt integer, pid integer)")
        old.start()
        scene.balancer.target = old.ports["http"]
        store = scene.installed()

        load = Load(scene, store)
        cleanup.callback(load.end)
        assert eventually(lambda: handled_by(scene, old) > ENOUGH, seconds=PATIENCE), old.log("consumer")

        new.start()
        scene.balancer.target = new.ports["http"]
        assert eventually(lambda: not scene.balancer.under_way[old.ports["http"]], seconds=PATIENCE)
        assert old.stop() == dict.fromkeys(PARTS, 0), {part: old.log(part) for part in PARTS}
        assert eventually(lambda: handled_by(scene, new) > ENOUGH, seconds=PATIENCE), new.log("consumer")
        load.end()
        assert scene.sandbox.has_delivered(store, seconds=PATIENCE)
        assert eventually(lambda: is_settled(scene.ask("/v1/ledger"), load.sent), seconds=PATIENCE)

        assert scene.balancer.failures == []
        assert [status for status in scene.balancer.statuses if status >= 400] == []
        books = scene.ask(f"/v1/ledger?store_id={store}")
        assert (books["received"], books["done"], books["balanced"]) == (load.sent, load.sent, True)
        for handler in ("steady", "stumbling"):
            left = scene.sql(f"SELECT count(*), count(DISTINCT event_id) FROM effects WHERE handler = '{handler}'")
            assert left == [(load.sent, load.sent)], handler
        assert new.stop() == dict.fromkeys(PARTS, 0)
