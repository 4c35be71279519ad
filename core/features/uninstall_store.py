"""Ending an install: because Zid hints at it and its tokens prove it, or because a person revokes it.

Zid's uninstall event carries no proof and may be late: it is a hint about a store,
verified against the tokens of the install that is current when it arrives. Zid kills
the tokens of an uninstalled app at once (docs.zid.sa "authorization"; U29, U36).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.domain.audit import SYSTEM, AuditEntry
from core.domain.stores import LIVE, Install
from core.domain.tokens import TokenSet
from core.errors import NeedsReauthorization, WaslError
from core.features.register_embedded import RegisterEmbedded
from core.features.subscribe_webhooks import SubscribeWebhooks
from core.ids import StoreId, WorkerId
from core.ports.audit_trail import AuditTrail
from core.ports.installations import Installations, Intent, RefreshBook, TokenVault
from core.ports.system import Clock
from core.ports.zid_gateway import Probe, TokenSource


class Decision(StrEnum):
    """What a hint led to."""

    ENDED = "ended"
    """Zid refuses the install's tokens: it is over."""
    STILL_INSTALLED = "still_installed"
    """Its tokens work: the hint was late, wrong or forged, and is ignored."""
    NOT_INSTALLED = "not_installed"
    """There was no live install to end."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """An install that a person ended. `problem` says why its webhooks may still stand at Zid."""

    install: Install
    cancelled_events: int
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class UninstallStore:
    """Ends installs. Always the one that was current at the start: a reinstall meanwhile is never touched."""

    installations: Installations
    vault: TokenVault
    book: RefreshBook
    tokens: TokenSource
    probe: Probe
    webhooks: SubscribeWebhooks
    trail: AuditTrail
    clock: Clock
    worker: Callable[[], WorkerId]
    embedded: RegisterEmbedded | None = None
    """For an embedded app."""

    async def on_hint(self, store_id: StoreId, *, first: bool = True) -> Decision:
        """Decides by asking Zid. Raises TryLater when it cannot be asked now, and what opening tokens raises.

        That a hint was ignored is audited at the first look at it only: a day of looks is one finding.
        """
        install = await self._live(store_id)
        seen = await self.vault.open(store_id) if install else None
        if install is None or seen is None or seen.install_id != install.install_id:
            return Decision.NOT_INSTALLED
        if await self._works(seen):
            if first:
                await self.trail.note(_entry("uninstall.hint_ignored", install))
            return Decision.STILL_INSTALLED
        ended = await self.installations.end(install.install_id, audit=_entry("install.uninstalled", install))
        return Decision.NOT_INSTALLED if ended is None else Decision.ENDED

    async def revoke(self, store_id: StoreId, *, actor: str) -> Revoked | None:
        """Removes the app's webhooks at Zid as far as possible, then ends the install; None when there is none."""
        install = await self._live(store_id)
        if install is None:
            return None
        problem = None
        try:
            await self.webhooks.remove(install)
        except WaslError as refused:
            problem = str(refused)
        if self.embedded is not None:
            await self.embedded.withdraw(store_id)
        entry = _entry("install.revoked", install, actor, webhooks_removed=problem is None)
        cancelled = await self.installations.end(install.install_id, audit=entry)
        return None if cancelled is None else Revoked(install, cancelled, problem)

    async def _live(self, store_id: StoreId) -> Install | None:
        install = await self.installations.current(store_id)
        return install if install and install.state in LIVE else None

    async def _works(self, seen: TokenSet) -> bool:
        """Whether Zid takes this install's tokens, asked so that a renewal under way cannot mislead.

        While we hold the generation's intent nobody can exchange it, so a refusal is
        Zid's word about the install. Where the intent is not to be had, or the tokens
        are past their time, one renewal decides.
        """
        worker = self.worker()
        if await self.book.begin(seen.install_id, seen.generation, worker) is not Intent.TAKEN:
            return await self._renewable(seen)
        try:
            works = await self.probe.profile(seen.tokens) is not None
            moved = await self._moved(seen)
        finally:
            await self.book.drop(seen.install_id, seen.generation, worker)
        expires_at = seen.tokens.expires_at
        expired = expires_at is not None and expires_at <= self.clock.now()
        return works or ((moved or expired) and await self._renewable(seen))

    async def _moved(self, seen: TokenSet) -> bool:
        latest = await self.vault.open(seen.store_id)
        return latest is not None and (latest.install_id, latest.generation) != (seen.install_id, seen.generation)

    async def _renewable(self, seen: TokenSet) -> bool:
        try:
            renewed = await self.tokens.renew(seen)
        except NeedsReauthorization:
            return False
        return renewed.install_id != seen.install_id or await self.probe.profile(renewed.tokens) is not None


def _entry(action: str, install: Install, actor: str = SYSTEM, **details: bool) -> AuditEntry:
    return AuditEntry(action, install.store_id, install.install_id, actor, details={"epoch": install.epoch, **details})
