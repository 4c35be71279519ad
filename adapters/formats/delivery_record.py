"""A delivery as sealed bytes, for wherever it waits outside the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from core.domain.event_states import EventState, Origin
from core.domain.events import Delivery
from core.errors import UnknownShape
from core.ids import Entity, EntityKind, EventId, InstallId, StoreId
from core.ports.sealing import Sealer, WrappedKey

_LOOSE = "surrogatepass"
"""Ids come from JSON, where a lone surrogate is legal text."""


class Record(msgspec.Struct, array_like=True, frozen=True):
    """What is written. Later versions may add fields at the end, with defaults."""

    event_id: bytes
    store_id: int
    install_id: int
    topic: bytes
    body: bytes
    received_at: datetime
    dedupe_key: bytes
    keep_for: float
    entity_kind: str | None
    entity_id: bytes | None
    state: str
    reason: bytes | None
    origin: str
    trace: str | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


def write(delivery: Delivery) -> bytes:
    """The whole delivery; `read` gives back an equal one."""
    entity = delivery.entity
    return _encode(
        Record(
            event_id=delivery.event_id.bytes,
            store_id=delivery.store_id,
            install_id=delivery.install_id,
            topic=_text(delivery.topic),
            body=delivery.body,
            received_at=delivery.received_at,
            dedupe_key=delivery.dedupe_key,
            keep_for=delivery.keep_for.total_seconds(),
            entity_kind=entity.kind.value if entity else None,
            entity_id=_text(entity.id) if entity else None,
            state=delivery.state.value,
            reason=_text(delivery.reason) if delivery.reason is not None else None,
            origin=delivery.origin.value,
            trace=delivery.trace,
        )
    )


def read(content: bytes) -> Delivery:
    """Raises UnknownShape for what `write` did not make."""
    try:
        return _delivery(_decode(content))
    except ValueError as error:  # msgspec's own errors are ValueErrors too
        raise UnknownShape(f"no spooled delivery: {type(error).__name__}") from error


def _delivery(record: Record) -> Delivery:
    return Delivery(
        event_id=EventId(UUID(bytes=record.event_id)),
        store_id=StoreId(record.store_id),
        install_id=InstallId(record.install_id),
        topic=record.topic.decode("utf-8", _LOOSE),
        body=record.body,
        received_at=record.received_at,
        dedupe_key=record.dedupe_key,
        keep_for=timedelta(seconds=record.keep_for),
        entity=_entity(record),
        state=EventState(record.state),
        reason=record.reason.decode("utf-8", _LOOSE) if record.reason is not None else None,
        origin=Origin(record.origin),
        trace=record.trace,
    )


def _entity(record: Record) -> Entity | None:
    if record.entity_kind is None or record.entity_id is None:
        return None
    return Entity(EntityKind(record.entity_kind), record.entity_id.decode("utf-8", _LOOSE))


def _text(text: str) -> bytes:
    return text.encode("utf-8", _LOOSE)


def seal(sealer: Sealer, key: WrappedKey, delivery: Delivery) -> bytes:
    """Raises KeyMissing as the sealer does."""
    return sealer.seal(key, write(delivery))


def unseal(sealer: Sealer, key: WrappedKey, sealed: bytes) -> Delivery:
    """Raises KeyMissing and SealBroken as the sealer does, UnknownShape for other content."""
    return read(sealer.open(key, sealed))
