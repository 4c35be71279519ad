"""Preferences, notes and tags of customers, kept by us."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.audit import AuditEntry
from core.domain.customer_records import CustomerRecord, RecordChange
from core.ids import StoreId


class CustomerRecords(Protocol):
    """One record per customer of a store; they stay when the store uninstalls."""

    @abstractmethod
    async def get(self, store_id: StoreId, customer_id: str) -> CustomerRecord:
        """An empty record where nobody wrote any. Raises Unavailable."""

    @abstractmethod
    async def change(
        self, store_id: StoreId, customer_id: str, change: RecordChange, *, audit: AuditEntry
    ) -> CustomerRecord:
        """The record afterwards. Concurrent changes take turns: none is lost, each is audited in its transaction.

        Raises OutOfBounds, and neither changes nor audits anything, when the result would not fit.
        """
