"""Erasing a store, or one customer of it, so that nothing leads to them any more.

An erasure is put on record, written into the file outside the database, carried out batch
by batch and certified. Whoever carries it out may be killed at any moment: a scheduler, or
the same command once more, goes on. What is under way is not torn: a store's install is
ended first, which cancels its work; an event that a worker is at is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from core.domain.audit import AuditEntry
from core.domain.erasures import (
    Erasure,
    ErasureId,
    ErasureKind,
    ErasureLine,
    Removed,
    last_backup_expires,
    pseudonym,
)
from core.domain.people import Person
from core.domain.stores import LIVE
from core.errors import TryLater, WaslError
from core.features.uninstall_store import UninstallStore
from core.ids import StoreId
from core.ports.erasing import ErasureLog, Erasures, PersonalData, StoreEraser
from core.ports.guards import Locks
from core.ports.installations import Installations
from core.ports.system import Clock

PATIENCE: Final = 60.0
"""Seconds to wait for what workers are at, and for another process that carries the same erasure out."""
ROUND_EVERY: Final = 0.5
Report = Callable[[Removed], None]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A finished erasure. Until `backups_expire` a backup may still hold what was erased."""

    erasure: Erasure
    backups_expire: date


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of one open erasure. `problem` is None where it is finished."""

    erasure: Erasure
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class EraseData:
    """Safe for any number of callers: each erasure is carried out by one at a time."""

    erasures: Erasures
    stores: StoreEraser
    people: PersonalData
    log: ErasureLog
    installations: Installations
    uninstall: UninstallStore
    locks: Locks
    clock: Clock
    backups_kept: timedelta
    patience: float = PATIENCE

    async def ask_for_store(self, store_id: StoreId, *, actor: str) -> Erasure | None:
        """On record; schedulers carry it out unless the caller does. None for a store that was never installed.

        The finished one where nothing came in since.
        """
        install = await self.installations.current(store_id)
        if install is None:
            return None
        if install.state not in LIVE and (finished := await self._finished(store_id)):
            return finished
        return await self.erasures.ask(store_id, None, audit=_asked("store.erasure_asked", store_id, actor))

    async def ask_for_customer(self, store_id: StoreId, person: Person, *, actor: str) -> Erasure | None:
        """As `ask_for_store`, for one person."""
        if await self.installations.current(store_id) is None:
            return None
        entry = _asked("customer.erasure_asked", store_id, actor, customer=pseudonym(store_id, person))
        return await self.erasures.ask(store_id, person, audit=entry)

    async def carry_out(self, erasure_id: ErasureId, report: Report = lambda _: None) -> Certificate:
        """Returns when it is finished, by us or by somebody else. Raises TryLater, and goes on when asked again."""
        async with self.locks.hold(f"erasure:{erasure_id}", wait=self.patience) as ours:
            if not ours:
                raise TryLater(f"another process is at erasure {erasure_id}; it goes on", 10.0)
            erasure = await self._get(erasure_id)
            if erasure.finished_at is None:
                await self._carry_out(erasure, report)
                erasure = await self._get(erasure_id)
        return self.certificate(erasure)

    def certificate(self, erasure: Erasure) -> Certificate:
        """Of a finished erasure."""
        assert erasure.finished_at is not None
        return Certificate(erasure, last_backup_expires(erasure.finished_at, self.backups_kept))

    async def run_open(self, *, limit: int = 10) -> Sequence[Carried]:
        """Carries out what was asked for and is not finished. One that has to wait stays open and stops no other."""
        carried = []
        for erasure in await self.erasures.open_ones(limit=limit):
            try:
                await self.carry_out(erasure.erasure_id)
                carried.append(Carried(erasure))
            except WaslError as problem:
                carried.append(Carried(erasure, str(problem)))
        return carried

    async def apply_again(self, line: ErasureLine, *, actor: str) -> Certificate | None:
        """An erasure of before a backup was restored. Zid is not asked: the store's webhooks were removed then."""
        install = await self.installations.current(line.store_id)
        if install is None:
            return None
        if line.kind is ErasureKind.STORE and install.state in LIVE:
            entry = AuditEntry("install.erased_before", line.store_id, install.install_id, actor)
            await self.installations.end(install.install_id, audit=entry)
        asked = (
            self.ask_for_store(line.store_id, actor=actor)
            if line.person is None
            else self.ask_for_customer(line.store_id, line.person, actor=actor)
        )
        erasure = await asked
        return await self.carry_out(erasure.erasure_id) if erasure else None

    async def _finished(self, store_id: StoreId) -> Erasure | None:
        """The store's last erasure, when nothing is left of it."""
        known = [one for one in await self.erasures.of_store(store_id) if one.kind is ErasureKind.STORE]
        if not known or known[0].finished_at is None or await self.stores.left(store_id):
            return None
        return known[0]

    async def _carry_out(self, erasure: Erasure, report: Report) -> None:
        await self.log.append(ErasureLine(erasure.asked_at, erasure.kind, erasure.store_id, erasure.person))
        if erasure.person is None:
            await self._erase_store(erasure, report)
        else:
            await self._erase_person(erasure, erasure.person, report)
        await self.erasures.finish(erasure.erasure_id, audit=self._entry(erasure))

    async def _erase_store(self, erasure: Erasure, report: Report) -> None:
        await self.uninstall.revoke(erasure.store_id, actor=erasure.asked_by)
        until = self.clock.monotonic() + self.patience
        while True:
            async for removed in self.stores.erase(erasure.store_id):
                await self._count(erasure, removed, report)
            left = await self.stores.left(erasure.store_id)
            if not left:
                return
            await self._wait(until, f"somebody is still at {_listed(left)} of store {erasure.store_id}")

    async def _erase_person(self, erasure: Erasure, asked: Person, report: Report) -> None:
        """Known by all their names from before anything is removed: by what is left they could not be found."""
        person = await self.people.identify(erasure.store_id, asked)
        until = self.clock.monotonic() + self.patience
        while True:
            busy = 0
            async for removed in self.people.erase(erasure.store_id, person):
                busy += removed.busy
                await self._count(erasure, removed, report)
            if not busy:
                return
            await self._wait(until, f"workers are still at {busy} events about them")

    async def _count(self, erasure: Erasure, removed: Removed, report: Report) -> None:
        if removed.rows:
            await self.erasures.count(erasure.erasure_id, [removed])
            report(removed)

    async def _wait(self, until: float, why: str) -> None:
        if self.clock.monotonic() >= until:
            raise TryLater(f"{why}; a scheduler goes on with the erasure", 10.0)
        await self.clock.sleep(ROUND_EVERY)

    async def _get(self, erasure_id: ErasureId) -> Erasure:
        erasure = await self.erasures.get(erasure_id)
        assert erasure is not None, f"erasure {erasure_id} is not on record"
        return erasure

    def _entry(self, erasure: Erasure) -> AuditEntry:
        """The certificate. The counts are added where it is written."""
        details: dict[str, str | int | bool | None] = {
            "erasure_id": erasure.erasure_id,
            "backups_expire": last_backup_expires(self.clock.now(), self.backups_kept).isoformat(),
        }
        if erasure.person is not None:
            details["customer"] = pseudonym(erasure.store_id, erasure.person)
        return AuditEntry(f"{erasure.kind}.erased", erasure.store_id, actor=erasure.asked_by, details=details)


def _asked(action: str, store_id: StoreId, actor: str, **details: str) -> AuditEntry:
    return AuditEntry(action, store_id, actor=actor, details=details)


def _listed(left: Mapping[str, int]) -> str:
    return ", ".join(f"{rows} rows of {table}" for table, rows in left.items())
