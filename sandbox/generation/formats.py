"""How Zid writes money and time: 14 decimals here, noisy floats there, naive UTC beside ISO Z."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

CURRENCY = "SAR"


def decimals(value: float, places: int = 14) -> str:
    """`211.44999892193` as `"211.44999892193000"`: padded, not rounded to anything sensible."""
    return format(Decimal(repr(round(value, 11))), f".{places}f")


def amount_string(value: float) -> str:
    """`"11,523.00 SAR"`."""
    return f"{value:,.2f} {CURRENCY}"


def formatted_price(value: float | None) -> str | None:
    """`" SAR 9.00"`, with the leading space of the products family."""
    return None if value is None else f" {CURRENCY} {value:.2f}"


def noisy(value: float) -> float:
    """Eleven decimals, as the line prices of recorded orders carry."""
    return round(value, 11)


def naive_utc(at: float) -> str:
    """`"2026-01-30 15:56:02"`: UTC without saying so."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso_seconds(at: float) -> str:
    """`"2021-01-19T12:24:26.000000Z"`: whole seconds written with microseconds (customers)."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def iso_micros(at: float) -> str:
    """`"2025-12-15T08:42:07.070592Z"` (products)."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day(at: float) -> str:
    """`"2026-02-17"`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def issue_date(at: float, utc_offset_hours: float) -> str:
    """`"31-01-2026 | 03:56 ص"`: store-local, Arabic AM/PM in every language."""
    local = datetime.fromtimestamp(at, UTC) + timedelta(hours=utc_offset_hours)
    return f"{local:%d-%m-%Y | %I:%M} {'ص' if local.hour < 12 else 'م'}"


def parse_naive(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


def humanized(seconds: float) -> str:
    days = int(seconds // 86_400)
    if days:
        return f"{days} day{'s' if days > 1 else ''} ago"
    hours = int(seconds // 3_600)
    return f"{hours} hour{'s' if hours != 1 else ''} ago" if hours else "1 second ago"
