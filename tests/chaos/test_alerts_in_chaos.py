"""What people hear while things are taken away: the right alerts, from Prometheus and the service, and their end."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from adapters.embedded import DataDir, EmbeddedPostgres
from tests.acceptance.story import Service
from tests.acceptance.wasl_up import environment, home, running
from tests.chaos.arena import SETTINGS
from tests.chaos.elsewhere import Server
from tests.chaos.watched import Prometheus, prometheus, quickened
from tests.eventually import eventually
from tests.free_port import free_port

LONG = 300
"""Seconds for what takes one to ninety."""
RATE = 15
"""Events a second."""
NEVER = {
    "WaslBooksNotBalanced",
    "WaslAuditAltered",
    "WaslStoresDoNotOpen",
    "WaslClientRejected",
    "WaslTokensExpiring",
    "WaslStoresCutOff",
    "WaslWebhooksFailing",
    "WaslWebhooksNotDelivered",
    "WaslTooManyDeadLetters",
    "WaslPoison",
}
"""Nothing that happens here is a reason for them."""
SLOW = {"WaslWebhooksSlowForDays"}
"""Looks back over days, here minutes: an outage is over long before it is forgotten."""


@dataclass
class Receiver:
    """What is behind ALERT_WEBHOOK_URL."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)

    def heard(self, change: str, kind: str) -> bool:
        return any(one["type"] == f"alert.{change}" and one["data"]["alert"] == kind for one in list(self.told))


@contextmanager
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Noting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with Server(("127.0.0.1", 0), Noting) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Part:
    """One process more, with a metrics port of its own."""

    name: str
    home: Path
    given: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.home / f"watched-{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "entrypoints.cli", self.name],
                cwd=self.home,
                env=environment(METRICS_PORT=str(self.port), **self.given),
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=120)


@dataclass
class Scene:
    service: Service
    postgres: EmbeddedPostgres
    consumer: Part
    watch: Prometheus
    receiver: Receiver


@contextmanager
def scene(tmp_path: Path) -> Iterator[Scene]:
    """`wasl up` beside one consumer and one scheduler that Prometheus knows, all on one Postgres."""
    with ExitStack() as stack:
        postgres = EmbeddedPostgres(stack.enter_context(DataDir(stack.enter_context(home()))), settings=SETTINGS)
        stack.callback(postgres.stop)
        postgres.start()
        postgres.ensure_roles()
        people = stack.enter_context(receiver())
        given = {
            "DATABASE_URL": postgres.dsn("wasl_app", "wasl"),
            "MIGRATE_DATABASE_URL": postgres.dsn("wasl_owner", "wasl"),
            "ALERT_WEBHOOK_URL": people.url,
        }
        service = Service(stack.enter_context(running("--no-demo", "--no-redis", **given)))
        parts = {name: Part(name, service.up.home, given) for name in ("consumer", "scheduler")}
        for part in parts.values():
            stack.callback(part.stop)
            part.start()
        targets = {"http": f"127.0.0.1:{service.up.port}"}
        targets |= {name: f"127.0.0.1:{part.port}" for name, part in parts.items()}
        watch = stack.enter_context(prometheus(tmp_path, targets))
        yield Scene(service, postgres, parts["consumer"], watch, people)


def all_is_well(scene: Scene) -> bool:
    return scene.watch.up() == {"http", "consumer", "scheduler"} and scene.watch.firing() <= SLOW


def test_a_quickened_rule_is_the_same_but_for_its_durations() -> None:
    rule = "expr: wasl:x:rate5m > 86400 and rate(y[3d]) offset 1h\nfor: 10m"
    assert quickened(rule) == "expr: wasl:x:rate5m > 86400 and rate(y[72m]) offset 1m\nfor: 10s"


@pytest.mark.prove
def test_what_is_taken_away_is_told_and_so_is_its_return(tmp_path: Path) -> None:
    with scene(tmp_path) as place:
        store = place.service.new_store(orders=5)
        place.service.sandbox.trigger(store, "order.create", 200 * RATE, rate=RATE)
        assert eventually(lambda: all_is_well(place), seconds=LONG), place.watch.firing()

        place.postgres.stop()
        assert eventually(lambda: "WaslSpoolInUse" in place.watch.firing(), seconds=LONG)
        assert eventually(lambda: place.receiver.heard("raised", "database_away"), seconds=LONG)
        assert not place.receiver.heard("healed", "database_away")
        place.postgres.start()
        assert eventually(lambda: place.receiver.heard("healed", "database_away"), seconds=LONG)
        assert eventually(lambda: all_is_well(place), seconds=LONG), place.watch.firing()

        place.consumer.kill()
        assert eventually(lambda: "WaslProcessKindAbsent" in place.watch.firing(), seconds=LONG)
        place.consumer.start()
        assert eventually(lambda: all_is_well(place), seconds=LONG), place.watch.firing()

        fired = place.watch.fired()
        assert {"WaslSpoolInUse", "WaslProcessKindAbsent"} <= fired
        assert not fired & NEVER
        assert place.service.sandbox.has_delivered(seconds=LONG)
        assert place.service.has_settled(received=0, seconds=LONG), place.service.try_books()
        assert place.service.books()["balanced"] is True
        print("fired and cleared:", ", ".join(sorted(fired)))
