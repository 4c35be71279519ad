"""What a stranger sees who types `make up`: everything runs, a store is installed, its orders flow."""

import json
import os
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from signal import SIGINT, SIGKILL
from threading import Event, Thread

import psutil
import pytest

from tests.acceptance.one_database import ONE_DATABASE
from tests.acceptance.wasl_up import WaslUp, home, running, runs, wasl
from tests.eventually import eventually
from tests.free_port import free_port


@pytest.fixture(scope="module")
def up() -> Iterator[WaslUp]:
    with running("--demo") as started:
        yield started


def test_the_start_tells_what_to_open_and_with_which_key(up: WaslUp) -> None:
    assert f"{up.url}/console" in up.output
    assert f"{up.sandbox_url}/" in up.output
    assert up.admin_key in (up.home / ".wasl/wasl.env").read_text()
    assert up.says("for trying out, not for production")


def test_secrets_are_for_the_owner_only(up: WaslUp) -> None:
    for name in ("wasl.env", "run.json"):
        assert stat.S_IMODE((up.home / ".wasl" / name).stat().st_mode) == 0o600


def test_every_part_is_named_in_the_process_list(up: WaslUp) -> None:
    """`ready` is said when one http process answers; its twin may still be starting then."""
    expected = {"wasl http": 2, "wasl consumer": 1, "wasl scheduler": 1, "wasl sandbox": 1}
    assert eventually(lambda: {name: len(up.parts().get(name, ())) for name in expected} == expected, seconds=60)


def test_a_second_up_on_the_same_data_is_refused(up: WaslUp) -> None:
    refused = up.wasl("up")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"in use by process {up.process.pid}" in refused.stderr


def test_a_port_in_use_is_refused_before_anything_starts(up: WaslUp) -> None:
    with home() as other:
        refused = wasl("up", "--port", str(up.port), cwd=other)
        assert refused.returncode == 1
        assert refused.stderr == (
            f"wasl: port {up.port} on 127.0.0.1 is in use by another program: stop it, or choose another with --port\n"
        )
        assert not (other / ".wasl/postgres").exists()
        refused = wasl("up", "--port", "0", "--sandbox-port", str(up.sandbox_port), cwd=other)
        assert "--sandbox-port" in refused.stderr


def test_the_demo_installs_a_store_and_its_orders_flow(up: WaslUp) -> None:
    assert up.says("✓ installed: ")
    assert eventually(lambda: up.ask("/v1/ledger")["done"] >= 20, seconds=60), up.output
    assert up.ask("/v1/ledger")["balanced"] is True
    assert up.says("20 done")


def test_a_second_terminal_sees_the_store(up: WaslUp) -> None:
    assert up.says("✓ installed: ")
    listed = json.loads(up.wasl("stores", "list", "--json").stdout)
    assert [store["state"] for store in listed] == ["active"]
    elsewhere = wasl("stores", "list", "--data-dir", str(up.home / ".wasl"), cwd=up.home.parent)
    assert listed[0]["title"] in elsewhere.stdout


def test_trigger_ends_with_the_ledger(up: WaslUp) -> None:
    assert eventually(lambda: up.ask("/v1/ledger")["done"] >= 20, seconds=60), up.output
    done = up.ask("/v1/ledger")["done"]
    triggered = up.wasl("trigger", "order.create", "--count", "50", "--data", "-")
    assert triggered.returncode == 2, "an empty stdin is no JSON object"
    triggered = up.wasl("trigger", "order.create", "--count", "50")
    assert f"{done + 50} done" in triggered.stdout, triggered
    assert triggered.stdout.rstrip().endswith("balanced")
    assert "\x1b" not in triggered.stdout + triggered.stderr


def test_status_and_verify_agree_with_the_api(up: WaslUp) -> None:
    verified = up.wasl("verify", "--json")
    assert verified.returncode == 0
    assert json.loads(verified.stdout)["balanced"] is True
    status = json.loads(up.wasl("status", "--json").stdout)
    assert status["http"] == up.url
    assert status["stores"] == {"active": 1}


def test_a_killed_http_process_refuses_nobody_and_comes_back(up: WaslUp) -> None:
    before = {process.pid for process in up.part("wasl http", count=2)}
    stop, refused = Event(), []

    def knock() -> None:
        while not stop.is_set():
            try:
                with urllib.request.urlopen(f"{up.url}/health/live", timeout=60):
                    pass
            except ConnectionResetError:
                pass  # it was in the hands of the process that died
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionResetError):
                    refused.append(error)
            except OSError as error:
                refused.append(error)

    knocking = Thread(target=knock)
    knocking.start()
    try:
        for pid in before:
            os.kill(pid, SIGKILL)
        assert eventually(lambda: len({p.pid for p in up.parts().get("wasl http", ())} - before) == 2, seconds=60)
        assert eventually(lambda: works(up), seconds=60), up.output
    finally:
        stop.set()
        knocking.join()
    assert not refused
    assert up.says("! http-1 ended (killed by SIGKILL): starting it again")


def test_a_frozen_http_process_is_killed_and_replaced(up: WaslUp) -> None:
    """Nobody helps: SIGSTOP leaves it with every connection it has accepted, and with nothing to answer them."""
    assert eventually(lambda: len(up.parts().get("wasl http", ())) == 2, seconds=60)
    frozen = up.parts()["wasl http"][0]
    frozen.suspend()
    assert eventually(lambda: "gives no sign of life: killing it" in up.output, seconds=60), up.output
    assert eventually(lambda: not runs(frozen), seconds=60)
    replaced = lambda: {p.pid for p in up.parts().get("wasl http", ())} - {frozen.pid}  # noqa: E731
    assert eventually(lambda: len(replaced()) == 2, seconds=60), up.output
    assert up.ask("/v1/ledger")["balanced"] is True


@pytest.mark.parametrize(
    ("part", "name"), [("wasl consumer", "consumer"), ("wasl scheduler", "scheduler"), ("wasl sandbox", "sandbox")]
)
def test_a_killed_part_is_named_and_started_again(up: WaslUp, part: str, name: str) -> None:
    [killed] = up.part(part)
    killed.kill()
    assert up.says(f"! {name} ended (killed by SIGKILL): starting it again")
    assert eventually(lambda: any(p.pid != killed.pid for p in up.parts().get(part, ())), seconds=60)


@pytest.mark.parametrize("server", ["Postgres"] if ONE_DATABASE else ["Postgres", "Valkey"])
def test_a_killed_server_is_started_again_with_its_data(up: WaslUp, server: str) -> None:
    received = up.ask("/v1/ledger")["received"]
    program = {"Postgres": "postgres", "Valkey": "valkey-server"}[server]
    killed = next(process for process in up.part(program) if process.ppid() == up.process.pid)
    killed.kill()
    assert up.says(f"! {server} ended (killed by SIGKILL): starting it again")
    assert eventually(lambda: works(up), seconds=60), up.output
    assert up.ask("/v1/ledger")["received"] == received
    triggered = up.wasl("trigger", "order.create", "--count", "5")
    assert triggered.returncode == 0, triggered
    assert up.ask("/v1/ledger")["received"] == received + 5


def works(up: WaslUp) -> bool:
    try:
        return up.ask("/health/ready")["status"] == "ready" and up.ask("/v1/ledger")["balanced"] is True
    except (OSError, HTTPException):
        return False


def test_stop_kill_and_start_again() -> None:
    """Ctrl-C leaves nothing behind; the next start continues; `kill -9` leaves nothing running either."""
    with running("--no-demo") as up:
        first_key = up.admin_key
        assert up.says("/activate")
        activate = next(line.split()[-1] for line in up.output.splitlines() if "/activate" in line)
        click(activate)
        assert up.says("✓ installed: ")
        below = [process for processes in up.parts().values() for process in processes]
        assert up.stop() == 0
        assert up.output.rstrip().endswith("stopped")
        assert not [process for process in below if runs(process)]
        assert not (up.home / ".wasl/run.json").exists()
        told = up.wasl("stores", "list")
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.startswith("wasl: no database: set DATABASE_URL, or start `wasl up`")

        up.start("--no-demo")
        assert up.admin_key == first_key
        assert up.says("1 store known from before")
        assert up.wasl("trigger", "order.create", "--count", "3").returncode == 0

        below = [process for processes in up.parts().values() for process in processes]
        up.process.kill()
        up.process.wait()
        assert eventually(lambda: not [process for process in below if runs(process)], seconds=60)

        up.start("--no-demo")
        assert up.ask("/v1/ledger")["done"] == 3


def click(url: str) -> None:
    """A merchant's browser: cookies and redirects."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(url, timeout=60) as page:
        assert page.status == 200


def test_a_second_ctrl_c_ends_it_at_once() -> None:
    with running("--no-demo", SHUTDOWN_GRACE="600") as up:
        [frozen] = up.part("wasl consumer")
        frozen.suspend()
        up.process.send_signal(SIGINT)
        assert up.says("stopping")
        with suppress(psutil.NoSuchProcess):  # it was woken to take its signal, and may have been quick
            frozen.suspend()
        up.process.send_signal(SIGINT)
        assert up.process.wait(timeout=60) == 0
        assert not runs(frozen)


def test_webhooks_follow_the_instance_to_another_port() -> None:
    with running("--no-demo") as up:
        assert up.says("/activate")
        click(next(line.split()[-1] for line in up.output.splitlines() if "/activate" in line))
        assert up.says("✓ installed: ")
        up.stop()
        up.port = free_port()
        up.start("--no-demo")
        assert up.says("the stores' webhooks now come to " + up.url)
        triggered = up.wasl("trigger", "order.create", "--count", "2")
        assert triggered.returncode == 0, triggered
        assert up.ask("/v1/ledger")["done"] == 2
