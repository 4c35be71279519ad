"""The one way an entity comes into the world, changes, and leaves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from sandbox.generation.formats import iso_micros, iso_seconds, naive_utc
from sandbox.sandbox import Sandbox
from sandbox.world.facets import facets
from sandbox.world.records import Entity, Json, Store

# How each kind writes updated_at, and the smallest step it can show. Categories carry no time.
_STAMPS: Mapping[str, tuple[Callable[[float], str], float]] = {
    "orders": (naive_utc, 1.0),
    "products": (iso_micros, 0.001),
    "customers": (iso_seconds, 1.0),
    "carts": (naive_utc, 1.0),
    "vouchers": (iso_micros, 0.001),
    "notifications": (iso_micros, 0.001),
    "reverse_orders": (naive_utc, 1.0),
}


def create(
    sandbox: Sandbox,
    store: Store,
    kind: str,
    document: Json,
    *,
    at: float | None = None,
    updated: float | None = None,
) -> Entity:
    """Puts a new entity on its shelf, as of `at` (now when not given) and last changed at `updated`."""
    now = sandbox.world.now()
    moment = _whole(kind, now if at is None else at)
    entity = Entity(
        store_id=store.id,
        kind=kind,
        id=str(document["id"]),
        created=moment,
        updated=moment if updated is None else _whole(kind, updated),
        changed=now if at is None else at,
        body=orjson.dumps(document),
        facets=facets(kind, document),
    )
    sandbox.world.shelves.put(entity)
    return entity


def update(sandbox: Sandbox, entity: Entity, document: Json) -> Entity:
    """Replaces what an entity says and moves its `updated_at` forward."""
    _stamp(sandbox, entity, document)
    entity.prior, entity.body = entity.body, orjson.dumps(document)
    entity.facets = facets(entity.kind, document)
    entity.changed = sandbox.world.now()
    sandbox.world.shelves.put(entity)
    return entity


def delete(sandbox: Sandbox, entity: Entity) -> Entity:
    """Leaves a tombstone; its body is the last one, stamped with the time it went."""
    update(sandbox, entity, orjson.loads(entity.body))
    entity.deleted = True
    sandbox.world.shelves.touch(entity)
    return entity


def merge(document: Json, changes: Json) -> Json:
    """`changes` over `document`, objects merged key by key, everything else replaced."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(document.get(key), dict):
            merge(document[key], value)
        else:
            document[key] = value
    return document


def _stamp(sandbox: Sandbox, entity: Entity, document: Json) -> None:
    write, step = _STAMPS.get(entity.kind, (None, 0.001))
    moment = _whole(entity.kind, sandbox.world.now())
    if sandbox.knobs.text("world.updated_at") == "growing":
        moment = max(moment, entity.updated + step)
    entity.updated = moment
    if write is not None:
        document["updated_at"] = write(moment)
        for variant in document.get("variants", ()):
            variant["updated_at"] = write(moment)


def _whole(kind: str, at: float) -> float:
    """`at` as the kind's timestamps can show it: most know only seconds."""
    _, step = _STAMPS.get(kind, (None, 0.001))
    return float(int(at)) if step == 1.0 else round(at, 6)
