"""Whether the mirror holds what the stand-in Zid's world holds, entity for entity."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.domain.entities.catalogue import READERS, unwrap
from core.domain.entities.reading import Reading
from core.ids import EntityKind

SHELVES = {
    EntityKind.ORDER: "orders",
    EntityKind.PRODUCT: "products",
    EntityKind.CUSTOMER: "customers",
    EntityKind.CATEGORY: "categories",
    EntityKind.CART: "carts",
}
TABLES = {kind: f"mirror_{shelf}" for kind, shelf in SHELVES.items()}
Sql = Callable[..., Sequence[tuple[Any, ...]]]
Ask = Callable[[str, str], Any]


def differences(ask: Ask, sql: Sql, store_id: int) -> list[str]:
    """One line for each entity that the mirror lacks, holds in vain, or holds in another state; none when both agree.

    `ask(method, path)` is the sandbox's control API, `sql(statement, *values)` the service's database.
    """
    found: list[str] = []
    for kind, shelf in SHELVES.items():
        items = ask("GET", f"/stores/{store_id}/entities/{shelf}")["items"]
        world = {str(item["id"]): item for item in _flat(items)}
        rows = sql(f"SELECT entity_id, facts, body FROM {TABLES[kind]} WHERE store_id = %s AND NOT deleted", store_id)
        mirror = {entity_id: (facts, bytes(body)) for entity_id, facts, body in rows}
        found += [f"{kind} {one}: not in the mirror" for one in sorted(world.keys() - mirror.keys())]
        found += [f"{kind} {one}: not in the world" for one in sorted(mirror.keys() - world.keys())]
        for one in sorted(world.keys() & mirror.keys()):
            found += [f"{kind} {one}: {line}" for line in _unlike(kind, world[one], *mirror[one])]
    return found


def _flat(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Categories hold those below them."""
    return [one for item in items for one in [item, *_flat(item.get("sub_categories") or [])]]


def _unlike(kind: EntityKind, item: Mapping[str, Any], facts: Mapping[str, Any], body: bytes) -> list[str]:
    """Compared by what readers make of both documents: an endpoint shows more or less of an entity than another."""
    theirs, ours = READERS[kind](item), READERS[kind](unwrap(kind, json.loads(body)))
    pairs = {"version": (theirs.version, ours.version), **_columns(theirs, ours)}
    pairs |= {name: (value, facts.get(name)) for name, value in theirs.facts.items()}
    return [f"{name} is {left} there, {right} here" for name, (left, right) in pairs.items() if not _same(left, right)]


def _columns(theirs: Reading, ours: Reading) -> dict[str, tuple[object, object]]:
    """What a document does not name says nothing."""
    named = (name for name, value in ours.columns.items() if value is not None)
    return {name: (theirs.columns[name], ours.columns[name]) for name in named}


def _same(left: object, right: object) -> bool:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return abs(left - right) < Decimal("0.0001")
    return left == right
