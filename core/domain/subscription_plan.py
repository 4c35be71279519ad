"""Which webhook subscriptions to keep, make and remove, so that a store is served without a gap.

Zid removes subscriptions by `original_id`, all of one id at once, and cannot change
one. So the set alternates between the two ids that Zid documents, the App id and its
MD5 (X17, X18): a new set is made under one before the old one goes under the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5

from core.domain.operations.webhooks import Subscription


def original_ids(app_id: str) -> tuple[str, str]:
    """The two ids that a set can stand under, the plain one first."""
    return app_id, md5(app_id.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in the order of the fields.

    `clear_first`: the place where the set is to stand holds wrong ones that must go
    before anything is made there. `remove` is the other place, where it holds anything.
    """

    original_id: str
    clear_first: bool
    keep: tuple[str, ...]
    create: tuple[str, ...]
    remove: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """What stands under one id: the events served rightly, and how many subscriptions are wrong there."""

    original_id: str
    right: frozenset[str]
    wrong: int

    @property
    def empty(self) -> bool:
        return not self.right and not self.wrong


def plan_subscriptions(listed: Sequence[Subscription], wanted: Mapping[str, str], ids: tuple[str, str]) -> Plan:
    """The shortest way from what Zid lists to `wanted` (event → target URL); nothing of other apps is touched."""
    here, there = _choose(_look(listed, wanted, ids[0]), _look(listed, wanted, ids[1]))
    keep = frozenset() if here.wrong else here.right
    return Plan(
        original_id=here.original_id,
        clear_first=here.wrong > 0,
        keep=tuple(sorted(keep)),
        create=tuple(sorted(set(wanted) - keep)),
        remove=None if there.empty else there.original_id,
    )


def served(listed: Sequence[Subscription], wanted: Mapping[str, str], original_id: str) -> frozenset[str]:
    """The wanted events that Zid lists under this id with the right target, alive."""
    return _look(listed, wanted, original_id).right


def _look(listed: Sequence[Subscription], wanted: Mapping[str, str], original_id: str) -> _Place:
    mine = [one for one in listed if one.original_id == original_id]
    right = frozenset(one.event for one in mine if _serves(one, wanted))
    return _Place(original_id, right, len(mine) - len(right))


def _serves(one: Subscription, wanted: Mapping[str, str]) -> bool:
    return one.active and one.health != "broken" and wanted.get(one.event) == one.target_url


def _choose(plain: _Place, hashed: _Place) -> tuple[_Place, _Place]:
    """Where the set is to stand, and the other place: a clean one with most of it; else the one that serves least."""
    clean = [place for place in (plain, hashed) if not place.wrong]
    here = max(clean, key=lambda place: len(place.right), default=None)
    if here is None:
        here = min(plain, hashed, key=lambda place: len(place.right))
    return here, hashed if here is plain else plain
