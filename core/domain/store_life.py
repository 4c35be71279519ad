"""The life of a store as people read it: what was done to its installs, and where deliveries may be missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.domain.audit import AuditRecord
from core.domain.gaps import KnownGap

FAMILIES: Final = (
    "install",
    "token",
    "webhooks",
    "store",
    "backfill",
    "reconciliation",
    "subscription",
    "uninstall",
    "embedded",
)
"""What actions of a store's life begin with. Single writes to Zid, customers' records and events are no part of it."""
_PLACE: Final = re.compile(r"([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


def is_of_life(action: str) -> bool:
    """Whether an audited action belongs to the life of a store."""
    return action.partition(".")[0] in FAMILIES


@dataclass(frozen=True, slots=True)
class LifeMoment:
    """One thing that happened; exactly one of `record` and `gap` is set."""

    at: datetime
    record: AuditRecord | None = None
    gap: KnownGap | None = None


@dataclass(frozen=True, slots=True)
class LifePlace:
    """Where a page ended: the last entry and the last gap that were shown, None where none was yet."""

    audit_id: int | None = None
    gap_id: int | None = None

    @property
    def token(self) -> str:
        return f"{_written(self.audit_id)}-{_written(self.gap_id)}"

    @classmethod
    def parse(cls, token: str) -> LifePlace | None:
        """None for what `token` cannot have made."""
        found = _PLACE.fullmatch(token)
        return cls(_number(found[1]), _number(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class LifePage:
    """Some moments, newest first, and where the next page goes on; None after the last."""

    moments: Sequence[LifeMoment]
    next: LifePlace | None = None


def life_page(records: Sequence[AuditRecord], gaps: Sequence[KnownGap], *, after: LifePlace, limit: int) -> LifePage:
    """The newest `limit` of both, each given newest first and up to one more than `limit`: nothing is left out."""
    entries, holes = list(records), list(gaps)
    moments: list[LifeMoment] = []
    place = after
    while (entries or holes) and len(moments) < limit:
        if holes and (not entries or holes[0].opened_at > entries[0].at):
            gap = holes.pop(0)
            moments.append(LifeMoment(gap.opened_at, gap=gap))
            place = LifePlace(place.audit_id, gap.gap_id)
        else:
            record = entries.pop(0)
            moments.append(LifeMoment(record.at, record=record))
            place = LifePlace(record.audit_id, place.gap_id)
    return LifePage(moments, place if entries or holes else None)


def _written(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(text: str) -> int | None:
    return int(text) if text else None
