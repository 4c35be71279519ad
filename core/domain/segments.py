"""Segments: named rules about customers, those of recency–frequency–value among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, NewType

from core.domain.bounds import OutOfBounds, bounded_text
from core.domain.segment_grammar import LONGEST, parse

SegmentId = NewType("SegmentId", int)
NAME_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class Segment:
    """A saved rule, as it was written. Its name is unique within the store."""

    segment_id: SegmentId
    name: str
    rule: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SegmentDraft:
    """A name and a rule that were checked. Make it with `of`."""

    name: str
    rule: str

    @classmethod
    def of(cls, name: str, rule: str) -> SegmentDraft:
        """OutOfBounds for what cannot be stored, RuleError for a rule that cannot be read."""
        name = bounded_text("name", name.strip(), NAME_LENGTH)
        if not name:
            raise OutOfBounds("name", "is empty")
        rule = bounded_text("rule", rule.strip(), LONGEST)
        parse(rule)
        return cls(name, rule)


# Quintiles, 5 the best. Read from top to bottom, the first that fits names a customer:
# each rule therefore leaves out the ones above it.
_CLASSES: Final = (
    ("champions", "recency >= 4 and frequency >= 4 and value >= 4"),
    ("loyal", "recency >= 3 and frequency >= 4"),
    ("new", "recency >= 4 and orders = 1"),
    ("promising", "recency >= 3"),
    ("at_risk", "frequency >= 4 or value >= 4"),
    ("lost", "orders >= 1"),
    ("never_bought", "orders = 0"),
)


def _exclusive() -> dict[str, str]:
    found: dict[str, str] = {}
    above: list[str] = []
    for name, rule in _CLASSES:
        found[name] = " and ".join([f"({rule})", *(f"not ({each})" for each in above)])
        above.append(rule)
    return found


RFM_CLASSES: Final[Mapping[str, str]] = MappingProxyType(_exclusive())
"""The built-in segments: every customer belongs to exactly one."""
