"""Our own doors: who may call the HTTP surface, and what it remembers of those who do."""

from __future__ import annotations

from dependency_injector import providers

from adapters.postgres.api_keys import PostgresKeyBook
from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from config import guards
from config.parts.process import Given, Opened
from config.settings import Settings
from core.domain.secret import Secret
from core.features.api_keys import KeepApiKeys, KnowCallers
from core.features.console_sign_in import ConsoleSignIn

adapters = Given.adapters


def _configured_keys(settings: Settings) -> tuple[Secret, ...]:
    return (settings.admin_api_key,) if settings.admin_api_key else ()


class DoorAdapters(Opened):
    idempotency_keys = providers.Singleton(PostgresIdempotencyKeys, Opened.pool)
    cache = providers.Singleton(guards.cache, Opened.redis, Opened.pool)
    door_keeper = providers.Singleton(guards.door_keeper, Opened.redis, Opened.pool, Opened.metrics, Opened.clock)
    key_book = providers.Singleton(PostgresKeyBook, Opened.pool)
    sessions = providers.Singleton(guards.sessions, Opened.redis, Opened.pool)
    guess_limit = providers.Singleton(guards.guess_limit, Opened.redis, Opened.pool)


class DoorFeatures(Given):
    api_keys = providers.Singleton(
        KnowCallers,
        book=adapters.key_book,
        configured=providers.Callable(_configured_keys, Given.settings),
        clock=adapters.clock,
    )
    keeping_keys = providers.Singleton(KeepApiKeys, book=adapters.key_book, ids=adapters.ids)
    console = providers.Singleton(
        ConsoleSignIn,
        api_keys=api_keys,
        sessions=adapters.sessions,
        limit=adapters.guess_limit,
        trail=adapters.audit_trail,
        clock=adapters.clock,
        ids=adapters.ids,
    )
