"""Opens a store's shop: what it has from its first day, without any webhook."""

from __future__ import annotations

from sandbox.events.changes import create
from sandbox.generation.shop import shop_documents, shop_settings
from sandbox.sandbox import Sandbox
from sandbox.world.records import Store


def open_shop(sandbox: Sandbox, store: Store) -> None:
    """Does nothing to a shop that is open already."""
    if store.shop:
        return
    for kind, documents in shop_documents(sandbox.world, store).items():
        for document in documents:
            create(sandbox, store, kind, document, at=store.created)
    store.shop = shop_settings(sandbox.world, store)
    sandbox.world.stores.touch(str(store.id))
