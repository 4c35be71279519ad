"""The audit as it is read, sealed and checked."""

from __future__ import annotations

from dependency_injector import providers

from adapters.postgres.audit_seals import PostgresAuditSeals
from config.parts.process import Given, Opened
from core.domain.audit_chain import sealing_keys
from core.features.seal_audit import SealAudit
from core.features.verify_audit import VerifyAudit

pool = Opened.pool
adapters = Given.adapters


class AuditAdapters(Opened):
    audit_seals = providers.Singleton(PostgresAuditSeals, pool)
    sealing_keys = providers.Singleton(sealing_keys, Opened.settings.provided.token_keys)
    verify_audit = providers.Singleton(VerifyAudit, audit_seals, sealing_keys, Opened.clock)


class AuditFeatures(Given):
    seal_audit = providers.Singleton(
        SealAudit, adapters.audit_seals, adapters.sealing_keys, adapters.metrics, adapters.clock
    )
