"""Rings of secrets, as ids: which a process holds, and whether processes with different ones may work together.

The first member of a ring makes (seals, signs, derives), every member recognises. So a
member may come first only where everybody recognises it already, and may go only when
nobody needs it any more: add it behind, put it first, wait, take the old one away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.domain.secret import Secret, derive
from core.ids import WorkerId


class RingName(StrEnum):
    """A ring, by its setting."""

    TOKENS = "TOKEN_KEYS"
    WEBHOOKS = "WEBHOOK_SECRET"
    SESSIONS = "SESSION_KEY"
    APP_EVENTS = "APP_EVENTS_SECRET"


SHARED: Final = (RingName.TOKENS, RingName.WEBHOOKS, RingName.SESSIONS)
"""What one process makes with these another one has to recognise. With APP_EVENTS only Zid's addresses are made."""

Rings = Mapping[str, tuple[str, ...]]
"""Name of the setting → the ids of its members, in their order."""


def secret_id(secret: Secret) -> str:
    """Eight characters that name a secret and tell nothing about it that a guess could be checked by elsewhere."""
    return derive(secret, "ring-member").hex()[:8]


@dataclass(frozen=True, slots=True)
class Holder:
    """A running process and what it holds."""

    worker: WorkerId
    kind: str
    rings: Rings

    @property
    def is_silent(self) -> bool:
        """Whether it never said what it holds: it just began, or is of a release that does not."""
        return not self.rings

    def holds(self, name: str, member: str) -> bool:
        return member in self.rings.get(name, ())

    def first(self, name: str) -> str | None:
        """What it makes with."""
        ring = self.rings.get(name, ())
        return ring[0] if ring else None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """`maker` makes with what `stranger` does not recognise."""

    name: RingName
    member: str
    maker: Holder
    stranger: Holder

    def __str__(self) -> str:
        return (
            f"{self.maker.kind} (worker {self.maker.worker}) works with {self.member}, which {self.stranger.kind} "
            f"(worker {self.stranger.worker}) does not hold"
        )


def disagreements(own: Holder, others: Iterable[Holder]) -> Sequence[Disagreement]:
    """Where this process and another one could not read what the other makes. A process without a ring needs none."""
    found: list[Disagreement] = []
    for other in others:
        for maker, stranger in ((own, other), (other, own)):
            for name in SHARED:
                member = maker.first(name)
                if member and stranger.first(name) and not stranger.holds(name, member):
                    found.append(Disagreement(name, member, maker, stranger))
    return found


def lacking(holders: Iterable[Holder], name: RingName, member: str) -> Sequence[Holder]:
    """Who does not hold a member of the ring."""
    return [holder for holder in holders if not holder.holds(name, member)]


def agreed(holders: Iterable[Holder], name: RingName) -> bool:
    """Whether everybody who has the ring makes with the same member."""
    return len({first for holder in holders if (first := holder.first(name))}) <= 1
