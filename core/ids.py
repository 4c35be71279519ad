"""The identifiers that travel through Wasl, one type each so that they cannot be mixed up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import NewType
from uuid import UUID

StoreId = NewType("StoreId", int)
"""Zid's numeric store id (`user.store.id` of the profile)."""

InstallId = NewType("InstallId", int)
"""Random 63-bit number of one install. Tokens, work, webhooks and locks carry it."""

Epoch = NewType("Epoch", int)
"""1, 2, 3 … for people: which install of a store this is."""

Generation = NewType("Generation", int)
"""Counts the token sets of one install; grows by one at each exchange."""

EventId = NewType("EventId", UUID)
WorkerId = NewType("WorkerId", int)
Fence = NewType("Fence", int)
Seq = NewType("Seq", int)
"""Arrival order in the ledger."""

Lane = NewType("Lane", int)
"""What must be handled one at a time and in order. A collision only merges two lanes."""


class EntityKind(StrEnum):
    """What an event is about."""

    ORDER = "order"
    PRODUCT = "product"
    CUSTOMER = "customer"
    CATEGORY = "category"
    CART = "cart"
    STORE = "store"


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """One thing of one store; `id` is Zid's id as text, whatever its type there."""

    kind: EntityKind
    id: str


def lane_of(store_id: StoreId, entity: Entity, handler: str = "") -> Lane:
    """The lane of an entity, or of one handler's runs for it; a signed 64-bit number."""
    name = f"{store_id}\0{entity.kind}\0{entity.id}\0{handler}".encode()
    return Lane(int.from_bytes(blake2b(name, digest_size=8).digest(), "big", signed=True))
