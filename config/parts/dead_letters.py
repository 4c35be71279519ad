"""The dead-letter desk: what failed for good, and its way back."""

from __future__ import annotations

from dependency_injector import providers

from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.desk import PostgresDesk
from adapters.postgres.redrives import PostgresRedrives
from config.parts.process import Given, Opened
from config.settings import Settings
from config.version import running_version
from core.features.dead_letters import DecideDeadLetters
from core.features.work_the_desk import WorkTheDesk

pool = Opened.pool
adapters = Given.adapters


def _handlers_version(settings: Settings) -> str:
    """What dead letters are told apart by."""
    return settings.app_version or running_version()


class DeadLetterAdapters(Opened):
    handlers_version = providers.Callable(_handlers_version, Opened.settings)
    desk = providers.Singleton(PostgresDesk, pool)
    dead_letters = providers.Singleton(PostgresDeadLetters, pool, handlers_version)
    redrives = providers.Singleton(PostgresRedrives, pool, handlers_version)
    decide_dead_letters = providers.Singleton(
        DecideDeadLetters,
        desk=desk,
        letters=dead_letters,
        redrives=redrives,
        threshold=Opened.settings.provided.dead_letter_alarm,
    )


class DeadLetterFeatures(Given):
    work_the_desk = providers.Singleton(
        WorkTheDesk,
        letters=adapters.dead_letters,
        redrives=adapters.redrives,
        announcer=Given.announcer,
        metrics=adapters.metrics,
        threshold=Given.settings.provided.dead_letter_alarm,
    )
