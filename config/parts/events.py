"""The ledger of events: built-in handlers in bulk, the app's own one by one, and the sweep that loses none."""

from __future__ import annotations

import orjson
from dependency_injector import providers

from adapters.postgres.event_batches import PostgresEventLedger
from adapters.postgres.event_search import PostgresEventSearch
from adapters.postgres.ledger_reading import PostgresLedgerReader
from adapters.postgres.maintenance import PostgresMaintenance
from adapters.postgres.runs import PostgresRunLedger
from adapters.postgres.standing_work import PostgresStandingWork
from adapters.postgres.workers import PostgresWorkers
from adapters.process.tracebacks import describe
from config import guards
from config.parts.calls import CallFeatures
from config.parts.intake import IntakeAdapters
from config.parts.process import Given, Opened
from config.tracing import traced_ledger
from core.features.bury_poison import BuryPoison
from core.features.consume_event import ConsumeEvents
from core.features.handler_calls import HandlerCalls
from core.features.run_handlers import RunHandlers
from core.features.sweep import Sweep

pool = Opened.pool
adapters, handlers = Given.adapters, Given.handlers


class EventAdapters(Opened):
    ledger = providers.Singleton(
        traced_ledger, providers.Singleton(PostgresEventLedger, pool), Opened.tracer, Opened.clock
    )
    runs = providers.Singleton(PostgresRunLedger, pool)
    workers = providers.Singleton(PostgresWorkers, pool)
    maintenance = providers.Singleton(PostgresMaintenance, pool)
    reader = providers.Singleton(PostgresLedgerReader, pool, spooled=IntakeAdapters.spool.provided.depth)
    search = providers.Singleton(PostgresEventSearch, pool)
    standing_work = providers.Singleton(PostgresStandingWork, pool)
    indexes = providers.Singleton(guards.indexes, Opened.redis, pool, Opened.notices, Opened.settings)


class EventFeatures(Given):
    consume = providers.Singleton(
        ConsumeEvents,
        ledger=adapters.ledger,
        handlers=handlers,
        clock=adapters.clock,
        chance=adapters.chance,
        ids=adapters.ids,
        decode=providers.Object(orjson.loads),
        describe=providers.Object(describe),
    )
    handler_calls = providers.Singleton(
        HandlerCalls,
        gateway=CallFeatures.handler_gateway,
        clock=adapters.clock,
        within=Given.within,
        decode=providers.Object(orjson.loads),
        describe=providers.Object(describe),
        log_for=Given.log_for,
    )
    run_handlers = providers.Singleton(
        RunHandlers,
        runs=adapters.runs,
        handlers=handlers,
        calls=handler_calls,
        clock=adapters.clock,
        chance=adapters.chance,
        version=adapters.handlers_version,
    )
    bury_poison = providers.Singleton(
        BuryPoison,
        runs=adapters.runs,
        announcer=Given.announcer,
        metrics=adapters.metrics,
        version=adapters.handlers_version,
    )
    sweep = providers.Singleton(
        Sweep,
        ledger=adapters.ledger,
        maintenance=adapters.maintenance,
        indexes=adapters.indexes,
        clock=adapters.clock,
        window=Given.settings.provided.index_window,
    )
