"""What a request sees of its store: entities as they are now, or as they were when reads lag behind."""

from __future__ import annotations

import orjson

from sandbox.api.answers import NotFoundError
from sandbox.api.gateway import Call
from sandbox.world.records import Entity, Json


def seen(call: Call, kind: str) -> list[Entity]:
    """Every entity of a kind that this request may know of, oldest first."""
    shelf = call.sandbox.world.shelves.shelf(call.store.id, kind)
    return [entity for entity in shelf.values() if body_of(call, entity) is not None]


def body_of(call: Call, entity: Entity) -> bytes | None:
    """The body that a read sees now, behind by `lag_ms` (U18); None for what it does not see."""
    lag, now = call.sandbox.knobs.number("lag_ms") / 1_000, call.sandbox.world.now()
    if lag and now - entity.changed < lag:
        return entity.prior
    return None if entity.deleted else entity.body


def document_of(call: Call, entity: Entity) -> Json:
    """An entity that was seen, decoded for this request alone."""
    document: Json = orjson.loads(body_of(call, entity) or entity.body)
    return document


def documents(call: Call, kind: str) -> list[Json]:
    return [document_of(call, entity) for entity in seen(call, kind)]


def found(call: Call, kind: str, entity_id: str) -> Json:
    """One entity's document; raises NotFoundError."""
    entity = call.sandbox.world.shelves.shelf(call.store.id, kind).get(entity_id)
    if entity is None or body_of(call, entity) is None:
        raise NotFoundError
    return document_of(call, entity)


def present(call: Call, kind: str, entity_id: str) -> Entity:
    """The entity itself, to be changed: writes see the world as it is. Raises NotFoundError."""
    entity = call.sandbox.world.shelves.shelf(call.store.id, kind).get(entity_id)
    if entity is None or entity.deleted:
        raise NotFoundError
    return entity
