"""Pages, numbers and dates as query parameters carry them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

from sandbox.api.answers import InvalidError, NotFoundError
from sandbox.knobs import Knobs
from sandbox.world.records import Entity

Item = TypeVar("Item")


def whole(query: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int | None = None) -> int:
    """A whole number from the query, capped at `most`; raises InvalidError naming the parameter."""
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise InvalidError({name: [f"The {name} must be a whole number of at least {least}."]})
    return int(text) if most is None else min(int(text), most)


def page_of(items: Sequence[Item], page: int, size: int, knobs: Knobs) -> Sequence[Item]:
    """One page; what lies beyond the last is a knob (U20)."""
    chosen = items[(page - 1) * size : page * size]
    if not chosen and page > 1 and knobs.text("paging.beyond") == "404":
        raise NotFoundError
    return chosen


def moment(query: Mapping[str, str], name: str, offset_hours: float) -> float | None:
    """A date parameter as seconds since the epoch; without an offset of its own it is in the given zone."""
    text = query.get(name, "").strip("'\" ").replace(" 00:00", "+00:00")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError({name: [f"The {name} is not a valid date."]}) from None
    zone = timezone(timedelta(hours=offset_hours)) if offset_hours else UTC
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()


def visible(entity: Entity, now: float, lag_seconds: float) -> bytes | None:
    """The body that a read sees now: behind by `lag_seconds` (U18); None for what it does not see."""
    if lag_seconds and now - entity.changed < lag_seconds:
        return entity.prior
    return None if entity.deleted else entity.body
