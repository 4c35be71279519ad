"""Saved segments, and the customers who belong to a rule."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.domain.audit import AuditEntry
from core.domain.customer_facts import CustomerFacts
from core.domain.keyset import Page, Position
from core.domain.segment_rules import Rule
from core.domain.segments import Segment, SegmentDraft, SegmentId
from core.errors import WaslError
from core.ids import StoreId


class NameTaken(WaslError):
    """The store has a segment of this name: choose another, or change that one."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the store has a segment named {name!r} already")
        self.name = name


class Segments(Protocol):
    """Saved rules of stores. Each change is audited in its own transaction."""

    @abstractmethod
    async def add(self, store_id: StoreId, draft: SegmentDraft, *, audit: AuditEntry) -> Segment:
        """Raises NameTaken."""

    @abstractmethod
    async def change(
        self, store_id: StoreId, segment_id: SegmentId, draft: SegmentDraft, *, audit: AuditEntry
    ) -> Segment | None:
        """None, and no audit, when the store has no such segment. Raises NameTaken."""

    @abstractmethod
    async def remove(self, store_id: StoreId, segment_id: SegmentId, *, audit: AuditEntry) -> bool:
        """Whether there was one; audited if so."""

    @abstractmethod
    async def get(self, store_id: StoreId, segment_id: SegmentId) -> Segment | None: ...

    @abstractmethod
    async def all(self, store_id: StoreId) -> Sequence[Segment]:
        """By id."""


class Audience(Protocol):
    """Who belongs to a rule: customers of the mirror and those known by their orders alone."""

    @abstractmethod
    async def members(
        self, store_id: StoreId, rule: Rule, *, as_of: datetime, after: Position | None = None, limit: int = 50
    ) -> Page[CustomerFacts]:
        """By customer id. Agrees with `matches` on every customer."""

    @abstractmethod
    async def count(self, store_id: StoreId, rule: Rule, *, as_of: datetime) -> int:
        """How many belong, exactly."""

    @abstractmethod
    async def facts(self, store_id: StoreId, customer_id: str) -> CustomerFacts | None:
        """One customer's numbers; None for one who is neither in the mirror nor in an order that counts."""
