"""The sealed rows of the memory database, and what does not open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import RotationRow
from core.domain.audit import AuditEntry
from core.ids import InstallId
from core.ports.sealed_vault import (
    QUARANTINED,
    RELEASED,
    Change,
    KeyCensus,
    Rotation,
    RotationId,
    RotationKind,
    SealedRow,
    SealedVault,
    SetAside,
)


def sealed_row(database: MemoryDatabase, install_id: InstallId) -> SealedRow:
    """What the install has; KeyError where it has nothing."""
    key, row = database.data_keys[install_id], database.tokens.get(install_id)
    store_id = database.installs[install_id].store_id
    return SealedRow(store_id, install_id, key, row.generation if row else None, row.sealed if row else None)


class MemorySealedVault(SealedVault):
    """Changes rows of `MemoryInstallations` and `MemoryTokenVault`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def begin(self, kind: RotationKind, key_id: str, *, audit: AuditEntry) -> Rotation:
        for row in self._database.rotations:
            if row.rotation.kind is kind and row.finished_at is None:
                if row.rotation.key_id == key_id:
                    return row.rotation
                row.finished_at = self._database.now()
        rotation = Rotation(RotationId(next(self._database.numbers)), kind, key_id, self._database.now())
        stood = frozenset(key.wrapped for key in self._database.data_keys.values())
        self._database.rotations.append(RotationRow(rotation, stood))
        self._database.note(audit)
        return rotation

    async def left(self, rotation: Rotation) -> int:
        return len(set(self._not_reached(rotation)) - self._database.quarantine.keys())

    async def page(self, rotation: Rotation, *, after: InstallId | None, limit: int) -> Sequence[SealedRow]:
        found = [install_id for install_id in self._not_reached(rotation) if after is None or install_id > after]
        return [sealed_row(self._database, install_id) for install_id in found[:limit]]

    async def swap(self, rotation: Rotation, changes: Sequence[Change], *, audit: AuditEntry) -> Sequence[InstallId]:
        done = [change.before.install_id for change in changes if self._change(change)]
        if done:
            row = self._row(rotation)
            row.rotation = replace(row.rotation, done=row.rotation.done + len(done))
            self._database.note(audit)
        return done

    async def finish(self, rotation: Rotation, *, audit: AuditEntry) -> None:
        row = self._row(rotation)
        if row.finished_at is None:
            row.finished_at = self._database.now()
            self._database.note(audit)

    def _not_reached(self, rotation: Rotation) -> list[InstallId]:
        keys = sorted(self._database.data_keys.items())
        if rotation.kind is RotationKind.RING:
            return [install_id for install_id, key in keys if key.key_id != rotation.key_id]
        stood = self._row(rotation).stood
        return [install_id for install_id, key in keys if key.wrapped in stood]

    def _row(self, rotation: Rotation) -> RotationRow:
        return next(row for row in self._database.rotations if row.rotation.rotation_id == rotation.rotation_id)

    def _change(self, change: Change) -> bool:
        before = change.before
        if self._database.data_keys.get(before.install_id) != before.key:
            return False
        held = self._database.tokens.get(before.install_id)
        if change.sealed is not None:
            if held is None or held.sealed != before.sealed:
                return False
            self._database.tokens[before.install_id] = replace(held, sealed=change.sealed)
        self._database.data_keys[before.install_id] = change.key
        return True


class MemoryKeyCensus(KeyCensus):
    """Counts the same rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def sealed_by(self) -> Mapping[str, int]:
        sound = self._database.data_keys.keys() - self._database.quarantine.keys()
        return Counter(self._database.data_keys[install_id].key_id for install_id in sound)

    async def lacking(self, held: Sequence[str]) -> Mapping[str, int]:
        return {key_id: rows for key_id, rows in (await self.sealed_by()).items() if key_id not in held}

    async def set_aside(self, found: Sequence[SetAside]) -> int:
        fresh = {one.install_id: one for one in found if one.install_id in self._database.data_keys}
        fresh = {install_id: one for install_id, one in fresh.items() if install_id not in self._database.quarantine}
        for install_id, one in fresh.items():
            self._database.quarantine[install_id] = replace(one, found_at=self._database.now())
            self._database.note(one.entry(QUARANTINED))
        return len(fresh)

    async def quarantined(self, *, after: InstallId | None = None, limit: int = 500) -> Sequence[SetAside]:
        found = sorted(self._database.quarantine.items())
        return [one for install_id, one in found if after is None or install_id > after][:limit]

    async def rows(self, install_ids: Sequence[InstallId]) -> Sequence[SealedRow]:
        held = sorted(self._database.data_keys.keys() & set(install_ids))
        return [sealed_row(self._database, install_id) for install_id in held]

    async def release(self, install_ids: Sequence[InstallId]) -> int:
        released = [one for install_id in install_ids if (one := self._database.quarantine.pop(install_id, None))]
        for one in released:
            self._database.note(one.entry(RELEASED))
        return len(released)

    async def last_rotation(self, kind: RotationKind) -> tuple[Rotation, datetime | None] | None:
        rows = [row for row in self._database.rotations if row.rotation.kind is kind]
        return (rows[-1].rotation, rows[-1].finished_at) if rows else None
