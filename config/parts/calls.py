"""Calls to Zid: limited, broken off where it fails, measured; one gateway per kind of callers."""

from __future__ import annotations

from dependency_injector import providers

from adapters.zid.oauth import AiohttpExchange, AiohttpProbe
from adapters.zid.token_source import RecentTokens
from adapters.zid.wire import Wire
from config import guards, traffic
from config.parts.doors import DoorAdapters
from config.parts.process import Given, Opened
from config.parts.tokens import TokenAdapters, TokenFeatures
from config.required import required, required_secret
from config.settings import Settings
from core.domain.rate import Traffic
from core.domain.secret import Secret
from core.features.watch_client import ClientStanding, WatchedExchange, client_name

settings, pool, redis, metrics, clock = Opened.settings, Opened.pool, Opened.redis, Opened.metrics, Opened.clock
adapters = Given.adapters


def _exchange(settings: Settings, wire: Wire) -> AiohttpExchange:
    return AiohttpExchange(
        wire,
        oauth_url=settings.zid_oauth_url,
        client_id=required(settings, "zid_client_id"),
        client_secret=required_secret(settings, "zid_client_secret"),
        redirect_uri=settings.callback_url,
    )


def _client_name(settings: Settings) -> str:
    return client_name(settings.zid_client_id or "", settings.zid_client_secret or Secret(""))


class CallAdapters(Opened):
    shared_limiter = providers.Singleton(guards.shared_limiter, redis, pool, settings)
    limiter = providers.Singleton(traffic.limiter, shared_limiter, settings, metrics, clock)
    breaker_news = providers.Singleton(guards.breaker_news, redis, pool, Opened.notices)
    breakers = providers.Singleton(traffic.breakers, breaker_news, settings, metrics, clock)
    zid_wire = providers.Singleton(
        traffic.traced_wire,
        providers.Singleton(
            traffic.measured_wire, Opened.http, metrics, clock, slow=settings.provided.slow_call_seconds
        ),
        Opened.tracer,
    )
    client_standing = providers.Singleton(
        ClientStanding,
        DoorAdapters.cache,
        TokenAdapters.alerts,
        clock,
        name=providers.Callable(_client_name, settings),
    )
    exchange = providers.Singleton(WatchedExchange, providers.Singleton(_exchange, settings, zid_wire), client_standing)
    token_trials = providers.Singleton(traffic.token_trials, settings, zid_wire, breakers, limiter, metrics, clock)
    probe = providers.Singleton(AiohttpProbe, zid_wire, api_url=settings.provided.zid_api_url)


class CallFeatures(Given):
    recent_tokens = providers.Singleton(RecentTokens, TokenFeatures.tokens, adapters.clock)
    gateway_for = providers.Factory(
        traffic.gateway,
        settings=Given.settings,
        wire=adapters.zid_wire,
        breakers=adapters.breakers,
        limiter=adapters.limiter,
        tokens=recent_tokens,
        metrics=adapters.metrics,
        clock=adapters.clock,
        chance=adapters.chance,
    )
    gateway = providers.Singleton(gateway_for, Traffic.INTERACTIVE)
    handler_gateway = providers.Singleton(gateway_for, Traffic.HANDLER)
    backfill_gateway = providers.Singleton(gateway_for, Traffic.BACKFILL)
