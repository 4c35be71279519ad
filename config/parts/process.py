"""What every part is made of: the open connections and the machine below, one process's own calls above."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from dependency_injector import containers, providers

from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.checks import check_schema, database_role, ping
from adapters.postgres.connection import Pool, usage_of
from adapters.postgres.notices import Notices
from adapters.prometheus.metrics import PrometheusMetrics
from adapters.redis.connection import RedisClients
from adapters.sealing.fernet import FernetSealer
from adapters.system import SystemChance, SystemClock, SystemIds
from adapters.tracing.nothing import NoTracer
from adapters.zid.http_session import HttpSession
from config.settings import Settings
from config.tracing import current_trace
from config.version import running_version
from core.domain.events import ClaimedRun
from core.features.event_handlers import Handlers
from core.features.event_handlers.context import Log
from core.features.handler_calls import Within
from core.ids import WorkerId
from core.ports.tracing import Tracer
from core.ports.work_index import Announcer


class Opened(containers.DeclarativeContainer):
    """Connections that are open already, and what all parts share."""

    settings = providers.Dependency(instance_of=Settings)
    pool = providers.Dependency(instance_of=Pool)
    redis: providers.Dependency[RedisClients | None] = providers.Dependency()
    http = providers.Dependency(instance_of=HttpSession)
    tracer = providers.Dependency(
        instance_of=Tracer,  # type: ignore[type-abstract]  # a port is what is meant
        default=NoTracer(),
    )

    clock = providers.Singleton(SystemClock)
    chance = providers.Singleton(SystemChance)
    ids = providers.Singleton(SystemIds)
    metrics = providers.Singleton(
        PrometheusMetrics,
        version=providers.Callable(running_version),
        current_trace=providers.Callable(current_trace, tracer),
    )
    sealer = providers.Singleton(FernetSealer, settings.provided.token_keys)
    audit_trail = providers.Singleton(PostgresAuditLog, pool)
    notices = providers.Singleton(Notices, pool)

    ping_database = providers.Factory(partial, ping, pool)
    check_schema = providers.Factory(partial, check_schema, pool)
    pool_usage = providers.Factory(partial, usage_of, pool)
    database_role = providers.Factory(partial, database_role, pool)


class Given(containers.DeclarativeContainer):
    """What features are made of. `worker` tells this process's lease, `announcer` publishes beside the answer."""

    settings = providers.Dependency(instance_of=Settings)
    adapters = providers.DependenciesContainer()
    handlers = providers.Dependency(instance_of=Handlers)
    announcer = providers.Dependency(instance_of=Announcer)  # type: ignore[type-abstract]  # a port is what is meant
    worker: providers.Dependency[Callable[[], WorkerId]] = providers.Dependency()
    ask_database: providers.Dependency[Callable[[], Awaitable[None]]] = providers.Dependency()
    within: providers.Dependency[Within] = providers.Dependency()
    log_for: providers.Dependency[Callable[[ClaimedRun], Log]] = providers.Dependency()
