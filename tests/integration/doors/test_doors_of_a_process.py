"""The ways in as the configuration sets them, in the whole http process's application over real servers."""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp
import pytest

from tests.integration.served_api.served_api import HEADERS, ServedApi, served_api
from tests.servers import Databases

SETTINGS = {
    "TRUSTED_PROXIES": "127.0.0.0/8",
    "METRICS_ALLOW": "10.7.0.0/16",
    "ALLOWED_HOSTS": "api.example.com",
    "API_MAX_BYTES": "2048",
    "LIMIT_READS": "6",
    "LIMIT_GUESSES": "6",
}
AT_ONCE = 6


@pytest.fixture(scope="module")
def api(_databases: Databases, _redis_server: str) -> Iterator[ServedApi]:
    with (
        _databases.cloned() as database,
        served_api(database, _redis_server, mirrored=False, also=SETTINGS, products=1) as api,
    ):
        yield api


async def status(api: ServedApi, path: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession() as session, session.get(api.url + path, headers=named) as answer:
        return answer.status


async def test_each_setting_does_what_it_says(api: ServedApi) -> None:
    assert await status(api, "/docs", Host="api.example.com") == 200
    assert await status(api, "/docs", Host="evil.example") == 421
    assert await status(api, "/metrics") == 403
    assert await status(api, "/metrics", X_Forwarded_For="10.7.0.9") == 200
    async with (
        aiohttp.ClientSession(headers=HEADERS) as session,
        session.post(f"{api.url}/v1/dead-letters/redrive", data=b'{"topic": "' + b"x" * 4096 + b'"}') as answer,
    ):
        assert answer.status == 413


@pytest.mark.parametrize(
    ("key", "path", "first"), [(HEADERS["Authorization"], "/v1/ledger", 200), ("Bearer wasl_guess", "/v1/ledger", 401)]
)
async def test_limits_are_kept_where_every_process_sees_them(api: ServedApi, key: str, path: str, first: int) -> None:
    found: list[int] = []
    while 429 not in found and len(found) < 5 * AT_ONCE:
        found.append(await status(api, path, Authorization=key, X_Forwarded_For="198.51.100.7"))
    assert found[:AT_ONCE] == [first] * AT_ONCE
    assert found[-1] == 429

    clients = api.parts.adapters.redis()
    names = api.run(_names(clients.writer))
    assert names
    assert not [name for name in names if "198.51" in name]


async def _names(redis: object) -> list[str]:
    return [name async for name in redis.scan_iter("wasl:door:*")]  # type: ignore[attr-defined]
