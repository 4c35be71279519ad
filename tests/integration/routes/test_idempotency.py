"""A write that names an Idempotency-Key: done once, answered alike, never sent again when nobody knows."""

import asyncio
from datetime import timedelta
from typing import TypeVar

import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient

from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.memory.zid_gateway import ScriptedGateway
from core.domain.idempotency import Begun, IdempotencyKey, KeptAnswer
from core.domain.operations.operation import Operation
from core.domain.operations.product_parts import UploadImage
from core.domain.operations.reverse_orders import CreateReverseReason
from core.domain.results.product import Image
from core.domain.results.reverse_order import ReverseReason
from core.errors import Invalid, OutcomeUnknown, RateLimited, Unavailable, UnknownShape
from core.ids import StoreId, WorkerId
from entrypoints.http.once import KEY_HEADER, REPLAYED_HEADER
from tests.integration.routes.serving import until
from tests.integration.routes.world import KEY, STORE, World

R = TypeVar("R")
PATH = f"/v1/stores/{STORE}/return-reasons"
REASON = ReverseReason("r-1", "too small")


@pytest.fixture
async def installed(world: World) -> World:
    await world.installed()
    world.gateway.on(CreateReverseReason, REASON)
    return world


async def post(
    client: TestClient, key: str | None = "key-1", name: str = "too small", path: str = PATH
) -> ClientResponse:
    named = {KEY_HEADER: key} if key is not None else {}
    return await client.post(path, json={"name": name}, headers={**KEY, **named})


def sent(world: World) -> int:
    return len(world.gateway.asked(CreateReverseReason))


async def problem(answer: ClientResponse) -> dict:
    return await answer.json(content_type="application/problem+json")


async def test_a_repeat_gets_the_first_answer_and_does_nothing(client: TestClient, installed: World) -> None:
    first = await post(client)
    again = await post(client)

    assert (first.status, again.status) == (201, 201)
    assert await first.read() == await again.read()
    assert (first.headers.get(REPLAYED_HEADER), again.headers.get(REPLAYED_HEADER)) == (None, "true")
    assert again.content_type == "application/json"
    assert sent(installed) == 1


async def test_without_a_key_every_request_counts(client: TestClient, installed: World) -> None:
    await post(client, None)
    await post(client, None)

    assert sent(installed) == 2


async def test_another_key_and_another_route_are_other_requests(client: TestClient, installed: World) -> None:
    await post(client, "key-1")
    await post(client, "key-2")
    elsewhere = await client.post(
        f"/v1/stores/{STORE}/segments", json={"name": "a", "rule": "orders = 1"}, headers={**KEY, KEY_HEADER: "key-1"}
    )

    assert sent(installed) == 2
    assert elsewhere.status == 201


@pytest.mark.parametrize(
    ("name", "path"), [("too large", PATH), ("too small", f"/v1/stores/{STORE + 1}/return-reasons")]
)
async def test_the_same_key_for_another_request_is_422(
    client: TestClient, installed: World, name: str, path: str
) -> None:
    await post(client)

    answer = await post(client, name=name, path=path)

    assert (answer.status, (await problem(answer))["type"]) == (422, "/problems/key-reused")
    assert sent(installed) == 1


async def test_a_key_is_kept_for_24_hours(client: TestClient, installed: World) -> None:
    await post(client)
    installed.clock.advance(timedelta(hours=24).total_seconds() + 1)
    await post(client, name="too large")

    assert sent(installed) == 2


@pytest.mark.parametrize("key", ["", "a\tb", "k" * 256, "مفتاح"])
async def test_what_is_no_key_is_named(client: TestClient, installed: World, key: str) -> None:
    answer = await post(client, key)

    assert answer.status == 400
    assert (await problem(answer))["parameter"] == KEY_HEADER
    assert sent(installed) == 0


async def test_two_keys_are_none(client: TestClient, installed: World) -> None:
    headers = [*KEY.items(), (KEY_HEADER, "a"), (KEY_HEADER, "b")]

    assert (await client.post(PATH, json={"name": "x"}, headers=headers)).status == 400


# --- at the same time ---------------------------------------------------------------


class HeldGateway(ScriptedGateway):
    """Zid, that answers when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def perform(self, store_id: StoreId, operation: Operation[R]) -> R:
        if isinstance(operation, CreateReverseReason):
            self.calls.append((store_id, operation))
            await self.go.wait()
            self.calls.pop()
        return await super().perform(store_id, operation)


class Begins(MemoryIdempotencyKeys):
    """Calls `then` at the nth begin; cannot finish while its database is `away`."""

    nth, then, begun = 0, staticmethod(lambda: None), 0
    away = False

    async def begin(self, key: IdempotencyKey, fingerprint: bytes, *, worker: WorkerId) -> Begun:
        self.begun += 1
        if self.begun == self.nth:
            self.then()
        return await super().begin(key, fingerprint, worker=worker)

    async def finish(self, key: IdempotencyKey, claim: int, answer: KeptAnswer) -> bool:
        if self.away:
            raise Unavailable("postgres", "gone")
        return await super().finish(key, claim, answer)


@pytest.fixture
async def held(world: World) -> HeldGateway:
    """Asked for before the client, so that its application gets this gateway."""
    world.gateway = HeldGateway()
    world.gateway.on(CreateReverseReason, REASON)
    world.idempotency = Begins(world.database)
    await world.installed()
    return world.gateway


async def test_a_repeat_waits_for_the_first_and_gets_its_answer(
    held: HeldGateway, world: World, client: TestClient
) -> None:
    keys = world.idempotency
    assert isinstance(keys, Begins)
    keys.nth, keys.then = 3, held.go.set  # the repeat has begun twice by then

    first, repeat = await asyncio.gather(post(client), post(client))

    assert (first.status, repeat.status) == (201, 201)
    assert {first.headers.get(REPLAYED_HEADER), repeat.headers.get(REPLAYED_HEADER)} == {None, "true"}
    assert sent(world) == 1


async def test_a_repeat_that_waited_long_is_told_to_come_back(
    held: HeldGateway, world: World, client: TestClient
) -> None:
    first = asyncio.create_task(post(client))
    await until(lambda: sent(world) == 1)

    answer = await post(client)
    held.go.set()

    assert (answer.status, (await problem(answer))["type"]) == (409, "/problems/in-progress")
    assert answer.headers["Retry-After"] == "1"
    assert (await first).status == 201
    assert (await post(client)).headers[REPLAYED_HEADER] == "true"
    assert sent(world) == 1


async def test_a_request_whose_process_died_is_never_sent_again(
    held: HeldGateway, world: World, client: TestClient
) -> None:
    dying = asyncio.create_task(post(client))
    await until(lambda: sent(world) == 1)
    assert world.worker is not None
    world.database.workers[world.worker] = world.clock.now()  # its lease is over

    for _ in range(2):
        answer = await post(client)
        assert answer.status == 409
        told = await problem(answer)
        assert told["type"] == "/problems/outcome-unknown"
        assert "Read the thing" in told["how_to_check"]

    assert sent(world) == 1
    held.go.set()
    await dying


# --- what is remembered -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid(422, "no such thing"), 422),
        (RateLimited("slowly", 7), 429),
        (Unavailable("Zid", "refused"), 503),
    ],
)
async def test_where_nothing_happened_the_key_may_be_tried_again(
    client: TestClient, installed: World, error: Exception, status: int
) -> None:
    installed.gateway.on(CreateReverseReason, error, REASON)

    refused = await post(client)
    again = await post(client)

    assert (refused.status, again.status) == (status, 201)
    assert REPLAYED_HEADER not in again.headers
    assert sent(installed) == 2


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (OutcomeUnknown("CreateReverseReason", "List the reasons."), 409, "outcome-unknown"),
        (UnknownShape("not a reason"), 502, "unreadable"),
        (ZeroDivisionError(), 500, "internal"),
    ],
)
async def test_what_may_have_happened_is_never_sent_again(
    client: TestClient, installed: World, error: Exception, status: int, kind: str
) -> None:
    installed.gateway.on(CreateReverseReason, error, REASON)

    first, again = await post(client), await post(client)

    assert (first.status, again.status) == (status, status)
    assert (await problem(again))["type"] == f"/problems/{kind}"
    assert again.headers[REPLAYED_HEADER] == "true"
    assert sent(installed) == 1


async def test_a_database_that_goes_away_after_the_write_leaves_the_key_open(
    held: HeldGateway, world: World, client: TestClient
) -> None:
    keys = world.idempotency
    assert isinstance(keys, Begins)
    held.go.set()
    keys.away = True
    first = await post(client)
    keys.away = False

    assert first.status == 201
    assert (await problem(await post(client)))["type"] == "/problems/in-progress"
    assert sent(world) == 1


async def test_an_upload_is_the_same_whatever_boundary_wraps_it(client: TestClient, installed: World) -> None:
    image = Image("i-1", "https://zid.example/i-1", "red", 1, {})
    installed.gateway.on(UploadImage, image)
    path = f"/v1/stores/{STORE}/products/p-1/images"

    async def upload(content: bytes) -> ClientResponse:
        form = FormData()
        form.add_field("image", content, filename="a.png", content_type="image/png")
        form.add_field("alt_text", "red")
        return await client.post(path, data=form, headers={**KEY, KEY_HEADER: "upload-1"})

    first, again, other = await upload(b"\x89PNG"), await upload(b"\x89PNG"), await upload(b"other")

    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert again.headers[REPLAYED_HEADER] == "true"
    [asked] = installed.gateway.asked(UploadImage)
    assert isinstance(asked, UploadImage)
    assert (asked.image.content, asked.image.content_type, asked.alt_text) == (b"\x89PNG", "image/png", "red")
