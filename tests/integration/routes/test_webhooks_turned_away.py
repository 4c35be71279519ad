"""A genuine delivery that is answered 429 leaves a gap behind, which reconciliation reads; a forged one nothing."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp.test_utils import TestClient

from core.domain.admission import LAG_TARGET, STANDS, StandingQueue
from core.domain.events import Delivery, Receipt
from core.domain.stores import Install
from core.errors import Unavailable
from core.ports.event_ledger import Inbox
from entrypoints.http import webhooks
from tests.integration.routes.conftest import make_client
from tests.integration.routes.deliveries import address, basic, credentials, order
from tests.integration.routes.world import World


class FullInbox(Inbox):
    """The database is away and the spool is full."""

    async def accept(self, delivery: Delivery) -> Receipt:
        raise Unavailable("spool", "SPOOL_MAX_BYTES is used up")


class FullSpool(Inbox):
    """Away, but the spool takes it."""

    async def accept(self, delivery: Delivery) -> Receipt:
        return Receipt.SPOOLED


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


async def gaps(world: World, install: Install) -> list[tuple[str | None, str]]:
    await world.note_gaps.flush()
    return [(one.gap.topic, one.gap.cause) for one in await world.gaps.of_install(install.install_id)]


async def test_what_is_spooled_is_answered_200_and_counted(world: World, aiohttp_client: object) -> None:
    world.inbox = FullSpool()
    install = await world.installed()
    client = await make_client(aiohttp_client, world)
    answer = await client.post(address(install), json=order(), headers=credentials(install))
    assert answer.status == 200
    assert world.metrics.counted("webhooks_received_total", topic="order.create", outcome="spooled") == 1
    assert world.announced.announced == []
    assert await gaps(world, install) == []


async def test_a_genuine_one_that_cannot_be_kept_is_a_gap_and_the_log_says_why(
    world: World, aiohttp_client: object, capsys: pytest.CaptureFixture[str]
) -> None:
    world.inbox = FullInbox()
    install = await world.installed()
    client = await make_client(aiohttp_client, world)
    for number in range(3):
        answer = await client.post(address(install), json=order(number), headers=credentials(install))
        assert (answer.status, "Retry-After" in answer.headers) == (429, True)
    assert await gaps(world, install) == [("order.create", "answered 429: unavailable")]
    [shown] = [line for line in capsys.readouterr().out.splitlines() if "webhook_put_off" in line]
    assert "SPOOL_MAX_BYTES is used up" in shown


async def test_a_flood_is_told_in_one_line_a_second(
    world: World, aiohttp_client: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webhooks, "AT_ONCE", 0)
    monkeypatch.setattr(webhooks, "HELD_SECONDS", 0.0)
    install = await world.installed()
    client = await make_client(aiohttp_client, world)
    for number in range(6):
        if number == 5:
            world.clock.advance(1.5)
        assert (await client.post(address(install), json=order(), headers=credentials(install))).status == 429
    shown = [line for line in capsys.readouterr().out.splitlines() if "webhook_put_off" in line]
    assert len(shown) == 2
    assert "more=4" in shown[1]


async def test_while_more_come_than_go_few_are_let_in_and_the_others_hear_it_later(
    world: World, aiohttp_client: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "FEW", 1)
    install = await world.installed()
    client: TestClient = await make_client(aiohttp_client, world)
    intake = client.app[webhooks.INTAKE]
    intake.queue = StandingQueue(long=0)
    for _ in range(STANDS + 1):
        intake.queue.look(1)
    taken = await client.post(address(install), json=order(1), headers=credentials(install))
    intake.present = 1
    turned_away = asyncio.create_task(client.post(address(install), json=order(2), headers=credentials(install)))
    await until(lambda: intake.held == 1)
    answer = await turned_away
    assert (taken.status, answer.status, answer.headers["Retry-After"], intake.held) == (200, 429, "5", 0)


async def test_an_unknown_topic_or_a_forged_delivery_is_none(
    world: World, aiohttp_client: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "AT_ONCE", 0)
    monkeypatch.setattr(webhooks, "HELD_SECONDS", 0.0)
    install = await world.installed()
    client = await make_client(aiohttp_client, world)
    for path, headers in (
        (address(install, "no.such.topic"), credentials(install)),
        (address(install), basic("wasl", "wrong")),
        (address(install), {}),
        ("/webhooks/zid/forged/order.create", credentials(install)),
    ):
        assert (await client.post(path, json=order(), headers=headers)).status == 429
    assert await gaps(world, install) == []


async def test_an_event_loop_that_is_late_for_a_while_takes_nothing_in(world: World, aiohttp_client: object) -> None:
    install = await world.installed()
    client: TestClient = await make_client(aiohttp_client, world)
    lag = client.app[webhooks.INTAKE].lag
    assert lag.has_room()
    now = 0.0
    for _ in range(4):
        now += lag.every + LAG_TARGET + 0.1
        lag.look(now)
    answer = await client.post(address(install), json=order(), headers=credentials(install))
    assert answer.status == 429
    assert world.metrics.counted("webhooks_received_total", outcome="overloaded") == 1
    assert await gaps(world, install) == [("order.create", "answered 429: overloaded")]
