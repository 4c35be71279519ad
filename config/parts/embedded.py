"""The embedded app: the UUIDs by which Zid's dashboard opens it, and merchants' visits."""

from __future__ import annotations

from datetime import timedelta

from dependency_injector import providers

from adapters.postgres.embedded import PostgresEmbeddedTokens
from config import guards
from config.parts.calls import CallFeatures
from config.parts.process import Given, Opened
from config.required import required
from config.settings import Settings
from core.domain.embedded import Dashboard
from core.features.embedded_sessions import EmbeddedVisits
from core.features.register_embedded import RegisterEmbedded

adapters, settings = Given.adapters, Given.settings


def _dashboard(settings: Settings) -> Dashboard:
    return Dashboard(settings.zid_dashboard_url, settings.zid_dashboard_language, required(settings, "zid_app_id"))


def _every(settings: Settings) -> timedelta:
    return timedelta(days=settings.embedded_token_days)


def _idle(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.embedded_idle)


def _longest(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.embedded_longest)


def _kind(settings: Settings) -> str:
    return "embedded" if settings.zid_embedded else "apart"


class EmbeddedAdapters(Opened):
    embedded_tokens = providers.Singleton(PostgresEmbeddedTokens, Opened.pool)
    embedded_sessions = providers.Singleton(guards.embedded_sessions, Opened.redis, Opened.pool)


class EmbeddedFeatures(Given):
    register_embedded = providers.Singleton(
        RegisterEmbedded,
        gateway=CallFeatures.gateway,
        tokens=adapters.embedded_tokens,
        installations=adapters.installations,
        chance=adapters.chance,
        ids=adapters.ids,
        every=providers.Singleton(_every, settings),
        dashboard=providers.Singleton(_dashboard, settings),
    )
    at_install = providers.Selector(
        providers.Callable(_kind, settings), embedded=register_embedded, apart=providers.Object(None)
    )
    embedded_visits = providers.Singleton(
        EmbeddedVisits,
        tokens=adapters.embedded_tokens,
        sessions=adapters.embedded_sessions,
        installations=adapters.installations,
        metrics=adapters.metrics,
        clock=adapters.clock,
        ids=adapters.ids,
        idle=providers.Singleton(_idle, settings),
        longest=providers.Singleton(_longest, settings),
    )
