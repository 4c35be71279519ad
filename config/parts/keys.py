"""Keys: what each seals, how they are changed, and whether this process's fit to those of the others."""

from __future__ import annotations

from collections.abc import Mapping

from dependency_injector import providers

from adapters.postgres.key_census import PostgresKeyCensus
from adapters.postgres.process_rings import PostgresProcessRings
from adapters.postgres.sealed_tokens import prove
from adapters.postgres.sealed_vault import PostgresSealedVault
from adapters.postgres.webhook_addresses import PostgresWebhookAddresses
from adapters.sealing.ring_keys import key_id
from config.parts.audit import AuditAdapters
from config.parts.intake import IntakeAdapters
from config.parts.process import Opened
from config.parts.tokens import TokenAdapters
from config.rings import rings_of
from config.settings import Settings
from core.domain.audit_chain import sealing_keys
from core.features.guard_rings import GuardRings
from core.features.key_status import Counted, KeyStatus
from core.features.rotate_keys import HealQuarantine, Locksmith, RotateKeys
from core.ports.audit_seals import AuditSeals

pool, settings = Opened.pool, Opened.settings


def _audited(settings: Settings, seals: AuditSeals) -> Counted:
    """The audit's last seal has to be recognised, by a key that is derived from one of the ring."""
    derived = dict(zip([key.key_id for key in sealing_keys(settings.token_keys)], settings.token_keys, strict=True))

    async def count() -> Mapping[str, int]:
        last = await seals.last()
        maker = derived.get(last.key_id) if last else None
        return {key_id(maker): 1} if maker else {}

    return count


class KeyAdapters(Opened):
    sealed_vault = providers.Singleton(PostgresSealedVault, pool)
    key_census = providers.Singleton(PostgresKeyCensus, pool)
    process_rings = providers.Singleton(PostgresProcessRings, pool)
    webhook_addresses = providers.Singleton(PostgresWebhookAddresses, pool)
    own_rings = providers.Singleton(rings_of, settings)
    locksmith = providers.Singleton(Locksmith, sealer=Opened.sealer, prove=providers.Object(prove))
    rotate_keys = providers.Singleton(
        RotateKeys,
        vault=sealed_vault,
        census=key_census,
        rings=process_rings,
        locksmith=locksmith,
        clock=Opened.clock,
    )
    heal_quarantine = providers.Singleton(HealQuarantine, key_census, locksmith, TokenAdapters.alerts)
    guard_rings = providers.Singleton(
        GuardRings, rings=process_rings, census=key_census, own=own_rings, strict=settings.provided.production
    )
    key_status = providers.Singleton(
        KeyStatus,
        own=own_rings,
        webhook_secrets=settings.provided.webhook_secret,
        rings=process_rings,
        census=key_census,
        addresses=webhook_addresses,
        spooled=IntakeAdapters.spool.provided.sealed_by,
        audited=providers.Singleton(_audited, settings, AuditAdapters.audit_seals),
    )
