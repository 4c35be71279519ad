"""Tokens in memory, sealed as the real vault seals them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.memory.alerts import heal_alert
from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import DueRow, TokenRow
from core.domain.alerts import AlertKind, subject_of
from core.domain.audit import AuditEntry
from core.domain.secret import Secret
from core.domain.stores import InstallState
from core.domain.tokens import Tokens, TokenSet
from core.errors import SealBroken
from core.ids import Generation, InstallId, StoreId
from core.ports.installations import TokenVault
from core.ports.sealing import Sealer, WrappedKey
from core.ports.token_status import TokenStatus, TokenStatuses

SECRETS = ("authorization", "manager_token", "refresh_token")


def sealed_tokens(sealer: Sealer, key: WrappedKey, held: TokenSet) -> bytes:
    """The tokens with their identity inside, sealed."""
    identity = {"store": held.store_id, "install": held.install_id, "generation": held.generation}
    secrets = {name: getattr(held.tokens, name).reveal() for name in SECRETS}
    return sealer.seal(key, json.dumps(identity | secrets).encode())


class MemoryTokenVault(TokenVault):
    """Opens and replaces the rows that `MemoryInstallations` made."""

    def __init__(self, database: MemoryDatabase, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def open(self, store_id: StoreId) -> TokenSet | None:
        install = self._database.current_install(store_id)
        row = self._database.tokens.get(install.install_id) if install else None
        if install is None or row is None:
            return None
        return self._opened(store_id, install.install_id, row)

    def _opened(self, store_id: StoreId, install_id: InstallId, row: TokenRow) -> TokenSet:
        content = json.loads(self._sealer.open(self._database.data_keys[install_id], row.sealed))
        if (content["store"], content["install"], content["generation"]) != (store_id, install_id, row.generation):
            raise SealBroken(f"the tokens of store {store_id} name another store, install or generation")
        secrets = {name: Secret(content[name]) for name in SECRETS}
        tokens = Tokens(**secrets, expires_at=row.expires_at)
        return TokenSet(store_id, install_id, row.generation, tokens)

    async def replace(self, seen: TokenSet, tokens: Tokens, *, refresh_at: datetime, audit: AuditEntry) -> bool:
        row = self._database.tokens.get(seen.install_id)
        if row is None or row.generation != seen.generation:
            return False
        following = TokenSet(seen.store_id, seen.install_id, Generation(seen.generation + 1), tokens)
        sealed = sealed_tokens(self._sealer, self._database.data_keys[seen.install_id], following)
        self._database.tokens[seen.install_id] = TokenRow(
            following.generation, sealed, tokens.expires_at, self._database.now()
        )
        self._database.refresh_due[seen.install_id] = DueRow(refresh_at)
        self._database.intents.pop((seen.install_id, seen.generation), None)
        heal_alert(self._database, AlertKind.REFRESH_IN_DOUBT, subject_of(seen.store_id))
        self._database.note(audit)
        return True


class MemoryTokenStatuses(TokenStatuses):
    """The labels of the same rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def of(self, install_ids: Sequence[InstallId]) -> Mapping[InstallId, TokenStatus]:
        return {
            install_id: self._status(install_id) for install_id in install_ids if install_id in self._database.tokens
        }

    def _status(self, install_id: InstallId) -> TokenStatus:
        row, due = self._database.tokens[install_id], self._database.refresh_due.get(install_id)
        in_doubt = self._database.in_doubt_since(install_id, row.generation)
        when, failures = (due.due_at, due.failures) if due else (None, 0)
        is_active = self._database.installs[install_id].state is InstallState.ACTIVE
        return TokenStatus(
            row.generation, row.expires_at, when if is_active else None, failures, in_doubt, row.renewed_at
        )
