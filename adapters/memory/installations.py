"""Installs in memory."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.alerts import heal_alert, heal_alerts_of, raise_alert
from adapters.memory.backfill_rows import first_rows
from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import DueRow, TokenRow
from adapters.memory.token_vault import sealed_tokens
from core.domain.alerts import AlertKind, about_store, subject_of
from core.domain.audit import AuditEntry
from core.domain.operations.webhooks import Subscription
from core.domain.stores import LIVE, Install, InstallState, StoreIdentity
from core.domain.tokens import Tokens, TokenSet
from core.errors import Stale, Unavailable
from core.ids import Epoch, Generation, InstallId, StoreId
from core.ports.backfills import SUBSCRIBE_FIRST
from core.ports.installations import Installations
from core.ports.sealing import Sealer

ENDED = "the install is over"


class MemoryInstallations(Installations):
    """The latest install of each store, and every earlier one."""

    def __init__(self, database: MemoryDatabase, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._turns: defaultdict[StoreId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def activate(
        self,
        identity: StoreIdentity,
        install_id: InstallId,
        tokens: Tokens,
        *,
        refresh_at: datetime,
        audit: AuditEntry,
    ) -> Install:
        """Safe to repeat when the answer was lost. Raises Stale for an install that is over.

        Installs of one store come one after the other: the end of the one before may wait for its work.
        """
        async with self._turns[identity.store_id]:
            return await self._activate(identity, install_id, tokens, refresh_at, audit)

    async def _activate(
        self, identity: StoreIdentity, install_id: InstallId, tokens: Tokens, refresh_at: datetime, audit: AuditEntry
    ) -> Install:
        if install_id in self._database.installs:
            return self._again(install_id)
        if self._database.is_being_erased(identity.store_id):
            raise Unavailable("the store's erasure", "it is under way; install again when it is finished", 30.0)
        before = self._database.current_install(identity.store_id)
        if before and before.state in LIVE:
            await self._end(before)
        epoch = Epoch(before.epoch + 1 if before else 1)
        install = Install(identity, install_id, epoch, InstallState.ACTIVE, self._database.now())
        self._database.installs[install_id] = install
        self._database.latest[identity.store_id] = install_id
        self._keep(TokenSet(identity.store_id, install_id, Generation(1), tokens))
        self._database.refresh_due[install_id] = DueRow(refresh_at)
        first = first_rows(identity.store_id, install_id, self._database.now(), SUBSCRIBE_FIRST)
        self._database.backfills.update(first)
        self._database.note(audit)
        return install

    def _again(self, install_id: InstallId) -> Install:
        install = self._database.live_install(install_id)
        if install is None:
            raise Stale(f"install {install_id} is over")
        return install

    def _keep(self, first: TokenSet) -> None:
        key = self._database.data_keys[first.install_id] = self._sealer.new_data_key()
        sealed = sealed_tokens(self._sealer, key, first)
        self._database.tokens[first.install_id] = TokenRow(first.generation, sealed, first.tokens.expires_at)

    async def current(self, store_id: StoreId) -> Install | None:
        return self._database.current_install(store_id)

    async def page(self, *, after: StoreId | None = None, limit: int = 50) -> Sequence[Install]:
        ids = sorted(store_id for store_id in self._database.latest if after is None or store_id > after)
        found = [self._database.current_install(store_id) for store_id in ids[:limit]]
        return [install for install in found if install is not None]

    async def change_state(self, install_id: InstallId, target: InstallState, *, audit: AuditEntry) -> bool:
        install = self._database.live_install(install_id)
        if install is None or install.state is target or target not in LIVE:
            return False
        self._database.installs[install_id] = replace(install, state=target)
        self._tell_of(install, target, str(audit.details.get("reason", "")))
        self._database.note(audit)
        return True

    def _tell_of(self, install: Install, target: InstallState, reason: str) -> None:
        """No longer in doubt: known to work, or known not to."""
        heal_alert(self._database, AlertKind.REFRESH_IN_DOUBT, subject_of(install.store_id))
        needs = AlertKind.NEEDS_REAUTHORIZATION
        if target is InstallState.NEEDS_REAUTHORIZATION:
            raise_alert(self._database, about_store(needs, install.store_id, install.install_id, reason))
        else:
            heal_alert(self._database, needs, subject_of(install.store_id))

    async def end(self, install_id: InstallId, *, audit: AuditEntry) -> int | None:
        install = self._database.live_install(install_id)
        if install is None:
            return None
        cancelled = await self._end(install)
        self._database.note(audit)
        return cancelled

    async def _end(self, install: Install) -> int:
        now = self._database.now()
        heal_alerts_of(self._database, install.install_id)
        over = replace(install, state=InstallState.UNINSTALLED, ended_at=now)
        self._database.installs[install.install_id] = over
        self._database.forget_keys(install.install_id)
        self._database.refresh_due.pop(install.install_id, None)
        for key in [key for key in self._database.intents if key[0] == install.install_id]:
            del self._database.intents[key]
        return await self._database.cancel_unfinished(install.install_id, ENDED)

    async def note_subscriptions(self, install_id: InstallId, found: Sequence[Subscription]) -> None:
        self._database.subscriptions[install_id] = tuple(found)

    async def subscriptions(self, install_id: InstallId) -> Sequence[Subscription]:
        return self._database.subscriptions.get(install_id, ())
