"""Opening Redis: URLs, settings, and which errors mean that it does not answer."""

import asyncio

import pytest
import redis.exceptions as driver

from adapters.redis.connection import driver_errors, open_redis
from core.errors import SettingInvalid, Unavailable


@pytest.mark.parametrize("url", ["http://x", "localhost:6379", "", "redis://host:port/0"])
async def test_a_url_that_is_none_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingInvalid, match="REDIS_URL"):
        open_redis(url)


async def test_a_wrong_setting_never_shows_the_password() -> None:
    with pytest.raises(SettingInvalid) as caught:
        open_redis("redis://:hidden@host:port/0")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("redis://h:6379/1", {"host": "h", "port": 6379, "db": 1}),
        ("rediss://:secret@h:6380/0", {"host": "h", "port": 6380, "db": 0, "password": "secret"}),
        ("unix:///tmp/with%20space/valkey.sock?db=2", {"path": "/tmp/with space/valkey.sock", "db": 2}),
    ],
)
async def test_known_urls_are_taken(url: str, where: dict[str, object]) -> None:
    clients = open_redis(url)
    for client in (clients.writer, clients.reader):
        assert where.items() <= client.connection_pool.connection_kwargs.items()
    await clients.aclose()


async def test_a_lost_answer_is_never_sent_again(redis_url: str) -> None:
    """The driver's default repeats ten times: one XADD becomes several entries."""
    clients = open_redis(redis_url)
    for client in (clients.writer, clients.reader):
        retry = client.connection_pool.connection_kwargs["retry"]
        assert retry.get_retries() == 0
    await clients.aclose()


async def test_more_callers_than_connections_wait_their_turn(redis_url: str) -> None:
    clients = open_redis(redis_url, max_connections=2)
    await asyncio.gather(*(clients.writer.incr("n") for _ in range(200)))
    assert await clients.writer.get("n") == "200"
    await clients.aclose()


@pytest.mark.parametrize(
    "error",
    [
        driver.ConnectionError("gone"),
        driver.TimeoutError("slow"),
        driver.BusyLoadingError("LOADING"),
        driver.ReadOnlyError("READONLY"),
        driver.OutOfMemoryError("OOM"),
        driver.ResponseError("MISCONF Errors writing to the AOF file"),
        ConnectionResetError(),
    ],
)
async def test_what_may_pass_is_unavailable(error: Exception) -> None:
    with pytest.raises(Unavailable) as caught, driver_errors():
        raise error
    assert caught.value.dependency == "redis"


async def test_our_own_mistakes_are_not_called_unavailable() -> None:
    with pytest.raises(driver.ResponseError), driver_errors():
        raise driver.ResponseError("WRONGTYPE Operation against a key")
