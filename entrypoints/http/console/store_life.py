"""The timeline of a store, as lines a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.domain.audit import AuditRecord
from core.domain.gaps import KnownGap
from core.domain.store_life import LifeMoment, LifePlace, life_page
from core.ids import StoreId
from entrypoints.http import cursors
from entrypoints.http.pages.texts import TEXTS
from entrypoints.http.services import HttpServices

_CURSOR: Final = "life"
_UNSAID: Final = frozenset({"epoch", "cli_user"})
"""Details that are told in another way, or that are nobody's concern here."""


@dataclass(frozen=True, slots=True)
class LifeLine:
    """One moment. `key` names its sentence, None where there is none for this action; `facts` go with it."""

    at: datetime
    key: str | None
    action: str
    actor: str
    epoch: int | None = None
    facts: Mapping[str, str] | None = None
    gap: KnownGap | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """Some of it, newest first. `next` goes on, None at the beginning of everything."""

    lines: Sequence[LifeLine]
    next: str | None


async def life_of(services: HttpServices, store_id: StoreId, cursor: str | None, limit: int) -> Life:
    """A page of the timeline; 400 for a cursor of another list. Raises Unavailable."""
    place = _place(cursor)
    life = services.stores.life
    entries = await life.entries(store_id, before=place.audit_id, limit=limit + 1)
    gaps = await life.gaps(store_id, before=place.gap_id, limit=limit + 1)
    page = life_page(entries, gaps, after=place, limit=limit)
    following = cursors.seal_text(_CURSOR, page.next.token) if page.next else None
    return Life([_line(moment) for moment in page.moments], following)


def _place(cursor: str | None) -> LifePlace:
    if cursor is None:
        return LifePlace()
    place = LifePlace.parse(cursors.open_text(_CURSOR, cursor))
    if place is None:
        raise cursors.foreign()
    return place


def _line(moment: LifeMoment) -> LifeLine:
    if moment.gap is not None:
        return LifeLine(moment.at, "life.gap", "gap", "system", gap=moment.gap)
    assert moment.record is not None, "a moment is an entry or a gap"
    return _entry_line(moment.record)


def _entry_line(record: AuditRecord) -> LifeLine:
    entry = record.entry
    key = f"life.{entry.action}"
    facts = {
        name: _said(value) for name, value in entry.details.items() if name not in _UNSAID and value not in (None, "")
    }
    shown = key if key in TEXTS else None
    return LifeLine(record.at, shown, entry.action, entry.actor, record.epoch, facts, request_id=entry.request_id)


def _said(value: str | int | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
