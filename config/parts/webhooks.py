"""Stores' webhooks at Zid: subscribed by what handlers there are, looked at, and the gaps where they failed."""

from __future__ import annotations

from datetime import timedelta

from dependency_injector import providers

from adapters.files.gap_notes import FileGapNotes
from adapters.postgres.gaps import PostgresGaps
from adapters.postgres.webhook_checks import PostgresWebhookChecks
from config.parts.calls import CallFeatures
from config.parts.process import Given, Opened
from config.required import required, required_secret
from config.settings import Settings
from core.domain.topics import subscriptions_for
from core.features.check_webhooks import CheckWebhooks
from core.features.note_gaps import NoteGaps
from core.features.subscribe_webhooks import SubscribeWebhooks, WebhookTarget

pool = Opened.pool
adapters = Given.adapters


def _target(settings: Settings) -> WebhookTarget:
    required_secret(settings, "webhook_secret")
    return WebhookTarget(settings.public_url, required(settings, "zid_app_id"), settings.webhook_secret)


def _check_every(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.webhook_check_every)


class WebhookAdapters(Opened):
    webhook_checks = providers.Singleton(PostgresWebhookChecks, pool)
    gaps = providers.Singleton(PostgresGaps, pool)
    gap_notes = providers.Singleton(FileGapNotes, Opened.settings.provided.spool_dir)


class WebhookFeatures(Given):
    topics = providers.Singleton(subscriptions_for, Given.handlers.provided.topics)
    webhooks = providers.Singleton(
        SubscribeWebhooks,
        gateway=CallFeatures.gateway,
        installations=adapters.installations,
        locks=adapters.locks,
        trail=adapters.audit_trail,
        target=providers.Singleton(_target, Given.settings),
        gaps=adapters.gaps,
        clock=adapters.clock,
    )
    check_webhooks = providers.Singleton(
        CheckWebhooks,
        subscribe=webhooks,
        gateway=CallFeatures.gateway,
        installations=adapters.installations,
        checks=adapters.webhook_checks,
        gaps=adapters.gaps,
        clock=adapters.clock,
        chance=adapters.chance,
        topics=topics,
        every=providers.Singleton(_check_every, Given.settings),
        recover_path=Given.settings.provided.zid_webhook_recover_path,
        secrets_agree=adapters.guard_rings.provided.agree_on_webhooks,
    )
    note_gaps = providers.Singleton(NoteGaps, gaps=adapters.gaps, notes=adapters.gap_notes, clock=adapters.clock)
