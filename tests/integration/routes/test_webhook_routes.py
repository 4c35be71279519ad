"""What Zid gets as an answer: 200 for all that is genuine and kept, 429 when it cannot be kept, never 5xx."""

import asyncio
import gzip
import json
from base64 import b64encode
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from core.domain.event_states import EventState
from core.domain.events import Delivery, Receipt
from core.errors import Unavailable
from core.ports.event_ledger import Inbox
from entrypoints.http import webhooks
from tests.integration.routes.conftest import make_client
from tests.integration.routes.deliveries import address, basic, credentials, order
from tests.integration.routes.serving import served, until
from tests.integration.routes.world import STORE, World


async def test_a_genuine_delivery_is_in_the_ledger_before_it_is_answered(world: World, client: TestClient) -> None:
    install = await world.installed()

    answer = await client.post(address(install), json=order(), headers=credentials(install))

    assert (answer.status, await answer.read()) == (200, b"")
    [event] = world.database.events.values()
    assert (event.state, event.topic, event.store_id) == (EventState.QUEUED, "order.create", STORE)
    assert [item.id for item in world.announced.announced] == [str(event.event_id)]
    assert world.metrics.counted("webhooks_received_total", topic="order.create", outcome="accepted") == 1
    assert len(world.metrics.observed("webhook_ack_seconds")) == 1


async def test_a_repeat_is_answered_alike_and_counted(world: World, client: TestClient) -> None:
    install = await world.installed()
    for _ in range(3):
        assert (await client.post(address(install), json=order(), headers=credentials(install))).status == 200

    assert len(world.database.events) == 1
    assert world.metrics.counted("webhooks_received_total", outcome="duplicate") == 2


async def test_a_get_is_answered_200(client: TestClient) -> None:
    assert (await client.get("/webhooks/zid/anything/order.create")).status == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1, 2]", b"\xff\xfe\x00", b'"text"', b"null", b"NaN", b"{}", b'{"id": {}}', b"[" * 3000],
)
async def test_what_is_genuine_but_unreadable_is_kept_as_dead(world: World, client: TestClient, body: bytes) -> None:
    install = await world.installed()

    answer = await client.post(address(install), data=body, headers=credentials(install))

    assert answer.status == 200
    [event] = world.database.events.values()
    assert event.state is EventState.DEAD
    assert event.reason
    assert world.metrics.counted("webhooks_received_total", outcome="dead") == 1


@pytest.mark.parametrize(
    "topic", ["no.such.topic", "a\0b", "مرحبا", "%ff", "..", "a/b", "x" * 3000, "'; DROP TABLE events; --"]
)
async def test_any_topic_is_genuine(world: World, client: TestClient, topic: str) -> None:
    install = await world.installed()
    path = address(install, quote(topic, safe="").replace(".", "%2E"))

    answer = await client.post(URL(path, encoded=True), json=order(), headers=credentials(install))

    assert answer.status == 200
    [event] = world.database.events.values()
    assert event.state is EventState.DEAD
    assert "\0" not in event.topic
    event.topic.encode()
    assert len(event.topic) <= webhooks.TOPIC_LENGTH
    assert world.metrics.counted("webhooks_received_total", topic="other", outcome="dead") == 1


async def test_too_large_a_body_is_counted_hashed_and_kept_as_dead(world: World, client: TestClient) -> None:
    install = await world.installed()

    answer = await client.post(address(install), data=b"x" * 10_000, headers=credentials(install))

    assert answer.status == 200
    [event] = world.database.events.values()
    assert event.state is EventState.DEAD
    assert event.reason is not None
    assert "10000 bytes" in event.reason
    assert "sha256" in event.reason


async def test_an_endless_body_is_not_read_to_its_end(world: World, client: TestClient) -> None:
    install = await world.installed()
    sent = 0

    async def endless() -> object:
        nonlocal sent
        while sent < 50_000_000:
            sent += 65536
            yield b"x" * 65536

    answer = await client.post(address(install), data=endless(), headers=credentials(install))

    assert answer.status == 200
    assert sent < 20_000_000
    assert [event.state for event in world.database.events.values()] == [EventState.DEAD]


async def test_a_small_body_that_grows_when_unpacked_is_limited_too(world: World, client: TestClient) -> None:
    install = await world.installed()
    bomb = gzip.compress(b"x" * 5_000_000)

    answer = await client.post(
        address(install), data=bomb, headers={"Content-Encoding": "gzip", **credentials(install)}
    )

    assert answer.status == 200
    [event] = world.database.events.values()
    assert event.reason is not None
    assert "over WEBHOOK_MAX_BYTES" in event.reason


async def test_an_address_that_nobody_made_is_404_and_nothing_is_kept(world: World, client: TestClient) -> None:
    install = await world.installed()
    token = address(install).split("/")[3]
    forged = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]

    for path in (f"/webhooks/zid/{forged}/order.create", "/webhooks/zid/x/order.create", "/webhooks/zid/%00/y"):
        answer = await client.post(path, json=order(), headers=credentials(install))
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"
        document = await answer.json()
        assert document["type"] == "/problems/not-found"
        assert document["request_id"] == answer.headers["X-Request-Id"]

    assert not world.database.events
    assert world.metrics.counted("webhooks_received_total", outcome="not_ours") == 3


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"wasl").decode(),
        "Basic " + b64encode(b"wasl:wrong").decode(),
        "Basic " + b64encode(b"\xff\xfe:\x00").decode(),
        "Bearer abc",
        "Basic " + "A" * 4000,
        "Basic مرحبا",
    ],
)
async def test_wrong_credentials_are_401_and_nothing_is_kept(world: World, client: TestClient, header: str) -> None:
    install = await world.installed()

    answer = await client.post(address(install), json=order(), headers={"Authorization": header})

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert (await answer.json())["type"] == "/problems/wrong-credentials"
    assert not world.database.events
    assert world.metrics.counted("webhooks_received_total", outcome="wrong_credentials") == 1


async def test_the_body_of_a_forged_delivery_is_not_waited_for(world: World) -> None:
    install = await world.installed()
    auth = basic("wasl", "wrong")["Authorization"]
    head = f"POST {address(install)} HTTP/1.1\r\nHost: x\r\nAuthorization: {auth}\r\nContent-Length: 900000\r\n\r\n"
    async with served(world.app()) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + b"{")
        answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"Connection: close" in answer
    assert world.metrics.counted("webhooks_received_total", outcome="wrong_credentials") == 1


async def test_another_stores_credentials_do_not_hold(world: World, client: TestClient) -> None:
    first, second = await world.installed(), await world.installed(STORE + 1)

    assert (await client.post(address(first), json=order(), headers=credentials(second))).status == 401
    assert (await client.post(address(first), json=order(), headers=basic("wasl", ""))).status == 401


async def test_a_delivery_for_an_install_that_is_over_is_200_and_kept_without_its_body(
    world: World, client: TestClient
) -> None:
    old = await world.installed()
    await world.installed()

    assert (await client.post(address(old), json=order(), headers=credentials(old))).status == 200
    [event] = world.database.events.values()
    assert (event.state, event.body) == (EventState.CANCELLED, None)
    assert world.metrics.counted("webhooks_received_total", outcome="cancelled") == 1


class FailingInbox(Inbox):
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def accept(self, delivery: Delivery) -> Receipt:
        raise self.error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(Unavailable("postgres", retry_after=9), "unavailable"), (RuntimeError("a fault of ours"), "failed")],
)
async def test_what_cannot_be_kept_is_asked_to_come_again(
    world: World, aiohttp_client: object, error: Exception, outcome: str
) -> None:
    world.inbox = FailingInbox(error)
    install = await world.installed()
    client = await make_client(aiohttp_client, world)

    answer = await client.post(address(install), json=order(), headers=credentials(install))

    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 5
    assert "fault of ours" not in await answer.text()
    assert world.metrics.counted("webhooks_received_total", outcome=outcome) == 1


class PatientInbox(Inbox):
    """Accepts when it is told to."""

    def __init__(self) -> None:
        self.present = 0
        self.full = asyncio.Event()
        self.go_on = asyncio.Event()

    async def accept(self, delivery: Delivery) -> Receipt:
        self.present += 1
        if self.present == 2:
            self.full.set()
        await self.go_on.wait()
        return Receipt.ACCEPTED


async def test_more_than_can_be_taken_in_at_once_is_asked_to_come_again(
    world: World, aiohttp_client: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "AT_ONCE", 2)
    world.inbox = inbox = PatientInbox()
    install = await world.installed()
    client = await make_client(aiohttp_client, world)

    async def deliver(number: int) -> int:
        answer = await client.post(address(install), json=order(number), headers=credentials(install))
        return answer.status

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        first = [group.create_task(deliver(number)) for number in (1, 2)]
        await inbox.full.wait()
        assert await deliver(3) == 429
        inbox.go_on.set()

    assert [task.result() for task in first] == [200, 200]
    assert await deliver(4) == 200


async def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(world: World) -> None:
    install = await world.installed()
    auth = credentials(install)["Authorization"]
    head = f"POST {address(install)} HTTP/1.1\r\nHost: x\r\nAuthorization: {auth}\r\nContent-Length: 900\r\n\r\n"
    app = world.app()
    async with served(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + b"{")
        await until(lambda: app[webhooks.INTAKE].present == 1)

        writer.close()

        await until(lambda: world.metrics.counted("webhooks_received_total", outcome="body_incomplete") == 1)
    assert app[webhooks.INTAKE].present == 0
    assert not world.database.events


async def test_hot_path_says_nothing_when_all_is_well(
    world: World, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    install = await world.installed()
    await client.post(address(install), json=order(), headers=credentials(install))
    await client.post(address(install), json=order(), headers=basic("wasl", "a-password-nobody-has"))

    shown = capsys.readouterr().out

    assert shown.count("[info") == 1
    assert "wrong_credentials" in shown
    assert "a-password-nobody-has" not in shown
    assert address(install).split("/")[3] not in shown
    assert json.dumps(order())[:20] not in shown
