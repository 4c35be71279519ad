"""Events as handlers get them, of every topic there is, with bodies as Zid sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from itertools import count
from types import MappingProxyType
from typing import Final
from uuid import UUID

from core.domain.app_events import APP_EVENTS
from core.domain.documents import Document, as_document
from core.domain.entities.catalogue import recognise
from core.domain.event_states import Origin
from core.domain.topics import DERIVED_SOURCES, ZID_TOPICS, entity_kind, is_known
from core.features.event_handlers import Event
from core.ids import EntityKind, StoreId

STORE: Final = StoreId(1001)
MORNING: Final = datetime(2026, 1, 1, 8, tzinfo=UTC)
_ID_BITS: Final = 7 << 76 | 2 << 62
_numbers = count(1)

_DERIVED: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "order.status_changed": {"old": "new", "new": "preparing"},
        "payment.pending": {"old": None, "new": "pending"},
        "payment.paid": {"old": "pending", "new": "paid"},
        "payment.refunded": {"old": "paid", "new": "refunded"},
        "payment.voided": {"old": "pending", "new": "voided"},
        "inventory.changed": {"variant_id": None, "old": "5", "new": "3", "delta": -2},
        "product.price_changed": {"field": "price", "variant_id": None, "old": "100.0000", "new": "80.0000"},
    }
)
_ADDED: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "order.payment_status.update": {
            "payment_status": "paid",
            "payment_status_change": {"old": "pending", "new": "paid"},
        },
        "product.publish": {"is_published": True, "is_draft": False},
    }
)
_APP_EVENT: Final[Mapping[str, object]] = MappingProxyType(
    {
        "status": "active",
        "plan_id": "1",
        "plan_name": "الباقة الأساسية",
        "start_date": "2026-01-01T00:00:00+00:00",
        "end_date": "2026-02-01T00:00:00+00:00",
        "verified": True,
        "app_event": 1,
    }
)
TOPICS: Final = (*ZID_TOPICS, *DERIVED_SOURCES, *APP_EVENTS)


def body_of(kind: EntityKind) -> dict[str, object]:
    """One realistic entity as Zid sends it, yours to change."""
    return deepcopy(dict(_read(kind)))


@cache
def _read(kind: EntityKind) -> Document:
    return as_document(json.loads((files(__package__) / f"{kind.value}.json").read_text(encoding="utf-8")))


def make_event(
    topic: str,
    *,
    entity_id: str | int | None = None,
    store_id: int = STORE,
    attempt: int = 1,
    origin: Origin | None = None,
    received_at: datetime = MORNING,
    stale: bool = False,
    data: Mapping[str, object] | None = None,
    **changed: object,
) -> Event:
    """An event of this topic with an id of its own; other keywords replace top-level fields of what it carries.

    `data` replaces all of it. ValueError for an unknown topic, naming the known ones.
    """
    if not is_known(topic):
        raise ValueError(f"unknown topic {topic!r}; known are: {', '.join(TOPICS)}")
    kind = entity_kind(topic)
    found = dict(data) if data is not None else {**_told(topic, kind), **changed}
    if entity_id is not None and "id" in found:
        found["id"] = entity_id
    return Event(
        id=UUID(int=next(_numbers) << 80 | _ID_BITS),
        topic=topic,
        store_id=StoreId(store_id),
        entity_kind=kind,
        entity_id=str(entity_id) if entity_id is not None else _identity(topic, kind, found, store_id),
        data=as_document(found),
        origin=origin or (Origin.DERIVED if topic in _DERIVED else Origin.ZID),
        received_at=received_at,
        attempt=attempt,
        stale=stale,
    )


def _told(topic: str, kind: EntityKind) -> dict[str, object]:
    if topic in APP_EVENTS:
        return {"event_name": topic, **_APP_EVENT}
    if topic in _DERIVED:
        return dict(_DERIVED[topic])
    if topic == "abandoned_cart.completed":
        cart = body_of(kind)
        return {**cart, "abandoned_cart": {**as_document(cart["abandoned_cart"]), "phase": "completed"}}
    return {**body_of(kind), **_ADDED.get(topic, {})}


def _identity(topic: str, kind: EntityKind, carried: Document, store_id: int) -> str:
    if topic in APP_EVENTS:
        return str(store_id)
    return recognise(kind, carried if topic in ZID_TOPICS else _read(kind)).id
