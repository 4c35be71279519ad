"""Alive, ready, and numbers for those who may see them."""

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest
from aiohttp.test_utils import TestClient

from core.errors import ClientRejected
from entrypoints.http import health
from entrypoints.http.health_app import create_health_app
from entrypoints.pulses import STUCK_AFTER, Pulses
from tests.integration.routes.conftest import make_client
from tests.integration.routes.world import World


async def well() -> None:
    return


async def broken() -> None:
    raise ConnectionRefusedError("postgresql://user:password@10.0.0.5/wasl")


async def frozen() -> None:
    await asyncio.Event().wait()


async def test_alive_depends_on_nothing(world: World, client: TestClient) -> None:
    world.checks["postgres"] = broken

    assert await (await client.get("/health/live")).json() == {"status": "alive"}


async def test_ready_names_each_dependency(world: World, client: TestClient) -> None:
    world.checks.update(postgres=well, redis=well)

    answer = await client.get("/health/ready")

    ready = await answer.json()
    assert (answer.status, ready["status"]) == (200, "ready")
    assert {name: check["ok"] for name, check in ready["checks"].items()} == {"postgres": True, "redis": True}
    assert {check["seconds_since_success"] for check in ready["checks"].values()} == {0.0}
    assert {check["deadline_seconds"] for check in ready["checks"].values()} == {2.0}
    assert (ready["process"], ready["loops"]) == ("http", {})


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/auth/health"])
async def test_a_probe_may_ask_for_the_head_alone(world: World, client: TestClient, path: str) -> None:
    world.checks["postgres"] = well
    answer = await client.head(path)
    assert (answer.status, await answer.read()) == (200, b"")
    world.checks["postgres"] = broken
    assert (await client.head(path)).status == (200 if path == "/health/live" else 503)


async def test_what_fails_tells_how_long_ago_it_answered(world: World, client: TestClient) -> None:
    world.checks.update(postgres=well, redis=broken)
    await client.get("/health/ready")
    world.checks["postgres"] = broken

    checks = (await (await client.get("/health/ready")).json())["checks"]

    assert checks["postgres"]["seconds_since_success"] >= 0.0
    assert checks["redis"]["seconds_since_success"] is None


@pytest.mark.parametrize(("loops_decide", "status"), [(True, 503), (False, 200)])
async def test_a_loop_that_stands_still_makes_those_unready_whose_work_it_is(
    aiohttp_client: object, loops_decide: bool, status: int
) -> None:
    watch = [1000.0]
    pulses = Pulses(lambda: watch[0])
    services = replace(World().services().health, process="scheduler", pulses=pulses, loops_decide=loops_decide)
    client = await aiohttp_client(create_health_app(services))
    with pulses.watching("sweep", 0.5) as watched:
        watched.begin()
        assert (await client.get("/health/ready")).status == 200
        watch[0] += STUCK_AFTER + 1
        answer = await client.get("/health/ready")
    sweep = (await answer.json())["loops"]["sweep"]
    assert answer.status == status
    assert (sweep["ok"], sweep["every_seconds"], sweep["seconds_in_step"]) == (False, 0.5, STUCK_AFTER + 1)
    assert (sweep["seconds_since_step"], sweep["seconds_since_success"]) == (None, None)


@pytest.mark.parametrize("path", ["/health/ready", "/auth/health"])
async def test_not_ready_says_what_fails_but_no_address(
    world: World, client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    world.checks.update(postgres=broken, redis=frozen, disk=well)

    answer = await client.get(path)

    ready = await answer.json()
    assert (answer.status, ready["status"]) == (503, "not_ready")
    assert ready["checks"]["postgres"]["problem"] == "ConnectionRefusedError"
    assert ready["checks"]["redis"]["problem"] == "no answer within 0.05 s"
    assert ready["checks"]["disk"]["ok"]
    assert "password" not in await answer.text()


async def test_metrics_are_served_to_an_allowed_network(client: TestClient) -> None:
    answer = await client.get("/metrics")

    assert (answer.status, await answer.text()) == (200, "wasl_up 1\n")
    assert answer.content_type == "text/plain"


@pytest.mark.parametrize("forwarded", ["8.8.8.8", "127.0.0.1, 8.8.8.8", "8.8.8.8, 127.0.0.1", "unknown", "1.2.3.4:80"])
async def test_metrics_are_closed_to_whom_a_proxy_speaks_for(client: TestClient, forwarded: str) -> None:
    answer = await client.get("/metrics", headers={"X-Forwarded-For": forwarded})

    assert answer.status == 403
    assert (await answer.json(content_type="application/problem+json"))["type"] == "/problems/forbidden"


@pytest.mark.parametrize("forwarded", ["127.0.0.1", "127.0.0.9, ::ffff:127.0.0.1", ""])
async def test_a_proxy_in_front_of_an_allowed_client_does_not_matter(client: TestClient, forwarded: str) -> None:
    assert (await client.get("/metrics", headers={"X-Forwarded-For": forwarded})).status == 200


async def test_metrics_are_closed_to_other_networks(aiohttp_client: object) -> None:
    world = World()
    world.metrics_allow = (ip_network("10.0.0.0/8"),)
    client = await make_client(aiohttp_client, world)

    assert (await client.get("/metrics")).status == 403


async def test_processes_that_serve_nothing_else_answer_the_same(world: World, aiohttp_client: object) -> None:
    world.checks["postgres"] = well
    client = await aiohttp_client(create_health_app(world.services().health))

    for path in ("/health/live", "/health/ready", "/metrics"):
        answer = await client.get(path)
        assert answer.status == 200
        assert answer.headers["X-Request-Id"]
    assert (await client.get("/v1/ledger")).status == 404


async def test_a_client_that_zid_refused_stops_installs_and_nothing_else(aiohttp_client: object) -> None:
    world = World()

    async def refused() -> None:
        raise ClientRejected("the secret is wrong")

    world.install_checks["zid_client"] = refused
    client = await make_client(aiohttp_client, world)
    installs = await client.get("/auth/health")
    told = await installs.json()
    assert (installs.status, told["checks"]["zid_client"]["problem"]) == (503, "ClientRejected")
    assert "secret" not in await installs.text()
    assert (await client.get("/health/ready")).status == 200
