"""Rules that say which customers belong to a segment: `orders >= 3 and city = "Riyadh"`.

::

    rule       = term { "or" term }
    term       = factor { "and" factor }
    factor     = "not" factor | "(" rule ")" | comparison
    comparison = field operator value

A number has digits of either script; a text stands in quotes and is compared
regardless of spelling (`core.domain.arabic`). What is not known equals nothing: every
comparison with it is false, but for `!=`, which is true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final

from core.domain.arabic import fold
from core.domain.customer_facts import CustomerFacts


class Kind(Enum):
    """What a field holds."""

    NUMBER = "a number"
    TEXT = "a text in quotes"
    TEXTS = "a text in quotes, one of several the customer has"


class Field(StrEnum):
    """What rules may ask about."""

    ORDERS = "orders"
    TOTAL_SPENT = "total_spent"
    AVERAGE_ORDER = "average_order"
    FIRST_ORDER_DAYS = "first_order_days"
    LAST_ORDER_DAYS = "last_order_days"
    RECENCY = "recency"
    FREQUENCY = "frequency"
    VALUE = "value"
    CITY = "city"
    CURRENCY = "currency"
    TAG = "tag"


class Operator(StrEnum):
    """How a field is compared. Texts know `=` and `!=` only."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


KINDS: Final[Mapping[Field, Kind]] = MappingProxyType(
    dict.fromkeys(Field, Kind.NUMBER) | {Field.CITY: Kind.TEXT, Field.CURRENCY: Kind.TEXT, Field.TAG: Kind.TEXTS}
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`value` is a Decimal for a number, the folded spelling for a text."""

    field: Field
    operator: Operator
    value: Decimal | str


@dataclass(frozen=True, slots=True)
class Not:
    """True where `rule` is not."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class And:
    """True where all of them are."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where one of them is."""

    rules: tuple[Rule, ...]


Rule = Comparison | Not | And | Or

_NUMBERS: Final[Mapping[Operator, Callable[[Decimal, Decimal], bool]]] = MappingProxyType(
    {
        Operator.EQUAL: Decimal.__eq__,
        Operator.LESS: Decimal.__lt__,
        Operator.AT_MOST: Decimal.__le__,
        Operator.MORE: Decimal.__gt__,
        Operator.AT_LEAST: Decimal.__ge__,
    }
)


def matches(rule: Rule, facts: CustomerFacts, as_of: datetime) -> bool:
    """Whether the customer belongs, seen at that time. What adapters make of the rule must agree with this."""
    match rule:
        case Not(inner):
            return not matches(inner, facts, as_of)
        case And(rules):
            return all(matches(each, facts, as_of) for each in rules)
        case Or(rules):
            return any(matches(each, facts, as_of) for each in rules)
        case Comparison(_, Operator.UNEQUAL, _):
            return not _holds(replace(rule, operator=Operator.EQUAL), facts, as_of)
        case Comparison():
            return _holds(rule, facts, as_of)


def _holds(comparison: Comparison, facts: CustomerFacts, as_of: datetime) -> bool:
    if isinstance(comparison.value, str):
        return comparison.value in _texts(comparison.field, facts)
    known = _number(comparison.field, facts, as_of)
    return known is not None and _NUMBERS[comparison.operator](known, comparison.value)


def _texts(field: Field, facts: CustomerFacts) -> tuple[str, ...]:
    found = {Field.CITY: (facts.city,), Field.CURRENCY: (facts.currency,), Field.TAG: facts.tags}[field]
    return tuple(fold(text) for text in found if text is not None)


def _number(field: Field, facts: CustomerFacts, as_of: datetime) -> Decimal | None:
    match field:
        case Field.FIRST_ORDER_DAYS:
            return _days(facts.first_order_at, as_of)
        case Field.LAST_ORDER_DAYS:
            return _days(facts.last_order_at, as_of)
        case _:
            known: int | Decimal | None = getattr(facts, field.value)
            return None if known is None else Decimal(known)


def _days(since: datetime | None, as_of: datetime) -> Decimal | None:
    """Whole days, downwards: an order of this minute is 0 days ago, one of tomorrow -1."""
    return None if since is None else Decimal((as_of - since) // timedelta(days=1))
