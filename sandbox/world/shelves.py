"""Entities by store and kind, with the one way to change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import orjson

from sandbox.world.facets import facets
from sandbox.world.records import Entity
from sandbox.world.table import Table

# What a new store gets as many of as asked for, and what it always comes with or collects.
KINDS = ("orders", "products", "customers", "categories", "carts")
SHOP_KINDS = (
    "locations",
    "attributes",
    "metafields",
    "coupons",
    "bundle_offers",
    "reasons",
    "vouchers",
    "notifications",
    "reverse_orders",
    "credit_notes",
    "points",
)

Shelf = dict[str, Entity]


class Shelves:
    """What each store owns. Deleted entities stay as tombstones, for reads that lag behind."""

    def __init__(self) -> None:
        self.table: Table[Entity] = Table("entity", encode_entity, decode_entity)
        self._shelves: dict[tuple[int, str], Shelf] = {}
        self._variants: dict[tuple[int, str], str] = {}
        self._order: dict[tuple[int, str], list[str]] = {}

    def shelf(self, store_id: int, kind: str) -> Shelf:
        return self._shelves.setdefault((store_id, kind), {})

    def alive(self, store_id: int, kind: str) -> Iterator[Entity]:
        return (entity for entity in self.shelf(store_id, kind).values() if not entity.deleted)

    def find(self, store_id: int, kind: str, entity_id: str) -> Entity | None:
        """The entity, or the parent product of a variant with that id; None when absent or deleted."""
        shelf = self.shelf(store_id, kind)
        entity = shelf.get(entity_id) or shelf.get(self._variants.get((store_id, entity_id), ""))
        return None if entity is None or entity.deleted else entity

    def pick(self, store_id: int, kind: str, rng: Random, accept: Callable[[Entity], bool]) -> Entity | None:
        """A random living entity that `accept`s; looks at all of them only when luck fails."""
        shelf, ids = self.shelf(store_id, kind), self._order.get((store_id, kind), [])
        for _ in range(20 if ids else 0):
            entity = shelf[rng.choice(ids)]
            if not entity.deleted and accept(entity):
                return entity
        candidates = [entity for entity in self.alive(store_id, kind) if accept(entity)]
        return rng.choice(candidates) if candidates else None

    def put(self, entity: Entity) -> None:
        self.file(entity)
        self.table.put(_key(entity), entity)

    def touch(self, entity: Entity) -> None:
        self.table.touch(_key(entity))

    def file(self, entity: Entity) -> None:
        """Puts an entity on its shelf without marking it changed, as loading does."""
        shelf = self.shelf(entity.store_id, entity.kind)
        if entity.id not in shelf:
            self._order.setdefault((entity.store_id, entity.kind), []).append(entity.id)
        shelf[entity.id] = entity
        for variant in entity.facets.get("variants", ()):
            self._variants[(entity.store_id, variant)] = entity.id

    def clear(self) -> None:
        self.table.clear()
        self._shelves.clear()
        self._variants.clear()
        self._order.clear()


def _key(entity: Entity) -> str:
    return f"{entity.store_id}/{entity.kind}/{entity.id}"


def encode_entity(entity: Entity) -> bytes:
    return orjson.dumps(
        {
            "store_id": entity.store_id,
            "kind": entity.kind,
            "id": entity.id,
            "created": entity.created,
            "updated": entity.updated,
            "changed": entity.changed,
            "deleted": entity.deleted,
            "body": orjson.Fragment(entity.body),
        }
    )


def decode_entity(value: bytes) -> Entity:
    saved = orjson.loads(value)
    document = saved.pop("body")
    return Entity(**saved, body=orjson.dumps(document), facets=facets(saved["kind"], document))
