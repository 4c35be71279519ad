"""Nothing genuine is refused, nothing forged is stored."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest

from core.domain.event_states import EventState, Origin
from core.domain.events import Receipt
from core.domain.webhook_address import Addressee
from core.features.ingest_webhook import NotOurs, Oversize, Received, WrongCredentials
from core.ids import InstallId, StoreId
from tests.unit.pipeline.conftest import Pipeline, basic

ORDER = {"id": 5, "order_status": {"code": "new"}, "updated_at": "2026-01-01 10:00:00"}


async def test_a_genuine_delivery_is_queued_and_announced(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline()
    answer = await service.receive(await service.install(), "order.create", ORDER)
    assert isinstance(answer, Received)
    assert (answer.receipt, answer.state) == (Receipt.ACCEPTED, EventState.QUEUED)
    assert [item.id for item in service.announcer.announced] == [str(answer.event_id)]


async def test_a_repeat_is_counted_and_not_announced(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline()
    install = await service.install()
    await service.receive(install, "order.create", ORDER)
    again = await service.receive(install, "order.create", ORDER)
    assert isinstance(again, Received)
    assert again.receipt is Receipt.DUPLICATE
    assert len(service.announcer.announced) == 1
    books = (await service.reader.books()).of(Origin.ZID)
    assert (books.received, books.duplicates) == (1, 1)


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("order.unheard_of", b"{}", "unknown topic"),
        ("order.create", b"not json", "not JSON"),
        ("order.create", b"", "not JSON"),
        ("order.create", b"\xff\xfe", "not JSON"),
        ("order.create", b"[1]", "expected a JSON object, got list"),
        ("order.create", b'{"no": "id"}', "a order without an id"),
    ],
)
async def test_what_cannot_be_handled_is_kept_dead_with_its_reason(
    pipeline: Callable[..., Pipeline], topic: str, body: bytes, reason: str
) -> None:
    service = pipeline()
    answer = await service.receive(await service.install(), topic, body)
    assert isinstance(answer, Received)
    assert (answer.state, answer.reason) == (EventState.DEAD, reason)
    detail = await service.reader.event(answer.event_id)
    assert detail is not None
    assert detail.body == body
    assert service.announcer.announced == []


async def test_an_oversized_body_is_known_by_its_size_and_hash(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline()
    digest = sha256(b"large").digest()
    answer = await service.receive(await service.install(), "order.create", b"", oversize=Oversize(9_000_000, digest))
    assert isinstance(answer, Received)
    assert answer.reason == f"body of 9000000 bytes is over WEBHOOK_MAX_BYTES; sha256 {digest.hex()}"


async def test_an_ended_installs_delivery_is_cancelled_without_its_body(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline()
    old = await service.install()
    await service.install()
    answer = await service.receive(old, "order.create", ORDER)
    assert isinstance(answer, Received)
    assert answer.receipt is Receipt.CANCELLED
    detail = await service.reader.event(answer.event_id)
    assert detail is not None
    assert detail.body is None
    assert (await service.reader.books()).balanced


async def test_a_forged_address_is_not_ours(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline()
    answer = await service.receive(await service.install(), "order.create", ORDER, install_token="A" * 43)
    assert isinstance(answer, NotOurs)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer x",
        "Basic",
        "Basic %%%",
        "Basic d2FzbDp3cm9uZw==",
        "Basic /////w==",
        basic(Addressee(StoreId(1001), InstallId(999))),
        basic(Addressee(StoreId(1001), InstallId(1)), name="root"),
    ],
)
async def test_wrong_credentials_store_nothing(pipeline: Callable[..., Pipeline], authorization: str | None) -> None:
    service = pipeline()
    answer = await service.receive(await service.install(), "order.create", ORDER, authorization=authorization)
    assert isinstance(answer, WrongCredentials)
    assert (await service.reader.books()).of(Origin.ZID).received == 0


async def test_who_was_genuine_once_has_to_prove_it_every_time(pipeline: Callable[..., Pipeline]) -> None:
    service = pipeline()
    install, other = await service.install(), await service.install(StoreId(7))
    mine = basic(Addressee(install.store_id, install.install_id))
    assert isinstance(await service.receive(install, "order.create", ORDER), Received)
    for changed in (mine[:-1], basic(Addressee(other.store_id, other.install_id)), "", None):
        answer = await service.receive(install, "order.create", ORDER, authorization=changed)
        assert isinstance(answer, WrongCredentials)
    assert isinstance(await service.receive(other, "order.create", ORDER, authorization=mine), WrongCredentials)
    assert isinstance(await service.receive(install, "order.create", ORDER), Received)


async def test_more_installs_than_are_remembered_are_recognised_too(
    pipeline: Callable[..., Pipeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.features.ingest_webhook.REMEMBERED", 2)
    service = pipeline()
    installs = [await service.install(StoreId(number)) for number in range(1, 6)]
    for install in [*installs, *installs]:
        assert isinstance(await service.receive(install, "order.create", ORDER), Received)
