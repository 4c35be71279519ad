"""What is kept no longer: old events pruned, stores and persons erased, and erased again after a restore."""

from __future__ import annotations

from dependency_injector import providers

from adapters.files.erasure_file import ErasureFile
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.personal_data import PostgresPersonalData
from adapters.postgres.pruning import PostgresPruning
from adapters.postgres.store_erasing import PostgresStoreEraser
from config.parts.mirror import MirrorFeatures
from config.parts.process import Given, Opened
from config.parts.stores import StoreFeatures
from core.features.erase_data import EraseData
from core.features.prune_events import PruneEvents
from core.features.restore_backup import RestoreBackup

pool = Opened.pool
adapters, settings = Given.adapters, Given.settings


class RetentionAdapters(Opened):
    pruning = providers.Singleton(PostgresPruning, pool)
    erasures = providers.Singleton(PostgresErasures, pool)
    store_eraser = providers.Singleton(PostgresStoreEraser, pool)
    personal_data = providers.Singleton(PostgresPersonalData, pool)
    erasure_log = providers.Singleton(ErasureFile, Opened.settings.provided.erasure_log)


class RetentionFeatures(Given):
    prune = providers.Singleton(
        PruneEvents, pruning=adapters.pruning, retention=settings.provided.retention, clock=adapters.clock
    )
    erase = providers.Singleton(
        EraseData,
        erasures=adapters.erasures,
        stores=adapters.store_eraser,
        people=adapters.personal_data,
        log=adapters.erasure_log,
        installations=adapters.installations,
        uninstall=StoreFeatures.uninstall,
        locks=adapters.locks,
        clock=adapters.clock,
        backups_kept=settings.provided.backups_kept,
    )
    restore = providers.Singleton(
        RestoreBackup,
        doubts=adapters.token_doubts,
        erase=erase,
        log=adapters.erasure_log,
        installations=adapters.installations,
        gaps=adapters.gaps,
        reconciliation=MirrorFeatures.ask_for_reconciliation,
        trail=adapters.audit_trail,
        clock=adapters.clock,
        embedded=adapters.embedded_tokens,
    )
