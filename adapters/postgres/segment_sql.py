"""A segment's rule as a condition on `known k`, its values as parameters. True or false for every row, never null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from adapters.postgres.event_filters import Conditions
from adapters.postgres.storable_text import storable
from core.domain.segment_rules import And, Comparison, Field, Not, Operator, Or, Rule

_DAYS: Final = "floor(extract(epoch FROM {as_of}::timestamptz - k.{column}) / 86400)"
_EXPRESSIONS: Final[Mapping[Field, str]] = MappingProxyType(
    {field: f"k.{field}" for field in Field}
    | {
        Field.FIRST_ORDER_DAYS: _DAYS.replace("{column}", "first_order_at"),
        Field.LAST_ORDER_DAYS: _DAYS.replace("{column}", "last_order_at"),
        Field.CITY: "k.city_folded",
        Field.CURRENCY: "k.currency_folded",
    }
)
_COUNTS_DAYS: Final = frozenset({Field.FIRST_ORDER_DAYS, Field.LAST_ORDER_DAYS})
_HAS_TAG: Final = "EXISTS (SELECT FROM unnest(k.tags) AS tag WHERE wasl_fold(tag) = {})"


def condition(rule: Rule, conditions: Conditions, as_of: datetime) -> str:
    """The rule's values, and the time where a rule counts days, are added to the arguments."""
    match rule:
        case Not(inner):
            return f"NOT {condition(inner, conditions, as_of)}"
        case And(rules):
            return f"({' AND '.join(condition(each, conditions, as_of) for each in rules)})"
        case Or(rules):
            return f"({' OR '.join(condition(each, conditions, as_of) for each in rules)})"
        case Comparison():
            return _comparison(rule, conditions, as_of)


def _comparison(rule: Comparison, conditions: Conditions, as_of: datetime) -> str:
    value = _value(rule, conditions)
    if rule.field is Field.TAG:
        has = _HAS_TAG.format(value)
        return f"(NOT {has})" if rule.operator is Operator.UNEQUAL else has
    known = _EXPRESSIONS[rule.field]
    if rule.field in _COUNTS_DAYS:
        known = known.format(as_of=conditions.number(as_of))
    if rule.operator is Operator.UNEQUAL:
        return f"({known} IS DISTINCT FROM {value})"
    return f"coalesce({known} {rule.operator} {value}, false)"


def _value(rule: Comparison, conditions: Conditions) -> str:
    if isinstance(rule.value, str):
        return f"{conditions.number(storable(rule.value))}::text"
    return f"{conditions.number(rule.value)}::numeric"
