"""What a real http process still does while Postgres, Redis or Zid is away, and what people and programs see then."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from adapters.embedded import EmbeddedPostgres
from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.spool.outage import ADMIN, PATIENCE, TREE, Outage, outage, running_server

Place = tuple[Path, EmbeddedPostgres]
READS = ("/v1/stores", "/v1/stores/1001", "/v1/stores/1001/orders", "/v1/events", "/v1/ledger", "/v1/audit")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def without_postgres(place: Place, _redis_server: str) -> Iterator[Outage]:
    """The process has worked before; then Postgres goes."""
    with outage(place, _redis_server) as at:
        at.start_http()
        assert eventually(lambda: ask(at, "/health/ready")[0] == 200, seconds=PATIENCE)
        at.postgres.stop()
        assert eventually(lambda: ask(at, "/health/ready")[0] == 503, seconds=PATIENCE)
        yield at


def ask(at: Outage, path: str, **headers: str) -> tuple[int, HTTPResponse, str]:
    """With the key, and without following a redirection."""
    connection = HTTPConnection("127.0.0.1", at.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {ADMIN}", **headers})
        answer = connection.getresponse()
        return answer.status, answer, answer.read().decode()
    finally:
        connection.close()


def health(at: Outage) -> dict[str, Any]:
    return dict(json.loads(ask(at, "/health/ready")[2]))


def wasl(at: Outage, *words: str) -> subprocess.CompletedProcess[str]:
    settings = {
        **at.settings,
        "DATABASE_URL": at.postgres.dsn("wasl_app", "wasl"),
        "REDIS_URL": at.redis_url,
        "HTTP_PORT": str(at.port),
        "TOKEN_KEYS": at.token_keys,
    }
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-P", "-m", "entrypoints.cli", *words],
        cwd=at.home,
        env={**kept, "PYTHONPATH": str(TREE), **settings},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


# --- Postgres away ------------------------------------------------------------------------


def test_without_postgres_webhooks_are_taken_in(without_postgres: Outage) -> None:
    assert without_postgres.deliver(1, 2, 3) == [200, 200, 200]


def test_without_postgres_the_process_lives_and_says_what_is_missing_since_when(without_postgres: Outage) -> None:
    assert ask(without_postgres, "/health/live")[0] == 200
    told = health(without_postgres)
    assert told["status"] == "not_ready"
    assert told["checks"]["postgres"]["problem"]
    assert told["checks"]["postgres"]["seconds_since_success"] > 0
    assert eventually(lambda: health(without_postgres)["checks"]["redis"]["ok"], seconds=PATIENCE)


@pytest.mark.parametrize("path", READS)
def test_without_postgres_the_api_says_try_again(without_postgres: Outage, path: str) -> None:
    status, answer, body = ask(without_postgres, path)
    told = json.loads(body)
    assert (status, told["type"], told["dependency"]) == (503, "/problems/unavailable", "postgres")
    assert answer.headers["Retry-After"]
    assert told["request_id"] == answer.headers["X-Request-Id"]
    assert str(without_postgres.home) not in body


def test_without_postgres_an_install_begins(without_postgres: Outage) -> None:
    status, answer, _ = ask(without_postgres, "/auth/zid")
    assert (status, "/oauth/authorize?" in answer.headers["Location"]) == (302, True)


def test_without_postgres_the_console_asks_for_a_key_and_numbers_are_served(without_postgres: Outage) -> None:
    assert ask(without_postgres, "/console/login")[0] == 200
    status, _, numbers = ask(without_postgres, "/metrics")
    assert (status, "wasl_http_requests_total" in numbers) == (200, True)


def test_without_postgres_a_command_is_one_line_that_names_the_setting(without_postgres: Outage) -> None:
    told = wasl(without_postgres, "status")
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1)
    assert "postgres does not answer" in told.stderr
    assert "does DATABASE_URL name it?" in told.stderr


def test_without_postgres_the_health_check_tells_running_from_ready(without_postgres: Outage) -> None:
    live, ready = wasl(without_postgres, "healthcheck", "http", "--live"), wasl(without_postgres, "healthcheck", "http")
    assert (live.returncode, live.stderr) == (0, "")
    assert live.stdout.endswith(": alive\n")
    assert ready.returncode == 1
    assert "postgres    NOT ok: " in ready.stdout
    assert "redis       " in ready.stdout


# --- Redis away ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def without_redis(without_postgres: Outage, place: Place) -> Iterator[Outage]:
    """Started while nobody listens where Redis should be; the ledger holds what the outage before left."""
    for process in without_postgres.processes:
        process.kill()
        process.wait()
    with outage(place, f"redis://127.0.0.1:{free_port()}/0") as at:
        at.start_http()
        yield at


def test_without_redis_webhooks_are_taken_in(without_redis: Outage) -> None:
    assert without_redis.deliver(11, 12) == [200, 200]
    assert eventually(lambda: {11, 12} <= set(without_redis.orders()), seconds=PATIENCE)


def test_without_redis_the_process_lives_and_says_what_is_missing(without_redis: Outage) -> None:
    assert ask(without_redis, "/health/live")[0] == 200
    told = health(without_redis)
    assert eventually(lambda: health(without_redis)["checks"]["postgres"]["ok"], seconds=PATIENCE)
    assert (told["checks"]["redis"]["ok"], told["checks"]["redis"]["seconds_since_success"]) == (False, None)


@pytest.mark.parametrize("path", READS)
def test_without_redis_the_api_reads(without_redis: Outage, path: str) -> None:
    assert ask(without_redis, path)[0] == 200


def test_without_redis_an_install_says_try_again(without_redis: Outage) -> None:
    status, _, page = ask(without_redis, "/auth/zid", **{"Accept-Language": "en"})
    assert (status, "<h1" in page) == (503, True)


def test_without_redis_commands_look_at_the_ledger(without_redis: Outage) -> None:
    told = wasl(without_redis, "status", "--json")
    assert (told.returncode, json.loads(told.stdout)["work_index"]) == (0, "does not answer")


# --- Zid away -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def without_zid(without_redis: Outage, place: Place, _redis_server: str) -> Iterator[Outage]:
    """Nobody listens where Zid should be."""
    for process in without_redis.processes:
        process.kill()
        process.wait()
    nowhere = f"http://127.0.0.1:{free_port()}"
    with outage(place, _redis_server, ZID_API_URL=nowhere, ZID_OAUTH_URL=nowhere) as at:
        at.start_http()
        yield at


def test_without_zid_webhooks_and_everything_held_here_go_on(without_zid: Outage) -> None:
    assert without_zid.deliver(21, 22) == [200, 200]
    assert [ask(without_zid, path)[0] for path in READS] == [200] * len(READS)
    assert eventually(lambda: ask(without_zid, "/health/ready")[0] == 200, seconds=PATIENCE)


def test_without_zid_what_it_would_be_asked_for_says_try_again(without_zid: Outage) -> None:
    status, answer, body = ask(without_zid, "/v1/stores/1001/coupons")
    told = json.loads(body)
    assert (status, told["type"], told["dependency"].lower()) == (503, "/problems/unavailable", "zid")
    assert answer.headers["Retry-After"]
