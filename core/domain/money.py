"""Money as Zid writes it (14-decimal strings, noisy floats, integers), read as exact decimals."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

_CENT_NOISE: Final = Decimal("0.0001")


def parse_amount(value: object) -> Decimal | None:
    """The amount rounded to 4 decimals and without trailing zeros, or None when there is none.

    Floats such as 200.00000086523 carry noise of Zid's own making; four decimals
    keep every real currency and drop the noise.
    """
    if value is None or value == "" or isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        amount = Decimal(str(value).replace(",", "").strip())
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    rounded = amount.quantize(_CENT_NOISE).normalize()
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral() else rounded
