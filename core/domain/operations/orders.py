"""Orders (docs group "orders")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.domain.documents import Document
from core.domain.operations.operation import Operation


@dataclass(frozen=True, slots=True)
class GetOrder(Operation[Document]):
    """One order as Zid shows it (GET …/orders/{id}/view)."""

    order_id: str
    scope: ClassVar[str] = "orders.read"
