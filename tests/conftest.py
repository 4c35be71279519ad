"""Fixtures every test may use: a database of its own and an empty Redis, on real servers started once per run."""

import gc
import os
from collections.abc import Iterator

import pytest
import redis

from adapters.embedded import DataDir
from tests.servers import (
    Database,
    Databases,
    Postgres,
    migrated_template,
    own_data_dir,
    running_postgres,
    running_valkey,
)
from tests.thoroughness import register

register()


def pytest_collection_finish() -> None:
    """What was loaded stays for the whole run: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _server_dir() -> Iterator[DataDir]:
    with own_data_dir(in_memory=True) as path, DataDir(path) as data_dir:
        yield data_dir


@pytest.fixture(scope="session")
def postgres_server(_server_dir: DataDir) -> Iterator[Postgres]:
    with running_postgres(_server_dir, os.environ) as server:
        yield server


@pytest.fixture(scope="session")
def _databases(postgres_server: Postgres) -> Iterator[Databases]:
    with migrated_template(postgres_server) as databases:
        yield databases


@pytest.fixture
def database(_databases: Databases) -> Iterator[Database]:
    """A migrated database of this test alone."""
    with _databases.cloned() as database:
        yield database


@pytest.fixture(scope="session")
def _redis_server(_server_dir: DataDir) -> Iterator[str]:
    with running_valkey(_server_dir, os.environ) as url:
        yield url


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """The run's Redis, emptied for this test (the whole server: all its databases)."""
    with redis.Redis.from_url(_redis_server) as client:
        client.flushall()
    return _redis_server
