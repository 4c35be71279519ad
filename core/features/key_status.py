"""How the rings stand: what each member seals or made, who holds it, and whether it may be taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.domain.rings import Holder, RingName, Rings, lacking, secret_id
from core.domain.secret import Secret
from core.domain.webhook_address import read_install_token
from core.ports.process_rings import ProcessRings
from core.ports.sealed_vault import KeyCensus, Part, Rotation, RotationKind, SetAside
from core.ports.webhook_addresses import WebhookAddresses

DATA_KEYS: Final = "data_keys"
SPOOLED: Final = "spooled_deliveries"
AUDIT: Final = "audit_end"
SUBSCRIPTIONS: Final = "webhook_subscriptions"
UNSEEN: Final = "stores_not_looked_at"
ELSEWHERE: Final = {
    RingName.SESSIONS: "a day after no process works with it: by then what it signed has ended",
    RingName.APP_EVENTS: "once the Partner Dashboard names the new address for every app event",
}
"""Rings whose use nobody can count: when a member may go."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a ring. `place` counts from 1; None is one that is needed and not held."""

    ring: RingName
    member: str
    place: int | None
    uses: Mapping[str, int]
    strangers: Sequence[Holder] = ()
    makers: Sequence[Holder] = ()
    waiting: int = 0
    """Stores in quarantine whose data key it sealed: they need it only if their rows are put right."""

    @property
    def may_go(self) -> bool | None:
        """Whether it may be taken out of the setting; None where that shows elsewhere."""
        if self.place in (None, 1) or self.makers or any(self.uses.values()):
            return False
        return None if self.ring in ELSEWHERE else True

    @property
    def why(self) -> str:
        """The reason, for people."""
        if self.place is None:
            return "is needed and not in the setting: put it back at the end"
        if self.place == 1:
            return "is the first: it seals"
        used = [f"{count} {name.replace('_', ' ')}" for name, count in self.uses.items() if count]
        used += [f"first in {holder.kind} (worker {holder.worker})" for holder in self.makers]
        nobody = f"nothing needs it but {self.waiting} stores in quarantine" if self.waiting else "nothing needs it"
        return "; ".join(used) or ELSEWHERE.get(self.ring, nobody)


@dataclass(frozen=True, slots=True)
class KeyReport:
    """Everything `wasl keys status` shows."""

    members: Sequence[Member]
    processes: Sequence[Holder]
    quarantined: Sequence[SetAside]
    rotations: Mapping[RotationKind, tuple[Rotation, datetime | None]] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether everything opens, and no process waits for a key."""
        return not self.quarantined and all(one.place is not None for one in self.members)


Counted = Callable[[], Awaitable[Mapping[str, int]]]


@dataclass(frozen=True, kw_only=True)
class KeyStatus:
    """`own` are this command's rings, `webhook_secrets` the members themselves, to recognise what they made."""

    own: Rings
    webhook_secrets: Sequence[Secret]
    rings: ProcessRings
    census: KeyCensus
    addresses: WebhookAddresses
    spooled: Counted
    audited: Counted
    """What the end of the audit's chain of seals needs."""

    async def read(self, *, quarantined: int = 1000, counted: bool = True) -> KeyReport:
        """At most so many of the quarantine. Raises Unavailable.

        Not `counted` it is quick however many stores there are, and tells of no uses: nor of keys that are lacking.
        """
        holders = await self.rings.live()
        uses: dict[RingName, Mapping[str, Mapping[str, int]]] = {}
        if counted:
            uses = {RingName.TOKENS: await self._sealed(), RingName.WEBHOOKS: await self._addressed()}
        aside = await self.census.quarantined(limit=quarantined)
        members = [
            self._member(name, member, uses.get(name, {}), holders, aside)
            for name in RingName
            for member in dict.fromkeys([*self.own.get(name, ()), *uses.get(name, {})])
        ]
        rotations = {kind: found for kind in RotationKind if (found := await self.census.last_rotation(kind))}
        return KeyReport(members, holders, aside, rotations)

    def _member(
        self,
        name: RingName,
        member: str,
        uses: Mapping[str, Mapping[str, int]],
        holders: Sequence[Holder],
        aside: Sequence[SetAside],
    ) -> Member:
        ring = self.own.get(name, ())
        place = ring.index(member) + 1 if member in ring else None
        with_ring = [holder for holder in holders if holder.first(name)]
        makers = [holder for holder in with_ring if holder.first(name) == member]
        needing = [one for one in aside if one.part is Part.DATA_KEY and name is RingName.TOKENS]
        waiting = sum(one.key_id == member for one in needing)
        return Member(name, member, place, uses.get(member, {}), lacking(with_ring, name, member), makers, waiting)

    async def _sealed(self) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {}
        counted = {DATA_KEYS: self.census.sealed_by, SPOOLED: self.spooled, AUDIT: self.audited}
        for name, count in counted.items():
            for member, rows in (await count()).items():
                found.setdefault(member, {})[name] = rows
        return found

    async def _addressed(self) -> Mapping[str, Mapping[str, int]]:
        """By the member that made the address; one that none of them made is made anew at the next look."""
        found: Counter[str] = Counter()
        unseen, after = 0, None
        while uses := await self.addresses.page(after=after):
            after = uses[-1].install_id
            unseen += sum(not use.subscriptions for use in uses)
            for use in uses:
                if use.token and (maker := self._maker(use.token)):
                    found[maker] += use.subscriptions
        members = [secret_id(secret) for secret in self.webhook_secrets]
        return {member: {SUBSCRIPTIONS: found[member], UNSEEN: unseen} for member in members}

    def _maker(self, token: str) -> str | None:
        for secret in self.webhook_secrets:
            if read_install_token((secret,), token):
                return secret_id(secret)
        return None
