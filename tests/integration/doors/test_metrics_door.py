"""Numbers are for those whom METRICS_ALLOW names, however they come."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from tests.integration.routes.conftest import ClientFactory, make_client
from tests.integration.routes.world import World

BEHIND = "X-Forwarded-For"


async def status(aiohttp_client: ClientFactory, allowed: str, trusted: str, headers: dict[str, str]) -> int:
    world = World()
    world.metrics_allow = (ip_network(allowed),)
    world.trusted_proxies = (ip_network(trusted),)
    client = await make_client(aiohttp_client, world)
    return (await client.get("/metrics", headers=headers)).status


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({BEHIND: "10.7.0.9"}, 200),
        ({BEHIND: "198.51.100.1"}, 403),
        ({BEHIND: "10.7.0.9, 198.51.100.1"}, 403),  # the visitor wrote the first one
        ({BEHIND: "198.51.100.1, 10.7.0.9"}, 403),  # somebody allowed speaks for somebody who is not
        ({BEHIND: "10.7.0.9, nonsense"}, 403),
        ({}, 403),  # the proxy itself
    ],
)
async def test_behind_our_proxy_its_client_must_be_allowed(
    aiohttp_client: ClientFactory, headers: dict[str, str], expected: int
) -> None:
    assert await status(aiohttp_client, "10.7.0.0/16", "127.0.0.0/8", headers) == expected


@pytest.mark.parametrize("sign", ["Via", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto"])
async def test_a_proxy_that_does_not_say_for_whom_speaks_for_the_world(
    aiohttp_client: ClientFactory, sign: str
) -> None:
    """On the same machine it would otherwise be as good as the machine itself."""
    assert await status(aiohttp_client, "127.0.0.0/8", "10.0.0.0/8", {sign: "127.0.0.1"}) == 403
    assert await status(aiohttp_client, "127.0.0.0/8", "127.0.0.0/8", {sign: "127.0.0.1"}) == 403
