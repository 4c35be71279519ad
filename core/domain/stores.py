"""Stores and their installs: states, identity, and the profile that tells it.

An install is one life of the app in a store. It ends for good; a reinstall is a new
one with a new random id and the next epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.domain.documents import Document, sub, text
from core.errors import UnknownShape
from core.ids import Epoch, InstallId, StoreId


class InstallState(StrEnum):
    """Where an install stands."""

    ACTIVE = "active"
    """Its tokens work, as far as we know."""
    NEEDS_REAUTHORIZATION = "needs_reauthorization"
    """Zid refused its tokens: the merchant has to install again. Webhooks are still taken in."""
    UNINSTALLED = "uninstalled"
    """Over. Deliveries for it are cancelled, its tokens are shredded."""


INSTALL_MOVES: Final[Mapping[InstallState, frozenset[InstallState]]] = MappingProxyType(
    {
        InstallState.ACTIVE: frozenset({InstallState.NEEDS_REAUTHORIZATION, InstallState.UNINSTALLED}),
        InstallState.NEEDS_REAUTHORIZATION: frozenset({InstallState.ACTIVE, InstallState.UNINSTALLED}),
        InstallState.UNINSTALLED: frozenset(),
    }
)
LIVE: Final = frozenset({InstallState.ACTIVE, InstallState.NEEDS_REAUTHORIZATION})


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """Who a store is, as its profile says."""

    store_id: StoreId
    uuid: str | None
    title: str
    url: str | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Install:
    """The current install of a store."""

    identity: StoreIdentity
    install_id: InstallId
    epoch: Epoch
    state: InstallState
    installed_at: datetime
    ended_at: datetime | None = None
    paused_at: datetime | None = None
    """Since when nothing of the store is handled; what arrives is taken in and waits."""

    @property
    def store_id(self) -> StoreId:
        return self.identity.store_id


def read_profile(profile: Document) -> StoreIdentity:
    """The store of a profile answer; UnknownShape without a numeric store id.

    Live nesting is `user.store` with a currency object (2026-08-11); the variants of
    X27 (`profile`, `store` at the root, `data`) are understood too.
    """
    for path in (
        ("user", "store"),
        ("store",),
        ("data", "user", "store"),
        ("data", "store"),
        ("profile", "store"),
    ):
        store = sub(profile, *path)
        if isinstance(number := store.get("id"), int):
            return _identity(StoreId(number), store)
    raise UnknownShape("the profile names no store id")


def _identity(store_id: StoreId, store: Document) -> StoreIdentity:
    currency = text(sub(store, "currency").get("code")) or text(store.get("currency"))
    return StoreIdentity(
        store_id,
        text(store.get("uuid")),
        text(store.get("title")) or f"Store {store_id}",
        text(store.get("url")),
        currency,
    )
