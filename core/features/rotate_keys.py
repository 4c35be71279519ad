"""Changing the keys while the service runs: batch by batch, resumable at any moment, never touching what does not open.

Nothing is locked between two batches. A row is written only where it still is what was
read, so a renewal that comes in between wins, and the row is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.domain.alerts import APP, Alert, AlertKind
from core.domain.audit import AuditEntry
from core.domain.rings import Holder, RingName, lacking
from core.errors import KeyMissing, SealBroken, SettingInvalid
from core.ids import InstallId
from core.ports.alerts import Alerts
from core.ports.process_rings import ProcessRings
from core.ports.sealed_vault import (
    Change,
    KeyCensus,
    Part,
    Rotation,
    RotationKind,
    SealedRow,
    SealedVault,
    SetAside,
)
from core.ports.sealing import Sealer
from core.ports.system import Clock

BATCH: Final = 500
"""Rows locked at once, for the moment that one statement takes."""
PATIENCE: Final = 30
"""Seconds: a process that begins, or that lost its lease, says within five which keys it holds."""
MOST_PASSES: Final = 10
BETWEEN_PASSES: Final = 1.0
"""Seconds, in which whoever was at a row that was passed over has ended."""

BEGUN: Final = "keys.rotation_begun"
FINISHED: Final = "keys.rotation_finished"
BATCH_DONE: Final = {RotationKind.RING: "keys.data_keys_rewrapped", RotationKind.DATA_KEYS: "keys.data_keys_remade"}

Prove = Callable[[SealedRow, bytes], None]
"""Raises SealBroken where the content does not belong to the row."""


@dataclass(frozen=True, slots=True)
class Run:
    """How far a rotation is. `total` was left when this run began; `missed` rows of this pass are read once more.

    `complete` is whether everything was reached but what stands in quarantine.
    """

    rotation: Rotation
    actor: str
    total: int
    moved: int = 0
    set_aside: int = 0
    missed: int = 0
    passes: int = 1
    after: InstallId | None = None
    is_over: bool = False
    complete: bool = False


@dataclass(frozen=True, kw_only=True)
class Locksmith:
    """What opening and sealing a row takes."""

    sealer: Sealer
    prove: Prove

    def fault(self, row: SealedRow) -> SetAside | None:
        """What of the row does not open, if anything."""
        return None if self._opens(row) else self._what_does_not_open(row)

    def _opens(self, row: SealedRow) -> bool:
        if row.sealed is None:
            return False
        try:
            self.prove(row, self.sealer.open(row.key, row.sealed))
        except (KeyMissing, SealBroken):
            return False
        return True

    def _what_does_not_open(self, row: SealedRow) -> SetAside | None:
        try:
            self.sealer.seal(row.key, b"")
        except (KeyMissing, SealBroken) as problem:
            return _set_aside(row, Part.DATA_KEY, problem)
        if row.sealed is None:
            return None
        try:
            self.prove(row, self.sealer.open(row.key, row.sealed))
        except SealBroken as problem:
            return _set_aside(row, Part.TOKENS, problem)
        return None

    def change(self, kind: RotationKind, row: SealedRow, fault: SetAside | None) -> Change | None:
        """What becomes of the row. None leaves it: its data key, or what a new one would seal, does not open."""
        if fault is not None and (fault.part is Part.DATA_KEY or kind is RotationKind.DATA_KEYS):
            return None
        if kind is RotationKind.RING:
            return Change(row, self.sealer.rewrap(row.key))
        key = self.sealer.new_data_key()
        sealed = None if row.sealed is None else self.sealer.seal(key, self.sealer.open(row.key, row.sealed))
        return Change(row, key, sealed)


@dataclass(frozen=True, kw_only=True)
class RotateKeys:
    """`begin`, then `step` until the run is over. Any number may do it at once: they share the work."""

    vault: SealedVault
    census: KeyCensus
    rings: ProcessRings
    locksmith: Locksmith
    clock: Clock

    async def begin(self, kind: RotationKind, *, actor: str) -> Run:
        """A new run, or the rest of one that was cut off.

        Raises SettingInvalid, naming the processes, while one runs that does not hold the key that is to seal, or
        did not say what it holds.
        """
        key_id = self.locksmith.sealer.seals_with
        await self._must_be_known(key_id)
        entry = AuditEntry(BEGUN, actor=actor, details={"kind": kind.value, "key_id": key_id})
        rotation = await self.vault.begin(kind, key_id, audit=entry)
        return Run(rotation, actor, await self.vault.left(rotation))

    async def step(self, run: Run, *, limit: int = BATCH) -> Run:
        """The next batch."""
        rows = await self.vault.page(run.rotation, after=run.after, limit=limit)
        if not rows:
            return await self._pass_over(run)
        faults = {row.install_id: self.locksmith.fault(row) for row in rows}
        changes = [self.locksmith.change(run.rotation.kind, row, faults[row.install_id]) for row in rows]
        wanted = [change for change in changes if change is not None]
        swapped = await self._swap(run, wanted)
        broken = [fault for fault in faults.values() if fault]
        fresh = await self.census.set_aside(broken) if broken else 0
        await self.census.release([install_id for install_id in swapped if faults[install_id] is None])
        missed = run.missed + len(wanted) - len(swapped)
        moved, aside = run.moved + len(swapped), run.set_aside + fresh
        return replace(run, after=rows[-1].install_id, moved=moved, set_aside=aside, missed=missed)

    async def _swap(self, run: Run, changes: Sequence[Change]) -> Sequence[InstallId]:
        if not changes:
            return []
        details: dict[str, str | int | bool | None] = {
            "rotation_id": run.rotation.rotation_id,
            "key_id": run.rotation.key_id,
            "installs": len(changes),
        }
        entry = AuditEntry(BATCH_DONE[run.rotation.kind], actor=run.actor, details=details)
        return await self.vault.swap(run.rotation, changes, audit=entry)

    async def _pass_over(self, run: Run) -> Run:
        """The end; or once more for what somebody else was at."""
        if run.missed and run.passes < MOST_PASSES:
            await self.clock.sleep(BETWEEN_PASSES)
            return replace(run, after=None, missed=0, passes=run.passes + 1)
        if run.missed:
            return replace(run, is_over=True)
        details = {"kind": run.rotation.kind.value, "key_id": run.rotation.key_id, "moved": run.moved}
        await self.vault.finish(run.rotation, audit=AuditEntry(FINISHED, actor=run.actor, details=details))
        return replace(run, is_over=True, complete=True)

    async def _must_be_known(self, key_id: str) -> None:
        if strangers := await self._strangers(key_id):
            named = ", ".join(f"{holder.kind} (worker {holder.worker})" for holder in strangers)
            raise SettingInvalid(
                RingName.TOKENS,
                f"key {key_id} is not known to {named}, as far as they said: restart them with it in their list, "
                "then rotate",
            )

    async def _strangers(self, key_id: str) -> Sequence[Holder]:
        """Who does not hold the key. One that said nothing yet is given the time to."""
        for patience in reversed(range(PATIENCE)):
            holders = [one for one in await self.rings.live() if one.is_silent or one.first(RingName.TOKENS)]
            strangers = lacking(holders, RingName.TOKENS, key_id)
            if patience == 0 or not any(one.is_silent for one in strangers):
                break
            await self.clock.sleep(1.0)
        return strangers


@dataclass(frozen=True, slots=True)
class Healed:
    """How many left the quarantine, and how many stay."""

    released: int = 0
    left: int = 0


class HealQuarantine:
    """Whoever opens again leaves the quarantine: the right key is back, or the row was put right.

    While anybody is in it one alert is open, for all of them together.
    """

    def __init__(self, census: KeyCensus, locksmith: Locksmith, alerts: Alerts) -> None:
        self._census = census
        self._locksmith = locksmith
        self._alerts = alerts

    async def run(self) -> Healed:
        """Looks at everything in it. Raises Unavailable."""
        released, seen, after = 0, 0, None
        while found := await self._census.quarantined(after=after):
            seen, after = seen + len(found), found[-1].install_id
            rows = await self._census.rows([one.install_id for one in found])
            sound = [row.install_id for row in rows if self._locksmith.fault(row) is None]
            released += await self._census.release(sound) if sound else 0
        await self._tell(seen - released)
        return Healed(released, seen - released)

    async def _tell(self, left: int) -> None:
        if left:
            reason = f"{left} stores; `wasl keys status` names them and what they need"
            await self._alerts.raise_once(Alert(AlertKind.STORES_DO_NOT_OPEN, APP, reason))
        else:
            await self._alerts.heal(AlertKind.STORES_DO_NOT_OPEN, APP)


def _set_aside(row: SealedRow, part: Part, problem: KeyMissing | SealBroken) -> SetAside:
    return SetAside(row.store_id, row.install_id, part, row.key.key_id, str(problem))
