"""A process that could not work with the others, or with what is stored, is told so before it does anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.rings import Disagreement, Holder, RingName, Rings, agreed, disagreements
from core.errors import SettingInvalid
from core.ids import WorkerId
from core.ports.process_rings import ProcessRings
from core.ports.sealed_vault import KeyCensus


@dataclass(frozen=True, kw_only=True)
class GuardRings:
    """Compares this process's rings with those of the running ones, and with what the vault needs.

    `strict` refuses the start. A key that was taken away too early, or put first before everybody has it, is a
    mistake in the settings like a missing secret: a deployment that stops shows it while the processes of before
    go on serving every store. Otherwise it is only told, and costs the stores whose key is missing.
    """

    rings: ProcessRings
    census: KeyCensus
    own: Rings
    strict: bool

    async def join(self, worker: WorkerId, kind: str) -> Sequence[SettingInvalid]:
        """Says what this process holds, and returns what is wrong with it. Raises the first of it where strict."""
        problems = [*await self.beat(worker, kind), *await self._lacking()]
        if problems and self.strict:
            raise problems[0]
        return problems

    async def beat(self, worker: WorkerId, kind: str) -> Sequence[SettingInvalid]:
        """Says it again; what other processes cannot read of ours, or we of theirs."""
        own = Holder(worker, kind, self.own)
        await self.rings.note(own)
        others = [holder for holder in await self.rings.live() if holder.worker != worker]
        return [_problem(one, worker) for one in disagreements(own, others)]

    async def agree_on_webhooks(self) -> bool:
        """Whether every running process makes webhook addresses with the same secret. Raises Unavailable."""
        return agreed(await self.rings.live(), RingName.WEBHOOKS)

    async def _lacking(self) -> Sequence[SettingInvalid]:
        """Keys that still seal data keys, and are not held. What stands in quarantine is known already."""
        held = self.own.get(RingName.TOKENS, ())
        missing = await self.census.lacking(held) if held else {}
        return [
            SettingInvalid(
                RingName.TOKENS,
                f"lacks the key {key_id}, which still seals the tokens of {rows} stores: put it back at the end of "
                "the list and run `wasl keys rotate` before you take it away; if it is lost for good, "
                "`wasl keys rotate` puts these stores in quarantine",
            )
            for key_id, rows in sorted(missing.items())
        ]


def _problem(found: Disagreement, worker: WorkerId) -> SettingInvalid:
    if found.maker.worker == worker:
        fix = "start all processes with it behind the others first, and with it in front only then"
        return SettingInvalid(found.name, f"{found}: {fix}")
    return SettingInvalid(found.name, f"{found}: add it to the list of this process")
