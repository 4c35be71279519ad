"""Postgres and Redis behind TLS: the right authority and name are let in, everything else is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.postgres import migrator
from adapters.postgres.connection import open_pool
from adapters.postgres.dsn import libpq_dsn
from adapters.postgres.migrator import MigrationError
from adapters.redis.connection import driver_errors, open_redis
from core.errors import SettingInvalid, Unavailable
from entrypoints.up.servers import Databases, migrate
from tests.integration.tls.certificates import Authority
from tests.integration.tls.proxy import Streams, tls_proxy
from tests.servers import Database

NAME = "localhost"
"""What the certificates say; 127.0.0.1, the same machine, is a wrong name."""


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.made("The right one")


@pytest.fixture(scope="module")
def stranger() -> Authority:
    return Authority.made("Another")


def over_tcp(dsn: str, host: str, port: int, **query: str) -> str:
    """The same role and database at the proxy."""
    parts = urlsplit(dsn)
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    account = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{account}@{host}:{port}", query=asked).geturl()


async def postgres_socket(dsn: str) -> Streams:
    parts = urlsplit(dsn)
    asked = parse_qs(parts.query)
    if "host" not in asked:
        return await asyncio.open_connection(parts.hostname, parts.port or 5432)
    return await asyncio.open_unix_connection(f"{asked['host'][0]}/.s.PGSQL.{asked.get('port', ['5432'])[0]}")


async def redis_socket(url: str) -> Streams:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return await asyncio.open_unix_connection(parts.path)
    return await asyncio.open_connection(parts.hostname, parts.port or 6379)


@pytest.fixture
async def postgres_port(database: Database, authority: Authority, tmp_path: Path) -> AsyncIterator[int]:
    tls = authority.server(NAME, tmp_path)
    async with tls_proxy(lambda: postgres_socket(database.dsn), tls, postgres=True) as port:
        yield port


@pytest.fixture
async def redis_port(redis_url: str, authority: Authority, tmp_path: Path) -> AsyncIterator[int]:
    tls = authority.server(NAME, tmp_path)
    async with tls_proxy(lambda: redis_socket(redis_url), tls, postgres=False) as port:
        yield port


def given(pem: str, tmp_path: Path, form: str) -> str:
    """A certificate as people hand it over."""
    if form == "file":
        (tmp_path / "ca.pem").write_text(pem)
        return str(tmp_path / "ca.pem")
    return pem.replace("\n", "\\n") if form == "one line" else pem


@pytest.mark.parametrize("form", ["file", "text", "one line"])
async def test_the_right_authority_lets_the_service_in(
    database: Database, postgres_port: int, authority: Authority, tmp_path: Path, form: str
) -> None:
    ca_cert = given(authority.pem, tmp_path, form)
    pool = await open_pool(over_tcp(database.dsn, NAME, postgres_port), ca_cert=ca_cert)
    try:
        assert await pool.fetchval("SELECT 1") == 1
    finally:
        await pool.close()


@pytest.mark.parametrize("form", ["file", "text"])
async def test_migrations_go_the_same_way(
    database: Database, postgres_port: int, authority: Authority, tmp_path: Path, form: str
) -> None:
    owner = over_tcp(database.owner_dsn, NAME, postgres_port)
    with libpq_dsn(owner, ca_cert=given(authority.pem, tmp_path, form)) as dsn:
        assert await asyncio.to_thread(migrator.plan, dsn) == []


async def test_so_do_those_of_a_try_out(
    database: Database, postgres_port: int, authority: Authority, stranger: Authority
) -> None:
    owner = over_tcp(database.owner_dsn, NAME, postgres_port)
    given_servers = Databases("", owner, "", ca_cert=authority.pem, servers=())
    assert await migrate(given_servers) == []
    with pytest.raises(MigrationError, match="certificate verify failed"):
        await migrate(replace(given_servers, ca_cert=stranger.pem))


async def test_another_authority_is_refused(database: Database, postgres_port: int, stranger: Authority) -> None:
    dsn = over_tcp(database.dsn, NAME, postgres_port)
    with pytest.raises(SettingInvalid, match="DATABASE_CA_CERT"):
        await open_pool(dsn, ca_cert=stranger.pem)
    with (
        libpq_dsn(dsn, ca_cert=stranger.pem) as checked,
        pytest.raises(MigrationError, match="certificate verify failed"),
    ):
        await asyncio.to_thread(migrator.plan, checked)


async def test_another_name_is_refused(database: Database, postgres_port: int, authority: Authority) -> None:
    dsn = over_tcp(database.dsn, "127.0.0.1", postgres_port, sslmode="require")
    with pytest.raises(SettingInvalid, match="DATABASE_CA_CERT"):
        await open_pool(dsn, ca_cert=authority.pem)
    with libpq_dsn(dsn, ca_cert=authority.pem) as checked, pytest.raises(MigrationError, match="does not match"):
        await asyncio.to_thread(migrator.plan, checked)


async def test_postgres_behind_tls_turns_plain_connections_away(database: Database, postgres_port: int) -> None:
    with pytest.raises((Unavailable, SettingInvalid)):
        await open_pool(over_tcp(database.dsn, NAME, postgres_port, sslmode="disable"))


@pytest.mark.parametrize("form", ["file", "text", "one line"])
async def test_the_right_authority_lets_redis_be_used(
    redis_port: int, authority: Authority, tmp_path: Path, form: str
) -> None:
    clients = open_redis(f"rediss://{NAME}:{redis_port}/0", ca_cert=given(authority.pem, tmp_path, form))
    try:
        assert [await clients.writer.ping(), await clients.reader.ping()] == [True, True]
        async with asyncio.timeout(30):
            while await clients.line.ask("PING") != "PONG":
                await asyncio.sleep(0.01)
    finally:
        await clients.aclose()


@pytest.mark.parametrize(
    ("address", "trusted"),
    [("rediss://localhost:{}", "stranger"), ("rediss://127.0.0.1:{}", "authority"), ("redis://localhost:{}", None)],
    ids=["another authority", "another name", "in the open"],
)
async def test_anybody_else_is_no_redis(
    redis_port: int, address: str, trusted: str | None, request: pytest.FixtureRequest
) -> None:
    ca_cert = request.getfixturevalue(trusted).pem if trusted else None
    clients = open_redis(address.format(redis_port), ca_cert=ca_cert)
    try:
        with pytest.raises(Unavailable), driver_errors():
            await clients.writer.ping()
    finally:
        await clients.aclose()


async def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="REDIS_CA_CERT"):
        open_redis("rediss://localhost:1/0", ca_cert=str(tmp_path / "none.pem"))
    with (
        pytest.raises(SettingInvalid, match="DATABASE_CA_CERT"),
        libpq_dsn("postgresql://u@h/d", ca_cert=str(tmp_path / "none.pem")),
    ):
        pass
