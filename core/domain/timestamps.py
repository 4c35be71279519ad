"""Zid's three ways of writing a time, read as one: aware UTC.

Orders carry naive `YYYY-MM-DD HH:MM:SS` in UTC; customers and coupons ISO with
`…000000Z`; products ISO 8601 with microseconds and `Z`.
"""

from __future__ import annotations

from datetime import UTC, datetime


def parse_time(value: object) -> datetime | None:
    """An aware UTC time, or None for what is absent, empty or not a time."""
    if not isinstance(value, str) or not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
