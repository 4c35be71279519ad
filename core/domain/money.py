"""Money as Zid writes it (14-decimal strings, noisy floats, integers), read as exact decimals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

_CENT_NOISE: Final = Decimal("0.0001")
_LARGEST: Final = 20
"""Digits before the point, less one, beyond which a number is no amount of money."""


def parse_amount(value: object) -> Decimal | None:
    """The amount rounded to 4 decimals and without trailing zeros, or None when there is none.

    Floats such as 200.00000086523 carry noise of Zid's own making; four decimals
    keep every real currency and drop the noise.
    """
    if value is None or isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        amount = Decimal(value if isinstance(value, int) else str(value).replace(",", "").strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount.adjusted() > _LARGEST:
        return None
    rounded = amount.quantize(_CENT_NOISE)
    whole = rounded.to_integral_value()
    return whole if rounded == whole else rounded.normalize()


_WRITTEN: Final = re.compile(r"[^\d-]*(-?\d[\d,]*(?:\.\d+)?)\D*")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and the code of its currency, which Zid leaves out in places."""

    amount: Decimal
    currency: str | None = None

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}" if self.currency else str(self.amount)


def read_money(value: object, currency: object = None) -> Money | None:
    """An amount in any of Zid's forms, also as written for people (`"11,523.00 SAR"`, `" SAR 9.00"`)."""
    amount = parse_amount(value)
    if amount is None and isinstance(value, str) and (written := _WRITTEN.fullmatch(value)):
        amount = parse_amount(written.group(1))
    if amount is None:
        return None
    return Money(amount, currency if isinstance(currency, str) and currency else None)
