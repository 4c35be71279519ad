"""Our own doors: what the HTTP surface remembers of those who call it."""

from __future__ import annotations

from dependency_injector import providers

from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from config import guards
from config.parts.process import Opened


class DoorAdapters(Opened):
    idempotency_keys = providers.Singleton(PostgresIdempotencyKeys, Opened.pool)
    cache = providers.Singleton(guards.cache, Opened.redis, Opened.pool)
