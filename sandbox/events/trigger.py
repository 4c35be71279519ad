"""What every trigger needs: to find the entity it is about, or to say why there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import orjson

from sandbox.sandbox import Sandbox
from sandbox.world.records import Entity, Json, Store

Value = TypeVar("Value")


class TriggerError(ValueError):
    """A trigger that cannot happen; `field` names what to change in the request."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def wanted(data: Json, key: str, kind: type[Value]) -> Value | None:
    """`data[key]` when given; raises TriggerError when it is of another type."""
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TriggerError(f"data.{key}", f"{key} must be {kind.__name__}, not {value!r}")
    return value


def chosen(
    sandbox: Sandbox, store: Store, kind: str, data: Json, accept: Callable[[Entity], bool] = lambda _: True
) -> Entity:
    """The entity with `data.id`, or a random one that `accept`s."""
    shelves = sandbox.world.shelves
    if "id" in data:
        entity = shelves.find(store.id, kind, str(data["id"]))
        if entity is None:
            raise TriggerError("data.id", f"store {store.id} has no {kind} with id {data['id']}")
        return entity
    entity = shelves.pick(store.id, kind, sandbox.world.rng, accept)
    if entity is None:
        raise TriggerError("store_id", f"store {store.id} has no {kind} that this could happen to; create some first")
    return entity


def pick_document(sandbox: Sandbox, store: Store, kind: str) -> Json:
    """A random entity's document, to read only."""
    return read_only(chosen(sandbox, store, kind, {}).body)


@lru_cache(maxsize=1024)
def read_only(body: bytes) -> Json:
    """A decoded body, shared between those who read it: whoever changes it must decode for himself."""
    document: Json = orjson.loads(body)
    return document
