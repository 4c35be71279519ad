"""What the world is made of. Times are sandbox seconds since the epoch unless a name says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

UNLIMITED = 1e18


@dataclass(slots=True)
class Subscription:
    """A store's App Market subscription to an app; without one, authorize answers EC3."""

    plan_id: int
    plan_name: str
    status: str
    start: float
    end: float
    amount: float = 0.0


@dataclass(slots=True)
class Store:
    """A merchant's store. `id` is the Store-Id; `uuid` is what webhook objects and carts call store_id.

    `shop` holds the settings that are neither lists nor entities: loyalty program, notifications, own statuses.
    """

    id: int
    uuid: str
    slug: str
    title: str
    manager_id: int
    manager_uuid: str
    manager_name: str
    email: str
    mobile: str
    created: float
    location_ids: list[str]
    utc_offset_hours: float = 3.0
    language: str = "ar"
    has_multi_product_inventory: bool = True
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    installs: dict[str, str] = field(default_factory=dict)
    embedded: dict[str, str] = field(default_factory=dict)
    denied_permissions: list[str] = field(default_factory=list)
    shop: Json = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://{self.slug}.zid.store"


@dataclass(slots=True)
class Grant:
    """One answer of the token endpoint. `revoked` says why it no longer opens anything, if it does not."""

    id: str
    client_id: str
    store_id: int
    scopes: list[str]
    authorization: str
    manager_token: str
    refresh_token: str
    expires: float
    refresh_expires: float
    family: str
    spent: bool = False
    revoked: str = ""
    revoke_at: float = UNLIMITED


@dataclass(slots=True)
class Code:
    """A one-time authorization code."""

    value: str
    client_id: str
    store_id: int
    redirect_uri: str
    scopes: list[str]
    expires: float
    used: bool = False


@dataclass(slots=True)
class Webhook:
    """A subscription of one app in one store, with its health."""

    id: str
    client_id: str
    store_id: int
    store_uuid: str
    event: str
    target_url: str
    original_id: str
    subscriber: str
    conditions: Any = None
    username: str = ""
    password: str = ""
    failures: list[float] = field(default_factory=list)
    broken_at: float | None = None


@dataclass(slots=True)
class Delivery:
    """One body on its way to one URL. `attempts` holds [time, status or 0, milliseconds, error]."""

    id: int
    webhook_id: str
    store_id: int
    event: str
    entity_id: str
    url: str
    body: bytes
    key: int
    due: float
    state: str = "pending"
    attempts: list[list[Any]] = field(default_factory=list)
    spent_attempts: int = 0
    request_id: str = ""
    duplicate: bool = False
    client_id: str = ""


@dataclass(slots=True)
class Entity:
    """An order, product, customer, category or cart as it is, already encoded, with what lists filter by.

    `prior` is the body before the last change, for reads that lag behind; None before the first.
    """

    store_id: int
    kind: str
    id: str
    created: float
    updated: float
    changed: float
    body: bytes
    facets: Json
    prior: bytes | None = None
    deleted: bool = False
