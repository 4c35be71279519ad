"""How often visitors may come, and who does not pay for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network

import pytest

from adapters.process.local_rate import LocalDoorKeeper
from core.domain.api_access import ApiScope, Caller
from core.domain.doors import Door, allowance_of
from core.domain.rate import Allowance
from core.domain.secret import Secret
from core.errors import Unavailable
from core.ports.api_keys import ApiKeys
from core.ports.doors import DoorKeeper
from entrypoints.http.services import Doors
from tests.integration.routes.conftest import Client, ClientFactory, make_client
from tests.integration.routes.deliveries import address, basic, credentials, order
from tests.integration.routes.world import ADMIN_KEY, World

SIX = 6
"""What the smallest allowances let in at once."""
KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}
OTHER_KEY = {"Authorization": "Bearer wasl_second"}


@pytest.fixture
def world() -> World:
    """Every door lets six in at once; nobody's clock goes on by itself. The proxy on this machine is ours."""
    world = World()
    world.trusted_proxies = (ip_network("127.0.0.0/8"),)
    world.doors = Doors(keeper=LocalDoorKeeper(world.clock), limits=dict.fromkeys(Door, 6))
    return world


def visitor(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def statuses(client: Client, path: str, count: int, *, method: str = "GET", **options: object) -> list[int]:
    found = []
    for _ in range(count):
        async with client.request(method, path, allow_redirects=False, **options) as answer:
            found.append(answer.status)
    return found


async def test_too_many_are_told_when_to_come_again(world: World, client: Client) -> None:
    assert await statuses(client, "/v1/ledger", SIX, headers=KEY) == [200] * SIX

    refused = await client.get("/v1/ledger", headers=KEY)

    assert refused.status == 429
    assert refused.content_type == "application/problem+json"
    assert (await refused.json(content_type=None))["type"] == "/problems/rate-limited"
    wait = int(refused.headers["Retry-After"])
    assert wait >= 10
    assert world.metrics.counted("http_limited_total", door="read") == 1
    world.clock.advance(wait)
    assert await statuses(client, "/v1/ledger", 1, headers=KEY) == [200]


async def test_reads_and_writes_are_counted_apart(client: Client) -> None:
    await statuses(client, "/v1/ledger", SIX + 1, headers=KEY)
    assert 429 not in await statuses(client, "/auth/revoke/1", SIX, method="POST", headers=KEY)
    assert await statuses(client, "/auth/revoke/1", 1, method="POST", headers=KEY) == [429]


async def test_keys_and_not_addresses_are_counted_once_the_key_is_known(client: Client) -> None:
    for number in range(SIX):
        await statuses(client, "/v1/ledger", 1, headers={**KEY, **visitor(f"198.51.100.{number}")})
    assert await statuses(client, "/v1/ledger", 1, headers={**KEY, **visitor("198.51.100.99")}) == [429]


class OneKey(ApiKeys):
    """A key whose holder may ask as often as it says."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def caller(self, key: Secret) -> Caller | None:
        return self._caller

    async def holder(self, reference: str) -> Caller | None:
        return self._caller


async def test_a_key_with_a_limit_of_its_own_has_that_one_for_everything(
    world: World, aiohttp_client: ClientFactory
) -> None:
    world.doors = replace(world.doors, limits={})
    world.api_keys = OneKey(Caller("slow", frozenset(ApiScope), rate_per_minute=6))
    client = await make_client(aiohttp_client, world)

    assert await statuses(client, "/v1/ledger", 3, headers=KEY) == [200] * 3
    await statuses(client, "/auth/revoke/1", 3, method="POST", headers=KEY)
    assert await statuses(client, "/v1/ledger", 1, headers=KEY) == [429]


@pytest.mark.parametrize("path", ["/docs", "/auth/zid", "/auth/callback?code=x", "/console/login", "/nowhere"])
async def test_pages_are_counted_by_address(client: Client, path: str) -> None:
    mine, others = visitor("198.51.100.1"), visitor("198.51.100.2")
    assert 429 not in await statuses(client, path, SIX, headers=mine)
    assert await statuses(client, path, 1, headers=mine) == [429]
    assert 429 not in await statuses(client, path, 1, headers=others)


async def test_an_ipv6_network_is_one_address(client: Client) -> None:
    for number in range(SIX):
        await statuses(client, "/docs", 1, headers=visitor(f"2001:db8:7:1::{number:x}"))
    assert await statuses(client, "/docs", 1, headers=visitor("2001:db8:7:1:ffff::1")) == [429]
    assert await statuses(client, "/docs", 1, headers=visitor("2001:db8:7:2::1")) == [200]


async def test_nobody_gets_more_by_claiming_to_be_somebody_else(world: World, aiohttp_client: ClientFactory) -> None:
    world.trusted_proxies = ()
    client = await make_client(aiohttp_client, world)
    found = [await statuses(client, "/docs", 1, headers=visitor(f"198.51.100.{number}")) for number in range(SIX + 1)]
    assert found[-1] == [429]


async def test_sign_ins_are_counted_apart_from_pages(client: Client) -> None:
    found = await statuses(client, "/console/login", SIX + 1, method="POST", data={"key": "x", "csrf": "y"})
    assert found[-1] == 429
    assert await statuses(client, "/console/login", 1) == [200]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/auth/health", "/metrics"])
async def test_probes_are_never_counted(client: Client, path: str) -> None:
    assert await statuses(client, path, 5 * SIX) == [200] * 5 * SIX


async def test_wrong_keys_are_slowed_down_and_right_ones_from_the_same_address_are_not(
    world: World, client: Client
) -> None:
    wrong: Mapping[str, str] = {"Authorization": "Bearer wasl_" + "x" * 43}
    assert await statuses(client, "/v1/ledger", SIX, headers=wrong) == [401] * SIX
    assert await statuses(client, "/v1/ledger", 3, headers=wrong) == [429] * 3
    assert await statuses(client, "/v1/ledger", 2, headers=OTHER_KEY) == [200] * 2
    assert world.metrics.counted("http_limited_total", door="guess") == 3


async def test_who_shows_no_key_guesses_nothing_but_is_counted(world: World, client: Client) -> None:
    assert await statuses(client, "/v1/ledger", SIX + 1) == [401] * SIX + [429]
    assert world.metrics.counted("http_limited_total", door="guess") == 0


async def test_brute_force_on_webhooks_is_slowed_down_and_deliveries_are_not(world: World, client: Client) -> None:
    """Every delivery comes from the address that guesses: those with right credentials are never limited."""
    install = await world.installed()
    found = [
        await statuses(client, address(install), 1, method="POST", json=order(), headers=basic("wasl", f"guess-{n}"))
        for n in range(3 * SIX)
    ]
    assert found == [[401]] * SIX + [[429]] * 2 * SIX
    genuine = [
        (await client.post(address(install), json=order(number), headers=credentials(install))).status
        for number in range(5 * SIX)
    ]
    assert genuine == [200] * 5 * SIX


@pytest.mark.parametrize("path", ["/webhooks/zid/not-a-token/order.create", "/webhooks/zid-app/not-the-secret"])
async def test_guessing_addresses_is_slowed_down_too(client: Client, path: str) -> None:
    found = await statuses(client, path, SIX + 2, method="POST", json={})
    assert found == [404] * SIX + [429] * 2


class Away(DoorKeeper):
    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        raise Unavailable("redis", "gone")


async def test_without_a_limit_nobody_is_asked(world: World, aiohttp_client: ClientFactory) -> None:
    world.doors = Doors(keeper=Away(), limits={Door.READ: 0})
    client = await make_client(aiohttp_client, world)
    assert await statuses(client, "/v1/ledger", 2, headers=KEY) == [200, 200]
    assert await statuses(client, "/docs", 2) == [200, 200]


def test_every_door_has_an_allowance_that_lets_somebody_in() -> None:
    assert all(allowance_of(n).burst >= SIX for n in (1, 6, 60, 6000))
