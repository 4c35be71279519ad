"""The configuration as one typed value, read once from the environment and checked as a whole.

Every key, its default, unit and risk stand in `.env.example`. Nothing else reads the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from cryptography.fernet import Fernet
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from adapters.outbound.addresses import problem_of_url
from adapters.outbound.signing import secret_key
from config.transport import check_postgres, check_redis
from core.domain.retention import Retention
from core.domain.return_urls import ReturnUrls
from core.domain.secret import Secret
from core.errors import SettingInvalid

Network = IPv4Network | IPv6Network


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class Queue(StrEnum):
    REDIS = "redis"
    POSTGRES = "postgres"


class SpoolKind(StrEnum):
    FILE = "file"
    REDIS = "redis"


def _words(value: object) -> object:
    """`a, b` → ("a", "b"); empty parts are dropped."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _secret(value: object) -> object:
    return Secret(value.strip()) if isinstance(value, str) and value.strip() else value or None


def _ring(value: object) -> object:
    parts = _words(value)
    return tuple(Secret(part) for part in parts) if isinstance(parts, tuple) else value


def _networks(value: object) -> object:
    parts = _words(value)
    return tuple(ip_network(str(part)) for part in parts) if isinstance(parts, tuple) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
OneSecret = Annotated[Secret | None, BeforeValidator(_secret)]
Ring = Annotated[tuple[Secret, ...], BeforeValidator(_ring)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks)]

_LOOPBACK = tuple(ip_network(name) for name in ("127.0.0.0/8", "::1/128"))


class Settings(BaseModel):
    """One attribute per key, in lower case. Immutable."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, validate_default=True)

    environment: Environment = Environment.DEVELOPMENT
    public_url: str = "http://127.0.0.1:8000"
    http_host: str = "127.0.0.1"
    http_port: int = Field(8000, ge=0, le=65535)
    sandbox_port: int = Field(8090, ge=0, le=65535)
    metrics_port: int | None = Field(None, ge=0, le=65535)
    metrics_host: str = "127.0.0.1"
    metrics_allow: Networks = _LOOPBACK
    trusted_proxies: Networks = ()
    force_https: bool = False
    allowed_hosts: Words = ()
    api_max_bytes: int = Field(1024 * 1024, ge=1024)
    limit_reads: int = Field(12_000, ge=0)
    limit_writes: int = Field(6000, ge=0)
    limit_pages: int = Field(6000, ge=0)
    limit_sign_ins: int = Field(120, ge=0)
    limit_guesses: int = Field(240, ge=0)

    database_url: OneSecret = None
    migrate_database_url: OneSecret = None
    database_ca_cert: str | None = None
    database_pool: int = Field(10, ge=1, le=200)
    redis_url: OneSecret = None
    redis_ca_cert: str | None = None
    plain_servers: Words = ()

    zid_client_id: str | None = None
    zid_client_secret: OneSecret = None
    zid_app_id: str | None = None
    zid_api_url: str = "https://api.zid.sa"
    zid_oauth_url: str = "https://oauth.zid.sa"
    zid_rate_per_minute: int = Field(60, ge=1)
    limiter_fallback_divisor: int = Field(8, ge=1)
    breaker_failures: int = Field(5, ge=1)
    breaker_rest: float = Field(15.0, ge=0.1, le=3600)
    zid_embedded: bool = False
    zid_dashboard_url: str = "https://dashboard.zid.sa"
    zid_dashboard_language: str = Field("ar-sa", pattern="^[a-z]{2}(-[a-z]{2})?$")
    zid_dashboards: Words = ("https://dashboard.zid.sa", "https://web.zid.sa")
    embedded_token_days: int = Field(30, ge=0, le=3650)
    embedded_idle: float = Field(1800.0, ge=10, le=86_400)
    embedded_longest: float = Field(28_800.0, ge=60, le=604_800)
    auth_return_urls: Words = ()

    token_keys: Ring = ()
    webhook_secret: Ring = ()
    app_events_secret: Ring = ()
    session_key: Ring = ()
    admin_api_key: OneSecret = None

    alert_webhook_url: str = ""
    alert_webhook_secret: OneSecret = None

    queue: Queue | None = None
    index_window: int = Field(256, ge=1)
    dedupe_days: int = Field(3, ge=1, le=30)
    event_retention_days: int = Field(30, ge=3, le=3650)
    dead_retention_days: int = Field(90, ge=3, le=3650)
    backup_retention_days: int = Field(30, ge=0, le=3650)
    erasure_log: Path = Path(".wasl/erasures.jsonl")
    webhook_max_bytes: int = Field(8 * 1024 * 1024, ge=1024)
    spool: SpoolKind = SpoolKind.FILE
    spool_dir: Path = Path(".wasl/spool")
    spool_max_bytes: int | None = Field(None, ge=1024 * 1024)
    handler_concurrency: int = Field(16, ge=1, le=1000)
    refresh_batch: int = Field(500, ge=1, le=10_000)
    refresh_at_once: int = Field(8, ge=1, le=100)
    zid_webhook_recover_path: str = Field("", pattern="^(/.*)?$")
    webhook_check_every: float = Field(900.0, ge=0)
    reconcile_every: float = Field(3600.0, ge=0)
    reconcile_full_every: float = Field(86_400.0, ge=60)
    reconcile_grace: float = Field(1800.0, ge=0)
    reconcile_gap_age: float = Field(20.0, ge=0)
    wasl_handlers: Words = ()
    app_version: str | None = None
    dead_letter_alarm: int = Field(1000, ge=1)
    shutdown_grace: float = Field(25.0, ge=1, le=600)
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: LogFormat = LogFormat.JSON
    slow_call_seconds: float = Field(5.0, ge=0)
    slow_query_seconds: float = Field(0.5, ge=0)
    otel_exporter_otlp_endpoint: str = ""
    otel_exporter_otlp_headers: OneSecret = None
    otel_service_name: str = Field("wasl", min_length=1)
    otel_traces_sampler_arg: float = Field(0.1, ge=0, le=1)
    sentry_dsn: OneSecret = None

    @property
    def production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def retention(self) -> Retention:
        return Retention(timedelta(days=self.event_retention_days), timedelta(days=self.dead_retention_days))

    @property
    def work_queue(self) -> Queue:
        """What carries the ids of work: as QUEUE says, else Redis where REDIS_URL names one."""
        return self.queue or (Queue.REDIS if self.redis_url else Queue.POSTGRES)

    @property
    def backups_kept(self) -> timedelta:
        return timedelta(days=self.backup_retention_days)

    @property
    def return_urls(self) -> ReturnUrls:
        """Raises ValueError for an entry of AUTH_RETURN_URLS that is no address."""
        return ReturnUrls.read(self.auth_return_urls, tls_only=self.production)

    @property
    def frames(self) -> tuple[str, ...]:
        """The origins whose pages may show the embedded app in a frame."""
        return tuple(dict.fromkeys((self.zid_dashboard_url, *self.zid_dashboards)))

    @property
    def callback_url(self) -> str:
        return f"{self.public_url}/auth/zid/callback"


def load_settings(environment: Mapping[str, str]) -> Settings:
    """The checked settings of an environment; SettingInvalid names the first wrong key and the fix."""
    known = {key: environment[key.upper()] for key in Settings.model_fields if environment.get(key.upper(), "") != ""}
    try:
        settings = Settings.model_validate(known)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingInvalid(str(first["loc"][0]).upper(), first["msg"]) from None
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    if settings.public_url.endswith("/"):
        raise SettingInvalid("PUBLIC_URL", "must not end with a slash")
    if settings.event_retention_days < settings.dedupe_days:
        raise SettingInvalid("EVENT_RETENTION_DAYS", "must not be less than DEDUPE_DAYS: repeats name their event")
    _check_return_urls(settings)
    _check_dashboards(settings)
    _check_ways_in(settings)
    _check_addresses(settings)
    for key in settings.token_keys:
        _check_fernet_key(key)
    if settings.production:
        _check_production(settings)


def _check_return_urls(settings: Settings) -> None:
    try:
        _ = settings.return_urls
    except ValueError as error:
        raise SettingInvalid("AUTH_RETURN_URLS", str(error)) from None


def _check_ways_in(settings: Settings) -> None:
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        raise SettingInvalid("TRUSTED_PROXIES", "must not hold everybody: anybody could then say who he is")
    if settings.force_https and not settings.trusted_proxies:
        raise SettingInvalid(
            "FORCE_HTTPS", "needs TRUSTED_PROXIES: the proxy that ends TLS says which requests came by https"
        )


def _check_addresses(settings: Settings) -> None:
    """What is asked or handed on: in production nothing that points back into our own network."""
    for key in ("PUBLIC_URL", "ZID_API_URL", "ZID_OAUTH_URL", "ZID_DASHBOARD_URL"):
        problem = problem_of_url(getattr(settings, key.lower()), public=settings.production)
        if problem is not None:
            raise SettingInvalid(key, problem)
    if settings.alert_webhook_url:
        _check_alert_webhook(settings)
    if settings.otel_exporter_otlp_endpoint:
        # A collector usually stands in our own network.
        problem = problem_of_url(settings.otel_exporter_otlp_endpoint, public=False)
        if problem is not None:
            raise SettingInvalid("OTEL_EXPORTER_OTLP_ENDPOINT", problem)


def _check_alert_webhook(settings: Settings) -> None:
    problem = problem_of_url(settings.alert_webhook_url, public=settings.production)
    if problem is not None:
        raise SettingInvalid("ALERT_WEBHOOK_URL", problem)
    if settings.alert_webhook_secret is None:
        if settings.production:
            raise SettingInvalid("ALERT_WEBHOOK_SECRET", "is required in production where ALERT_WEBHOOK_URL is set")
        return
    try:
        secret_key(settings.alert_webhook_secret)
    except ValueError as error:
        raise SettingInvalid("ALERT_WEBHOOK_SECRET", str(error)) from None


_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")


def _check_dashboards(settings: Settings) -> None:
    """They become part of a header: nothing but origins, in production reached by TLS alone."""
    given = {"ZID_DASHBOARD_URL": (settings.zid_dashboard_url,), "ZID_DASHBOARDS": settings.zid_dashboards}
    for key, origins in given.items():
        for origin in origins:
            if not _ORIGIN.fullmatch(origin) or (settings.production and not origin.startswith("https://")):
                raise SettingInvalid(key, f"{origin!r} must look like https://dashboard.example, without a path")


def _check_fernet_key(key: Secret) -> None:
    try:
        Fernet(key.reveal())
    except ValueError:
        raise SettingInvalid(
            "TOKEN_KEYS", "holds a value that is no Fernet key; make one with `wasl keys generate`"
        ) from None


_MIN_SECRET = 32


def _check_production(settings: Settings) -> None:
    """What development forgives and production does not."""
    if not settings.public_url.startswith("https://"):
        raise SettingInvalid("PUBLIC_URL", "must start with https:// in production")
    for name in ("database_url", "zid_client_id", "zid_client_secret", "zid_app_id"):
        if not getattr(settings, name):
            raise SettingInvalid(name.upper(), "is required in production; embedded servers are for trying out")
    if not settings.redis_url and settings.queue is not Queue.POSTGRES:
        raise SettingInvalid("REDIS_URL", "is required in production; say QUEUE=postgres to do without Redis")
    if not settings.token_keys:
        raise SettingInvalid("TOKEN_KEYS", "is required in production; make one with `wasl keys generate`")
    for name in ("webhook_secret", "app_events_secret", "session_key"):
        _check_strength(name, getattr(settings, name))
    _check_strength("admin_api_key", (settings.admin_api_key,) if settings.admin_api_key else ())
    _check_transport(settings)


def _check_transport(settings: Settings) -> None:
    """Tokens and customers' data cross no network in the open, unless somebody says that it may."""
    excused = settings.plain_servers
    for key in ("DATABASE_URL", "MIGRATE_DATABASE_URL"):
        url: Secret | None = getattr(settings, key.lower())
        if url is not None:
            check_postgres(key, url.reveal(), settings.database_ca_cert, excused)
    if settings.redis_url is not None:
        check_redis(settings.redis_url.reveal(), excused)


def _check_strength(name: str, ring: tuple[Secret, ...]) -> None:
    if not ring or any(len(secret.reveal()) < _MIN_SECRET for secret in ring):
        raise SettingInvalid(name.upper(), f"needs at least {_MIN_SECRET} random characters in production")
