"""What is known about a customer from their orders: what segments are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

UNCOUNTED_STATUSES: Final = frozenset(
    {"cancelled", "reversed", "failed", "refunded", "chargeback", "expired", "voided", "denied"}
)
UNCOUNTED_PAYMENTS: Final = frozenset({"refunded", "voided"})
QUINTILES: Final = 5
_CENT: Final = Decimal("0.01")


def counts(status: str | None, payment_status: str | None) -> bool:
    """Whether an order counts as bought: it was neither cancelled nor given back, and did come about.

    The migrations hold the same rule as the column `counts`, which a test compares with this.
    """
    return status not in UNCOUNTED_STATUSES and payment_status not in UNCOUNTED_PAYMENTS


def average(total: Decimal, number: int) -> Decimal | None:
    """To two decimals, half away from zero; None of nothing."""
    return (total / number).quantize(_CENT, ROUND_HALF_UP) if number else None


def quintile(not_above: int, number: int) -> int:
    """1–5: where one stands of `number`, when `not_above` have no more than they have; equals stand equal."""
    return -(-QUINTILES * not_above // number)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer of one store, with the numbers of those of their orders that count.

    `currency` is that of the latest order; `total_spent` and `average_order` are of the
    orders in it. `recency`, `frequency` and `value` are quintiles within the store
    (`value` among customers of the same currency), 5 the best; None without orders.
    """

    customer_id: str
    name: str | None = None
    email: str | None = None
    mobile: str | None = None
    city: str | None = None
    currency: str | None = None
    orders: int = 0
    total_spent: Decimal = Decimal(0)
    average_order: Decimal | None = None
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    recency: int | None = None
    frequency: int | None = None
    value: int | None = None
    tags: tuple[str, ...] = ()
