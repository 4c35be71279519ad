"""Holding a store's work back, and letting it go on.

What arrives for a paused store is taken in and answered as ever; it waits. After the
store is resumed its backlog drains in the store's own turns: it gets as many places as
any other store that has work, so neither the others nor the work index are flooded.
Within the store the oldest comes first, as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.audit import SYSTEM, AuditEntry
from core.domain.events import WorkItem
from core.domain.masking import masked_text
from core.domain.stores import Install
from core.ids import StoreId
from core.ports.event_ledger import EventLedger
from core.ports.installations import Installations
from core.ports.pauses import Pauses

PAUSED = "store.paused"
RESUMED = "store.resumed"
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """How a store stands after it was paused or resumed. `changed` is False where it stood so already.

    `released` is the first of the work that waited; whoever resumed the store announces it.
    """

    store_id: StoreId
    changed: bool
    paused_at: datetime | None
    released: Sequence[WorkItem] = ()


class PauseStore:
    """For stores that were ever installed; the pause outlives a reinstall, because a person asked for it."""

    def __init__(self, *, installations: Installations, pauses: Pauses, ledger: EventLedger, window: int) -> None:
        self._installations = installations
        self._pauses = pauses
        self._ledger = ledger
        self._window = window

    async def pause(
        self, store_id: StoreId, *, actor: str = SYSTEM, request_id: str | None = None, reason: str | None = None
    ) -> Standing | None:
        """What is at work for the store ends, nothing more of it begins. None when it was never installed.

        The audit keeps the reason, without addresses and telephone numbers.
        """
        install = await self._installations.current(store_id)
        if install is None:
            return None
        changed = await self._pauses.pause(store_id, audit=_entry(PAUSED, install, actor, request_id, reason))
        return await self._standing(store_id, changed=changed)

    async def resume(
        self, store_id: StoreId, *, actor: str = SYSTEM, request_id: str | None = None, reason: str | None = None
    ) -> Standing | None:
        """What waited can be claimed again. None when the store was never installed."""
        install = await self._installations.current(store_id)
        if install is None:
            return None
        changed = await self._pauses.resume(store_id, audit=_entry(RESUMED, install, actor, request_id, reason))
        released = await self._ledger.backlog(store_id, limit=self._window)
        return await self._standing(store_id, changed=changed, released=released)

    async def _standing(
        self, store_id: StoreId, *, changed: bool, released: Sequence[WorkItem] = ()
    ) -> Standing | None:
        install = await self._installations.current(store_id)
        return Standing(store_id, changed, install.paused_at, released) if install else None


def _entry(action: str, install: Install, actor: str, request_id: str | None, reason: str | None) -> AuditEntry:
    details = {"reason": masked_text(reason.strip())[:LONGEST_REASON]} if reason and reason.strip() else {}
    return AuditEntry(action, install.identity.store_id, install.install_id, actor, request_id, details)
