"""Which server stands behind the guards: Redis where REDIS_URL names one, else Postgres for all of them."""

from __future__ import annotations

from adapters.postgres.breaker_news import PostgresBreakerNews
from adapters.postgres.cache import PostgresCache
from adapters.postgres.connection import Pool
from adapters.postgres.doors import PostgresDoorKeeper
from adapters.postgres.embedded import PostgresEmbeddedSessions
from adapters.postgres.notices import Notices
from adapters.postgres.rate_limiter import PostgresRateLimiter
from adapters.postgres.sign_in_guards import PostgresGuessLimit, PostgresSessions
from adapters.postgres.state_store import PostgresStateStore
from adapters.postgres.work_index import PostgresWorkIndex
from adapters.process.door_fallback import FallbackDoorKeeper
from adapters.process.local_rate import LocalDoorKeeper
from adapters.redis.breaker_news import RedisBreakerNews
from adapters.redis.cache import RedisCache
from adapters.redis.connection import RedisClients
from adapters.redis.doors import RedisDoorKeeper
from adapters.redis.embedded_sessions import RedisEmbeddedSessions
from adapters.redis.guess_limit import RedisGuessLimit
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.redis.sessions import RedisSessions
from adapters.redis.state_store import RedisStateStore
from adapters.redis.work_index import RedisWorkIndex
from config.settings import Queue, Settings
from core.domain.events import WorkKind
from core.domain.rate import Allowance
from core.errors import SettingInvalid
from core.ports.cache import Cache
from core.ports.doors import DoorKeeper
from core.ports.embedded import EmbeddedSessions
from core.ports.guards import BreakerNews, RateLimiter, StateStore
from core.ports.metrics import Metrics
from core.ports.sign_in_guards import GuessLimit, Sessions
from core.ports.system import Clock
from core.ports.work_index import WorkIndex


def states(redis: RedisClients | None, pool: Pool) -> StateStore:
    return RedisStateStore(redis) if redis else PostgresStateStore(pool)


def cache(redis: RedisClients | None, pool: Pool) -> Cache:
    return RedisCache(redis) if redis else PostgresCache(pool)


def embedded_sessions(redis: RedisClients | None, pool: Pool) -> EmbeddedSessions:
    return RedisEmbeddedSessions(redis) if redis else PostgresEmbeddedSessions(pool)


def sessions(redis: RedisClients | None, pool: Pool) -> Sessions:
    return RedisSessions(redis) if redis else PostgresSessions(pool)


def guess_limit(redis: RedisClients | None, pool: Pool) -> GuessLimit:
    return RedisGuessLimit(redis) if redis else PostgresGuessLimit(pool)


def door_keeper(redis: RedisClients | None, pool: Pool, metrics: Metrics, clock: Clock) -> DoorKeeper:
    """The shared count; this process's own while the server behind it is away."""
    shared: DoorKeeper = RedisDoorKeeper(redis) if redis else PostgresDoorKeeper(pool)
    return FallbackDoorKeeper(shared, LocalDoorKeeper(clock), metrics, clock)


def shared_limiter(redis: RedisClients | None, pool: Pool, settings: Settings) -> RateLimiter:
    allowed, app = Allowance(settings.zid_rate_per_minute), settings.zid_client_id or "app"
    return RedisRateLimiter(redis, allowed, app=app) if redis else PostgresRateLimiter(pool, allowed, app=app)


def breaker_news(redis: RedisClients | None, pool: Pool, notices: Notices) -> BreakerNews:
    return RedisBreakerNews(redis) if redis else PostgresBreakerNews(pool, notices)


def indexes(redis: RedisClients | None, pool: Pool, notices: Notices, settings: Settings) -> dict[WorkKind, WorkIndex]:
    """One index for each kind of work. Raises SettingInvalid where QUEUE asks for a Redis that is not there."""
    window = settings.index_window
    if settings.work_queue is Queue.POSTGRES:
        return {kind: PostgresWorkIndex(pool, notices, name=kind.value, window=window) for kind in WorkKind}
    if redis is None:
        raise SettingInvalid("REDIS_URL", "is needed by QUEUE=redis; QUEUE=postgres needs none")
    return {kind: RedisWorkIndex(redis, name=kind.value, window=window) for kind in WorkKind}
