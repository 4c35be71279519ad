"""Which reader understands which kind; and how an entity is recognised in a body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from core.domain.documents import Document, sub, text
from core.domain.entities.order import read_order
from core.domain.entities.people_and_places import read_cart, read_category, read_customer, unwrap_cart
from core.domain.entities.product import read_product
from core.domain.entities.reading import Reading
from core.errors import UnknownShape
from core.ids import Entity, EntityKind

READERS: Final[Mapping[EntityKind, Callable[[Document], Reading]]] = MappingProxyType(
    {
        EntityKind.ORDER: read_order,
        EntityKind.PRODUCT: read_product,
        EntityKind.CUSTOMER: read_customer,
        EntityKind.CATEGORY: read_category,
        EntityKind.CART: read_cart,
    }
)

_WRAPPERS: Final[Mapping[EntityKind, tuple[str, ...]]] = MappingProxyType(
    {kind: ("data", kind.value) for kind in (EntityKind.ORDER, EntityKind.PRODUCT, EntityKind.CUSTOMER)}
    | {EntityKind.CATEGORY: ("data", "category", "categories")}
)


def unwrap(kind: EntityKind, body: Document) -> Document:
    """The bare entity: Zid's payloads are documented bare, U5 and U25 allow a wrapper."""
    if kind is EntityKind.CART:
        return unwrap_cart(body)
    if text(body.get("id")):
        return body
    for key in _WRAPPERS[kind]:
        if text(sub(body, key).get("id")):
            return sub(body, key)
    return body


def recognise(kind: EntityKind, body: Document) -> Entity:
    """Which entity a body is about; UnknownShape when it carries no id."""
    found = text(unwrap(kind, body).get("id"))
    if found is None:
        raise UnknownShape(f"a {kind} without an id")
    return Entity(kind, found)
