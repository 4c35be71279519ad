"""What a reconciliation reads: which lists, how far back, and how many calls that may cost.

Per kind what Zid's lists allow: orders by windows of their last change, products by their
last change down to a moment, or all of them, everything else as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.domain.backfill import BACKFILLED
from core.domain.gaps import Gap
from core.domain.operations.products import ListProducts
from core.domain.topics import ZID_TOPICS
from core.ids import EntityKind

ZONES: Final = timedelta(hours=4)
"""In which zone Zid reads the dates of an order window is unknown (U21): windows reach this much further."""
SKEW: Final = timedelta(minutes=10)
"""For clocks that differ, where no zone is involved."""
PER_PAGE: Final = 100
LONGEST_PERIOD: Final = timedelta(days=7)
PAGES_A_PERIOD: Final = 200
"""A list longer than this many pages is read as a whole correspondingly less often."""


class Why(StrEnum):
    """What a reconciliation was begun for."""

    SCHEDULED = "scheduled"
    """Its time has come."""
    REQUESTED = "requested"
    """A person asked."""
    GAP = "gap"
    """Deliveries are known to be missing."""


class Scan(StrEnum):
    """How much of a list is read."""

    WINDOW = "window"
    """What was changed between two moments."""
    DOWN_TO = "down_to"
    """The latest changed first, down to a moment."""
    FULL = "full"
    """All of it; what is missing there is asked for one by one."""


@dataclass(frozen=True, slots=True)
class Span:
    """One list to read. `since` is None for all of it, `until` where there is no end."""

    kind: EntityKind
    scan: Scan
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a plan is made from. `covered` and `full` say up to when each kind was read before, the latter as a whole.

    `counts` are the rows that the mirror holds.
    """

    now: datetime
    installed_at: datetime
    covered: Mapping[EntityKind, datetime]
    full: Mapping[EntityKind, datetime]
    counts: Mapping[EntityKind, int]
    full_every: timedelta

    def since(self, kind: EntityKind) -> datetime:
        return self.covered.get(kind, self.installed_at)

    def is_full_due(self, kind: EntityKind) -> bool:
        """Whether it is time to read the whole list; long ones wait longer."""
        pages = self.counts.get(kind, 0) / PER_PAGE
        period = min(LONGEST_PERIOD, self.full_every * max(1.0, pages / PAGES_A_PERIOD))
        return self.now - self.full.get(kind, self.installed_at) >= max(period, self.full_every)


def plan(why: Why, known: Known, gaps: Sequence[Gap]) -> tuple[Span, ...]:
    """The lists to read, in the order of reading; what gaps ask for is always among them."""
    wanted = [*_regular(why, known), *(span for gap in gaps for span in _of_gap(gap))]
    return tuple(span for kind in BACKFILLED for span in _merged([one for one in wanted if one.kind is kind]))


def _regular(why: Why, known: Known) -> Iterable[Span]:
    if why is Why.GAP:
        return
    for kind in BACKFILLED:
        if kind is EntityKind.ORDER:
            yield Span(kind, Scan.WINDOW, known.since(kind) - ZONES)
        elif why is Why.REQUESTED or known.is_full_due(kind):
            yield Span(kind, Scan.FULL)
        elif kind is EntityKind.PRODUCT:
            yield Span(kind, Scan.DOWN_TO, known.since(kind) - SKEW)


def _of_gap(gap: Gap) -> Iterable[Span]:
    """What its deliveries would have told: for a topic its kind, else all. Deletes show only in a whole list."""
    topic = ZID_TOPICS.get(gap.topic or "")
    if gap.topic is not None and (topic is None or not topic.mirrored):
        return
    for kind in BACKFILLED if topic is None else (topic.kind,):
        if kind is EntityKind.ORDER:
            yield Span(kind, Scan.WINDOW, gap.since - ZONES, gap.until + ZONES)
        elif kind is EntityKind.PRODUCT and topic is not None and not topic.deletes:
            yield Span(kind, Scan.DOWN_TO, gap.since - SKEW)
        else:
            yield Span(kind, Scan.FULL)


def _merged(spans: Sequence[Span]) -> Sequence[Span]:
    """One whole list holds every part of it; overlapping windows are one."""
    if any(span.scan is Scan.FULL for span in spans):
        return [Span(spans[0].kind, Scan.FULL)]
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.since or _ALWAYS):
        if found and _meet(found[-1], span):
            until = None if None in (found[-1].until, span.until) else max(_end(found[-1]), _end(span))
            found[-1] = replace(found[-1], until=until)
        else:
            found.append(span)
    return found


_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


def _meet(earlier: Span, later: Span) -> bool:
    return earlier.until is None or later.since is None or later.since <= earlier.until


def _end(span: Span) -> datetime:
    assert span.until is not None, "asked only of spans that end"
    return span.until


def allowance(rows: int) -> int:
    """How many missing rows may be asked for one by one in one reading; the rest waits for the next."""
    return 10 + rows // 20


def cost(span: Span, rows: int) -> int:
    """Calls at most, for a list of which the mirror knows so many rows: a quarter more may have come unnoticed."""
    if span.kind is EntityKind.CATEGORY:
        return 1 + allowance(rows)
    size = ListProducts.most_per_page if span.kind is EntityKind.PRODUCT else PER_PAGE
    pages = -(-(rows + rows // 4) // size) + 1
    return pages + allowance(rows)


BEYOND_RECOVERY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customer.login": "logins leave nothing to read",
        "product.publish": "told as product.update",
        "customer.merchant.update": "told as customer.update",
        "product.delete": "what was created and deleted in between is never seen",
        "category.delete": "what was created and deleted in between is never seen",
        "order.status.update": "statuses in between are known only where the order's history names them",
        "order.payment_status.update": "only the latest payment status is known",
        "product.update": "only the latest of several changes is known",
        "customer.update": "only the latest of several changes is known",
        "category.update": "only the latest of several changes is known",
        "abandoned_cart.created": "a cart that was created and bought in between is seen only as bought",
    }
)
"""What no reading brings back, by Zid's topic."""


def lost(topic: str | None) -> str | None:
    """What stays lost of a gap's deliveries, in one line; None where the reading tells everything."""
    if topic is not None:
        return BEYOND_RECOVERY.get(topic)
    return "; ".join(f"{name}: {why}" for name, why in BEYOND_RECOVERY.items())
