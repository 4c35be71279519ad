"""How requests change their store: through the one way in the world, told to the subscriptions."""

from __future__ import annotations

from sandbox.api.gateway import Call
from sandbox.events.changes import create, delete, update
from sandbox.events.happenings import announce
from sandbox.world.records import Entity, Json


def add(call: Call, kind: str, document: Json, event: str = "") -> Entity:
    """A new entity in the store of the call, and its event if it has one."""
    entity = create(call.sandbox, call.store, kind, document)
    _tell(call, event, entity)
    return entity


def change(call: Call, entity: Entity, document: Json, event: str = "", extra: Json | None = None) -> Entity:
    """The entity says something else from now on."""
    update(call.sandbox, entity, document)
    _tell(call, event, entity, extra)
    return entity


def remove(call: Call, entity: Entity, event: str = "") -> None:
    delete(call.sandbox, entity)
    _tell(call, event, entity)


def keep_shop(call: Call) -> None:
    """The store's own settings have changed."""
    call.sandbox.world.stores.touch(str(call.store.id))


def _tell(call: Call, event: str, entity: Entity, extra: Json | None = None) -> None:
    if event:
        announce(call.sandbox, call.store, event, entity, extra)
