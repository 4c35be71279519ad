"""Everything that exists in the sandbox and outlives a request."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from typing import Any, TypeVar

import orjson

from sandbox.clock import SandboxClock
from sandbox.settings import AppRegistration
from sandbox.world.records import Code, Delivery, Grant, Store, Subscription, Webhook
from sandbox.world.shelves import Shelves
from sandbox.world.table import Table

Record = TypeVar("Record", Grant, Code, Webhook)

FIRST_IDS = {
    "store": 100_000,
    "manager": 500_000,
    "order": 39_000_000,
    "line": 62_000,
    "customer": 18_000_000,
    "category": 1_400_000,
    "delivery": 0,
    "coupon": 5_700_000,
    "invoice": 1_120_000,
}


class World:
    """Apps, stores, tokens, entities, subscriptions and deliveries; every id and token comes from one seed.

    `rng` makes entities and `secrets` makes tokens, so that who calls when does not change what is generated.
    """

    def __init__(self, clock: SandboxClock, seed: int) -> None:
        self.clock = clock
        self.seed = seed
        self.rng = random.Random(seed)
        self.secrets = random.Random(f"secrets {seed}")
        self.ids: dict[str, int] = dict(FIRST_IDS)
        self.apps: Table[AppRegistration] = Table("app", _encode, decode_app)
        self.stores: Table[Store] = Table("store", _encode, _decode_store)
        self.grants: Table[Grant] = Table("grant", _encode, lambda value: _decode(Grant, value))
        self.codes: Table[Code] = Table("code", _encode, lambda value: _decode(Code, value))
        self.webhooks: Table[Webhook] = Table("webhook", _encode, lambda value: _decode(Webhook, value))
        self.deliveries: Table[Delivery] = Table("delivery", _encode_delivery, _decode_delivery)
        self.sessions: Table[int] = Table("session", orjson.dumps, int)
        self.shelves = Shelves()
        self._hooks: defaultdict[int, dict[str, Webhook]] = defaultdict(dict)
        self.bearers: dict[str, Grant] = {}
        self.manager_tokens: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, Grant] = {}

    def tables(self) -> tuple[Table[Any], ...]:
        return (
            self.apps,
            self.stores,
            self.grants,
            self.codes,
            self.webhooks,
            self.deliveries,
            self.sessions,
            self.shelves.table,
        )

    def reset(self, seed: int) -> None:
        """Empties the world; the same seed then gives the same ids, tokens and entities."""
        self.seed = seed
        self.rng = random.Random(seed)
        self.secrets = random.Random(f"secrets {seed}")
        self.ids = dict(FIRST_IDS)
        for table in self.tables():
            table.clear()
        self.shelves.clear()
        self.reindex()

    def set_random_state(self, rng: list[Any], secrets: list[Any]) -> None:
        """Continues both generators where a saved world left them."""
        self.rng.setstate((rng[0], tuple(rng[1]), rng[2]))
        self.secrets.setstate((secrets[0], tuple(secrets[1]), secrets[2]))

    def reindex(self) -> None:
        """Rebuilds what is found by token, after loading or emptying."""
        self.bearers.clear()
        self.manager_tokens.clear()
        self.refresh_tokens.clear()
        for grant in self.grants:
            self._index(grant)
        self._hooks.clear()
        for hook in self.webhooks:
            self._hooks[hook.store_id][hook.id] = hook
        for entity in self.shelves.table:
            self.shelves.file(entity)

    def now(self) -> float:
        return self.clock.now()

    def next_id(self, name: str) -> int:
        self.ids[name] += 1
        return self.ids[name]

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def secret_uuid(self) -> str:
        return str(uuid.UUID(int=self.secrets.getrandbits(128), version=4))

    def app_by_id(self, app_id: int) -> AppRegistration | None:
        return next((app for app in self.apps if app.app_id == app_id), None)

    def add_grant(self, grant: Grant) -> None:
        self.grants.put(grant.id, grant)
        self._index(grant)

    def revoke(self, client_id: str, store_id: int, reason: str, *, at: float | None = None) -> None:
        """Kills every token of an app in a store, now or at a later sandbox time."""
        for grant in self.grants:
            if grant.client_id == client_id and grant.store_id == store_id and not grant.revoked:
                grant.revoked, grant.revoke_at = reason, self.now() if at is None else at
                self.grants.touch(grant.id)

    def add_webhook(self, hook: Webhook) -> None:
        self.webhooks.put(hook.id, hook)
        self._hooks[hook.store_id][hook.id] = hook

    def remove_webhook(self, hook: Webhook) -> None:
        self.webhooks.remove(hook.id)
        self._hooks[hook.store_id].pop(hook.id, None)

    def webhooks_of(self, store_id: int, client_id: str | None = None) -> list[Webhook]:
        """A store's subscriptions: one app's, or everybody's."""
        return [hook for hook in self._hooks[store_id].values() if client_id in (None, hook.client_id)]

    def _index(self, grant: Grant) -> None:
        self.bearers[grant.authorization] = grant
        self.manager_tokens[grant.manager_token] = grant
        self.refresh_tokens[grant.refresh_token] = grant


def _encode(row: object) -> bytes:
    return orjson.dumps(row)


def _decode(kind: type[Record], value: bytes) -> Record:
    return kind(**orjson.loads(value))


def _decode_store(value: bytes) -> Store:
    saved = orjson.loads(value)
    saved["subscriptions"] = {app: Subscription(**row) for app, row in saved["subscriptions"].items()}
    return Store(**saved)


def decode_app(value: bytes) -> AppRegistration:
    saved = orjson.loads(value)
    saved["scopes"] = tuple(saved["scopes"])
    return AppRegistration(**saved)


def _encode_delivery(delivery: Delivery) -> bytes:
    return orjson.dumps(delivery, default=bytes.decode)


def _decode_delivery(value: bytes) -> Delivery:
    saved = orjson.loads(value)
    saved["body"] = saved["body"].encode()
    return Delivery(**saved)
