"""How calls to Zid are shaped: the limit each store shares with all, the breakers, and one gateway per traffic.

A request passes the limiter first, so that its wait is not Zid's latency and those who
wait meet a breaker that opened meanwhile; then the breakers; then it is measured and sent.
"""

from __future__ import annotations

from secrets import token_hex

from adapters.process.fallback_limiter import FallbackLimiter
from adapters.process.local_rate import LocalRateLimiter
from adapters.zid.breakers import Breakers
from adapters.zid.gateway import AiohttpZidGateway
from adapters.zid.guarded import GuardedWire
from adapters.zid.http_session import HttpSession
from adapters.zid.limited import PATIENCE, LimitedWire
from adapters.zid.measured import MeasuredWire
from adapters.zid.time_limit import TimedWire, TimeLimit
from adapters.zid.token_trials import AiohttpTokenTrials
from adapters.zid.traced import TracedWire
from adapters.zid.wire import Wire
from config.settings import Settings
from core.domain.breaker import BreakerPolicy
from core.domain.rate import Allowance, Traffic
from core.ports.guards import BreakerNews, RateLimiter
from core.ports.metrics import Metrics
from core.ports.system import Chance, Clock
from core.ports.tracing import Tracer
from core.ports.zid_gateway import TokenSource


def measured_wire(http: HttpSession, metrics: Metrics, clock: Clock, *, slow: float = 0.0) -> Wire:
    return MeasuredWire(TimedWire(http, clock), metrics, clock, slow=slow)


def traced_wire(wire: Wire, tracer: Tracer) -> Wire:
    """The span is the outermost, so that what is measured inside it can point to it."""
    return TracedWire(wire, tracer) if tracer.records else wire


def limiter(shared: RateLimiter, settings: Settings, metrics: Metrics, clock: Clock) -> RateLimiter:
    """One allowance per store for all processes; while it cannot be asked a part of it for each."""
    alone = Allowance(settings.zid_rate_per_minute / settings.limiter_fallback_divisor)
    return FallbackLimiter(shared, LocalRateLimiter(clock, alone), metrics, clock)


def breakers(news: BreakerNews, settings: Settings, metrics: Metrics, clock: Clock) -> Breakers:
    policy = BreakerPolicy(failures=settings.breaker_failures, rest=settings.breaker_rest)
    return Breakers(news, clock=clock, metrics=metrics, process=token_hex(8), policy=policy)


def token_trials(
    settings: Settings, wire: Wire, breakers: Breakers, limiter: RateLimiter, metrics: Metrics, clock: Clock
) -> AiohttpTokenTrials:
    """Somebody waits for their outcome."""
    limited = _limited(Traffic.INTERACTIVE, settings, wire, breakers, limiter, metrics, clock)
    return AiohttpTokenTrials(limited, api_url=settings.zid_api_url)


def _limited(
    traffic: Traffic,
    settings: Settings,
    wire: Wire,
    breakers: Breakers,
    limiter: RateLimiter,
    metrics: Metrics,
    clock: Clock,
) -> LimitedWire:
    return LimitedWire(
        GuardedWire(wire, breakers),
        limiter,
        traffic=traffic,
        allowance=Allowance(settings.zid_rate_per_minute),
        clock=clock,
        metrics=metrics,
    )


def gateway(
    traffic: Traffic,
    *,
    settings: Settings,
    wire: Wire,
    breakers: Breakers,
    limiter: RateLimiter,
    tokens: TokenSource,
    metrics: Metrics,
    clock: Clock,
    chance: Chance,
) -> AiohttpZidGateway:
    """The gateway of one kind of callers."""
    limited = _limited(traffic, settings, wire, breakers, limiter, metrics, clock)
    limit = TimeLimit(clock, PATIENCE[traffic].altogether)
    return AiohttpZidGateway(limited, tokens, chance, api_url=settings.zid_api_url, limit=limit)
