"""What the service notices of itself and tells people."""

from __future__ import annotations

from dependency_injector import providers

from adapters.postgres.bulletins import PostgresBulletins
from adapters.postgres.roster import PostgresRoster
from adapters.postgres.traffic_counts import PostgresTrafficCounts
from config.parts.process import Given, Opened
from core.features.tell_database_away import TellDatabaseAway
from core.features.watch_symptoms import Symptoms, WatchSymptoms

adapters = Given.adapters


class WatchingAdapters(Opened):
    bulletins = providers.Singleton(PostgresBulletins, Opened.pool)
    traffic_counts = providers.Singleton(PostgresTrafficCounts, Opened.pool)
    roster = providers.Singleton(PostgresRoster, Opened.pool)


class WatchingFeatures(Given):
    symptoms = providers.Singleton(
        Symptoms,
        letters=adapters.dead_letters,
        dead_letter_alarm=Given.settings.provided.dead_letter_alarm,
        ledger=adapters.ledger,
        webhook_checks=adapters.webhook_checks,
        gaps=adapters.gaps,
        refreshes=adapters.refresh_reports,
        roster=adapters.roster,
        clock=adapters.clock,
    )
    watch_symptoms = providers.Singleton(WatchSymptoms, adapters.alerts, adapters.clock, symptoms.provided.looks.call())
    tell_database_away = providers.Singleton(
        TellDatabaseAway, adapters.ping_database, adapters.alert_channels, adapters.clock
    )
