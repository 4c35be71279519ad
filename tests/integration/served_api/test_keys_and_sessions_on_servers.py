"""API keys and console sessions on the servers a process has: Redis and Postgres, or Postgres alone."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
import structlog
from aiohttp import ClientSession, CookieJar
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from config.settings import Settings, load_settings
from entrypoints.cli.commands.api_keys import app
from entrypoints.http.app import create_app
from entrypoints.http_server import http_services
from entrypoints.wiring import daemon
from tests.integration.routes.serving import served
from tests.servers import Database

ADMIN = "wasl_" + "k" * 43
KEY = {"Authorization": f"Bearer {ADMIN}"}
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Browser:
    """A person's browser, at whichever port the process has."""

    session: ClientSession

    async def enter(self, url: str, key: str = ADMIN) -> int:
        async with self.session.get(f"{url}/console/login") as form:
            token = CSRF.search(await form.text())
        assert token is not None
        fields = {"csrf": token[1], "key": key}
        async with self.session.post(f"{url}/console/login", data=fields, allow_redirects=False) as answer:
            return answer.status

    async def see(self, url: str) -> str:
        """The path where asking for the console ends, and what stands there."""
        async with self.session.get(f"{url}/console", headers={"Accept-Language": "en"}) as answer:
            assert answer.status == 200
            return f"{answer.url.path}\n{await answer.text()}"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield Browser(session)


@pytest.fixture(params=["redis", "postgres"])
def settings(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Settings:
    given = {
        "DATABASE_URL": database.dsn,
        "REDIS_URL": request.getfixturevalue("redis_url") if request.param == "redis" else "",
        "TOKEN_KEYS": Fernet.generate_key().decode(),
        "WEBHOOK_SECRET": "webhook-secret-for-tests-only-0123456789",
        "APP_EVENTS_SECRET": "app-events-secret-for-tests-only-0123456",
        "SESSION_KEY": "session-key-for-tests-only-0123456789ab",
        "ADMIN_API_KEY": ADMIN,
        "ZID_CLIENT_ID": "48",
        "ZID_CLIENT_SECRET": "a-client-secret",
        "ZID_APP_ID": "7367",
        "SPOOL_DIR": str(tmp_path / "spool"),
    }
    return load_settings({key: value for key, value in given.items() if value})


@asynccontextmanager
async def process(settings: Settings) -> AsyncIterator[str]:
    """An http process's application, until the block ends."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(daemon(settings, "http"))
        stack.push_async_callback(parts.adapters.inbox().aclose)
        port = await stack.enter_async_context(served(create_app(http_services(parts))))
        yield f"http://127.0.0.1:{port}"


def forget_everything(settings: Settings, database: Database) -> None:
    """Redis emptied; what Postgres keeps in its place, as after a crash."""
    if settings.redis_url:
        with redis.Redis.from_url(settings.redis_url.reveal()) as client:
            client.flushall()
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("TRUNCATE short_lived, guesses")


async def test_a_person_stays_in_over_restarts_and_is_asked_again_after_a_loss(
    settings: Settings, database: Database, browser: Browser
) -> None:
    async with process(settings) as url:
        assert (await browser.see(url)).startswith("/console/login")
        assert await browser.enter(url) == 303
        assert ">admin</bdi>" in await browser.see(url)
    async with process(settings) as url, process(settings) as other:
        for one in (url, other):
            assert (await browser.see(one)).startswith("/console\n")
        forget_everything(settings, database)
        asked = await browser.see(url)
        assert asked.startswith("/console/login")
        assert "the session has ended" in asked
        assert await browser.enter(other) == 303
        assert (await browser.see(url)).startswith("/console\n")


async def test_guesses_count_in_every_process_and_a_revoked_key_is_out_in_all(
    settings: Settings, database: Database, browser: Browser
) -> None:
    async with process(settings) as url, process(settings) as other:
        made = await call(browser, "POST", f"{url}/v1/api-keys", json={"name": "courier", "scopes": ["read"]})
        assert await browser.enter(url, made["key"]) == 303
        assert (await browser.see(other)).startswith("/console\n")
        key = {"Authorization": f"Bearer {made['key']}"}
        assert (await call(browser, "GET", f"{other}/v1/ledger", headers=key))["balanced"]

        await call(browser, "DELETE", f"{other}/v1/api-keys/{made['id']}")

        async with browser.session.get(f"{url}/v1/ledger", headers=key) as answer:
            assert answer.status == 401
        assert (await browser.see(url)).startswith("/console/login")
        tried = [await browser.enter(one, "wrong") for one in (url, other, url, other, url, other, url)]
        assert tried == [403] * 5 + [429] * 2
        with psycopg.connect(database.owner_dsn) as owner:
            dump = str(owner.execute("SELECT * FROM api_keys").fetchall()) + audited(owner)
        assert made["key"][10:] not in dump
        for action in ("api_key.created", "api_key.revoked", "console.signed_in", "console.locked_out"):
            assert action in dump


async def call(browser: Browser, method: str, url: str, **more: object) -> dict[str, object]:
    async with browser.session.request(method, url, **{"headers": KEY, **more}) as answer:
        assert answer.status < 300, await answer.text()
        return json.loads(await answer.read() or b"{}")


def audited(owner: psycopg.Connection[tuple[object, ...]]) -> str:
    return str(owner.execute("SELECT action, actor, details FROM audit").fetchall())


# --- from the command line ----------------------------------------------------------

Wasl = Callable[..., tuple[int, str, str]]


@pytest.fixture
def wasl(monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path) -> Iterator[Wasl]:
    logging = structlog.get_config()
    for name in ("ENVIRONMENT", "REDIS_URL", "MIGRATE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database.dsn)
    monkeypatch.setenv("WASL_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        ran = CliRunner().invoke(app, words)
        problem = "" if ran.exception is None or isinstance(ran.exception, SystemExit) else str(ran.exception)
        return ran.exit_code, ran.stdout, problem

    yield run
    structlog.configure(**logging)


def test_a_life_of_keys_from_the_command_line(wasl: Wasl, database: Database) -> None:
    code, told, _ = wasl("list")
    assert (code, "ADMIN_API_KEY" in told) == (0, True)
    code, told, _ = wasl("create", "courier", "--scope", "operate", "--expires", "90d", "--rate", "60", "--json")
    made = json.loads(told)
    assert (code, made["name"], made["scopes"], made["rate_per_minute"]) == (0, "courier", ["operate"], 60)
    code, alone, _ = wasl("create", "--name", "reader")
    assert (code, re.fullmatch(r"wasl_[\w-]{49}", alone.strip()) is not None) == (0, True)

    code, told, _ = wasl("rotate", str(made["id"]), "--overlap", "2h", "--json")
    new = json.loads(told)
    assert (code, new["key"] != made["key"], new["name"]) == (0, True, "courier")
    code, _, problem = wasl("rotate", str(made["id"]))
    assert (code, "successor" in problem) == (1, True)
    code, told, _ = wasl("revoke", str(new["id"]), "--json")
    assert (code, json.loads(told)["state"]) == (0, "revoked")
    for words in (("revoke", "999"), ("rotate", "999")):
        code, _, problem = wasl(*words)
        assert (code, "there is no key 999" in problem) == (1, True)

    code, told, _ = wasl("list", "--json")
    listed = {one["id"]: one for one in json.loads(told)}
    assert [listed[one]["state"] for one in (made["id"], new["id"])] == ["live", "revoked"]
    assert listed[made["id"]]["rotated_to"] == new["id"]
    assert not any(key[10:] in told for key in (made["key"], new["key"], alone.strip()))
    with psycopg.connect(database.owner_dsn) as owner:
        assert audited(owner).count("'cli'") == 4
