"""A segment as CSV: line by line, so that a segment of any size is never held whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from core.domain.keyset import Position
from core.domain.segment_rules import Rule
from core.ids import StoreId
from core.ports.segments import Audience

COLUMNS: Final = (
    "customer_id",
    "name",
    "email",
    "mobile",
    "city",
    "currency",
    "orders",
    "total_spent",
    "average_order",
    "first_order_at",
    "last_order_at",
    "recency",
    "frequency",
    "value",
    "tags",
)
PAGE: Final = 1000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class ExportSegment:
    """Reads the members page by page; each page is of its own moment."""

    def __init__(self, audience: Audience, *, page: int = PAGE) -> None:
        self._audience = audience
        self._page = page

    async def lines(self, store_id: StoreId, rule: Rule, *, as_of: datetime) -> AsyncIterator[str]:
        """The header and a line per customer, each ended by CR LF (RFC 4180). Raises Unavailable."""
        yield _line(COLUMNS)
        after: Position | None = None
        while True:
            page = await self._audience.members(store_id, rule, as_of=as_of, after=after, limit=self._page)
            for facts in page.items:
                yield _line(tuple(_cell(getattr(facts, column)) for column in COLUMNS))
            if page.next is None:
                return
            after = page.next


def _line(cells: tuple[str, ...]) -> str:
    return ",".join(map(_quoted, cells)) + "\r\n"


def _cell(value: str | int | Decimal | datetime | tuple[str, ...] | None) -> str:
    """Times as RFC 3339, amounts without exponent; a text that a spreadsheet would run gets a quote before it."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case Decimal():
            return f"{value:f}"
        case tuple():
            return _cell("; ".join(value))
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case int():
            return str(value)


def _quoted(cell: str) -> str:
    if any(sign in cell for sign in ',"\r\n'):
        escaped = cell.replace('"', '""')
        return f'"{escaped}"'
    return cell
