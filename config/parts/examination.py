"""What `wasl doctor` looks at, and the settings as it judges them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from dependency_injector import providers

from adapters.files.machine import LocalMachine
from adapters.outbound.asking import Asking
from adapters.outbound.session import Outbound
from adapters.postgres.examination import PostgresExamination
from adapters.redis.connection import RedisClients
from adapters.redis.examination import RedisExamination
from config.parts.calls import CallAdapters
from config.parts.events import EventAdapters
from config.parts.keys import KeyAdapters
from config.parts.process import Opened
from config.parts.tokens import TokenAdapters
from config.parts.webhooks import WebhookAdapters
from config.pool_sizes import pool_size
from config.settings import Settings, SpoolKind
from config.spooling import MAX_BYTES
from config.transport import is_postgres_checked, is_redis_checked, postgres_elsewhere, redis_elsewhere
from core.domain.diagnosis.secrets import LEAST_PASSWORD, NamedSecret
from core.domain.diagnosis.setup import HandlerLimit, Setup
from core.domain.secret import Secret
from core.features.event_handlers import Handlers
from core.features.examine import Surroundings
from core.features.watch_client import ClientStanding
from core.ports.system import Clock

_RINGS: Final = ("token_keys", "webhook_secret", "app_events_secret", "session_key")
_SINGLE: Final = ("admin_api_key", "alert_webhook_secret")
_ADDRESSES: Final = {"database_url": postgres_elsewhere, "redis_url": redis_elsewhere}
_SCHEDULES: Final = ("webhook_check_every", "reconcile_every")
_KINDS: Final = ("http", "consumer", "scheduler")
_SECONDS: Final = 5.0


def setup_of(settings: Settings, handlers: Handlers, *, private_files: Sequence[str] = ()) -> Setup:
    """The settings, as far as they can be judged."""
    redis_url = _url(settings.redis_url)
    return Setup(
        production=settings.production,
        public_url=settings.public_url,
        zid_api_url=settings.zid_api_url,
        secrets=tuple(_secrets(settings)),
        missing_secrets=[name.upper() for name in _RINGS if not getattr(settings, name)],
        trusted_proxies=bool(settings.trusted_proxies),
        metrics_open_to=next((str(one) for one in settings.metrics_allow if one.prefixlen == 0), None),
        debug_log=settings.log_level == "DEBUG",
        schedules_off=[name.upper() for name in _SCHEDULES if not getattr(settings, name)],
        alert_address=bool(settings.alert_webhook_url),
        shutdown_grace=settings.shutdown_grace,
        handlers=tuple(HandlerLimit(one.name, one.time_limit) for one in handlers.all),
        pools=tuple((kind, pool_size(settings, kind)) for kind in _KINDS),
        pool_setting=settings.database_pool,
        pooled=_asks(settings.database_url, "pgbouncer").lower() in {"true", "1", "yes"},
        certificate_checked=is_postgres_checked(_url(settings.database_url), settings.database_ca_cert),
        redis_checked=not redis_url or is_redis_checked(redis_url),
        redis_local=not (redis_url and redis_elsewhere(redis_url)),
        plain_excused=bool(settings.plain_servers),
        spool_dir=str(settings.spool_dir) if settings.spool is SpoolKind.FILE else None,
        spool_bytes=settings.spool_max_bytes or MAX_BYTES[settings.spool],
        erasure_log=str(settings.erasure_log),
        private_files=private_files,
        dead_letter_alarm=settings.dead_letter_alarm,
    )


def _secrets(settings: Settings) -> Iterable[NamedSecret]:
    for name in _RINGS:
        ring: tuple[Secret, ...] = getattr(settings, name)
        for place, secret in enumerate(ring, start=1):
            yield NamedSecret(f"{name.upper()}{f' (member {place})' if len(ring) > 1 else ''}", secret)
    for name in _SINGLE:
        if single := getattr(settings, name):
            yield NamedSecret(name.upper(), single)
    for name, elsewhere in _ADDRESSES.items():
        address: Secret | None = getattr(settings, name)
        if address and elsewhere(address.reveal()) and (password := _password(address)):
            yield NamedSecret(f"the password in {name.upper()}", Secret(password), LEAST_PASSWORD)


def _url(address: Secret | None) -> str:
    return address.reveal() if address else ""


def _password(address: Secret) -> str:
    """Several hosts, as addresses of sentinels have them, are more than `urlsplit` reads."""
    return unquote(urlsplit(_url(address)).netloc.rpartition("@")[0].partition(":")[2])


def _asks(address: Secret | None, name: str) -> str:
    """A parameter of the address."""
    return parse_qs(urlsplit(_url(address)).query).get(name, [""])[-1]


def _redis(redis: RedisClients | None, clock: Clock) -> RedisExamination | None:
    return RedisExamination(redis, clock) if redis else None


def _client_check(settings: Settings, standing: ClientStanding) -> Callable[[], Awaitable[None]] | None:
    return standing.check if settings.zid_client_id else None


class ExaminationAdapters(Opened):
    surroundings = providers.Singleton(
        Surroundings,
        machine=providers.Singleton(LocalMachine),
        outside=providers.Singleton(
            Asking,
            providers.Singleton(Outbound, public=Opened.settings.provided.production, seconds=_SECONDS),
            Opened.clock,
        ),
        database=providers.Singleton(PostgresExamination, Opened.pool, Opened.clock),
        redis=providers.Singleton(_redis, Opened.redis, Opened.clock),
        census=KeyAdapters.key_census,
        rings=KeyAdapters.process_rings,
        webhooks=WebhookAdapters.webhook_checks,
        reader=EventAdapters.reader,
        alerts=TokenAdapters.alerts,
        own_rings=KeyAdapters.own_rings,
        clock=Opened.clock,
        client_check=providers.Singleton(_client_check, Opened.settings, CallAdapters.client_standing),
    )
