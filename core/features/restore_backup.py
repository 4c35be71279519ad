"""After a backup was restored: what it brought back wrongly is put right.

A dump of an earlier moment holds refresh tokens that were spent since, people and stores
that were erased since, and lacks deliveries that were answered since. Tokens come first,
because everything after may call Zid. The reverse, a current database beside an older or
empty Redis, needs nothing: Redis holds what the sweep publishes again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.domain.audit import AuditEntry
from core.domain.erasures import ErasureKind
from core.domain.gaps import Gap
from core.domain.stores import LIVE, Install
from core.features.erase_data import EraseData
from core.features.reconcile_requests import AskForReconciliation
from core.ports.audit_trail import AuditTrail
from core.ports.embedded import EmbeddedTokens
from core.ports.erasing import ErasureLog
from core.ports.gaps import Gaps
from core.ports.installations import Installations
from core.ports.restoring import TokenDoubts
from core.ports.system import Clock

CAUSE: Final = "a backup was restored"
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. `stores` have a gap on record and a reconciliation to come."""

    tokens: int
    erasures: int
    stores: int


@dataclass(frozen=True, kw_only=True)
class RestoreBackup:
    """To be run once, before the processes start on the restored database; running it again does no harm."""

    doubts: TokenDoubts
    erase: EraseData
    log: ErasureLog
    installations: Installations
    gaps: Gaps
    reconciliation: AskForReconciliation
    trail: AuditTrail
    clock: Clock
    embedded: EmbeddedTokens | None = None

    async def put_right(
        self, since: datetime, *, actor: str, report: Callable[[str, int], None] = lambda *_: None
    ) -> Restored:
        """`since` is when the backup was begun, rather earlier than later. Raises TryLater where it has to be repeated.

        `report` hears each step with how much of it is done.
        """
        tokens = await self.doubts.doubt_all()
        report("tokens in doubt", tokens)
        erasures = await self._erase_again(since, actor, report)
        stores = await self._reread(since, actor, report)
        details: dict[str, str | int | bool | None] = {"since": since.isoformat(), "tokens": tokens}
        details |= {"erasures": erasures, "stores": stores}
        await self.trail.note(AuditEntry("backup.restored", actor=actor, details=details))
        return Restored(tokens, erasures, stores)

    async def foretell(self, since: datetime) -> Restored:
        """What `put_right` would do as things stand; changes nothing. Every live store has tokens."""
        lines = [line for line in await self.log.since(since) if await self.installations.current(line.store_id)]
        erased = {line.store_id for line in lines if line.kind is ErasureKind.STORE}
        live = [install.store_id async for install in self._live()]
        return Restored(tokens=len(live), erasures=len(lines), stores=len(set(live) - erased))

    async def _erase_again(self, since: datetime, actor: str, report: Callable[[str, int], None]) -> int:
        """From the file. Those that the backup knows as open are carried out by schedulers anyway."""
        applied = 0
        for line in await self.log.since(since):
            applied += await self.erase.apply_again(line, actor=actor) is not None
            report("erasures applied again", applied)
        return applied

    async def _reread(self, since: datetime, actor: str, report: Callable[[str, int], None]) -> int:
        """What was answered since the backup is in nobody's ledger: it is read from Zid's lists."""
        stores = 0
        async for install in self._live():
            gap = Gap(install.store_id, install.install_id, None, since, self.clock.now(), CAUSE)
            await self.gaps.open([gap])
            await self.reconciliation.request(install.store_id, actor=actor)
            await self._register_anew(install)
            stores += 1
            report("stores to be read anew", stores)
        return stores

    async def _register_anew(self, install: Install) -> None:
        """Zid may hold a newer UUID than the backup knows: where the app is embedded, it is given another."""
        if self.embedded is not None:
            await self.embedded.postpone(install.install_id, wait=timedelta(0), problem=CAUSE)

    async def _live(self) -> AsyncIterator[Install]:
        after = None
        while page := await self.installations.page(after=after, limit=_PAGE):
            for install in page:
                if install.state in LIVE:
                    yield install
            after = page[-1].store_id
