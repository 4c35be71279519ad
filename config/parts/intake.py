"""Taking deliveries in: into Postgres, or into the spool while it is away."""

from __future__ import annotations

import orjson
from dependency_injector import providers

from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.rejections import PostgresRejections
from config.parts.process import Given, Opened
from config.parts.webhooks import WebhookFeatures
from config.spooling import PROMPT_PATIENCE, spool_of
from config.tracing import traced_inbox
from core.features.ingest_webhook import IngestWebhook
from core.features.log_rejections import LogRejections
from core.features.spooling import Presence, ReplaySpool, SpoolingInbox

pool = Opened.pool
adapters, settings = Given.adapters, Given.settings


class IntakeAdapters(Opened):
    inbox = providers.Singleton(PostgresInbox, pool)
    prompt_inbox = providers.Singleton(PostgresInbox, pool, patience=PROMPT_PATIENCE)
    rejections = providers.Singleton(PostgresRejections, pool)
    spool = providers.Singleton(spool_of, Opened.settings, Opened.redis, Opened.sealer.provider)


class IntakeFeatures(Given):
    presence = providers.Singleton(Presence, adapters.clock)
    spooling = providers.Singleton(
        SpoolingInbox, inbox=adapters.prompt_inbox, spool=adapters.spool, presence=presence, clock=adapters.clock
    )
    replay_spool = providers.Singleton(
        ReplaySpool,
        spool=adapters.spool,
        inbox=adapters.inbox,
        announcer=Given.announcer,
        presence=presence,
        ask_database=Given.ask_database,
    )
    ingest = providers.Singleton(
        IngestWebhook,
        inbox=providers.Singleton(traced_inbox, spooling, adapters.tracer),
        announcer=Given.announcer,
        clock=adapters.clock,
        ids=adapters.ids,
        secrets=settings.provided.webhook_secret,
        dedupe_days=settings.provided.dedupe_days,
        decode=providers.Object(orjson.loads),
        gaps=WebhookFeatures.note_gaps,
    )
    log_rejections = providers.Singleton(LogRejections, rejections=adapters.rejections, clock=adapters.clock)
