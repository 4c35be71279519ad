"""Customers. Zid publishes no path to add, change or delete a single one (U23)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.domain.operations.operation import Listing, Operation
from core.domain.results.customer import Customer


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCustomers(Listing[Customer]):
    """Customers by cursor; by numbered pages where Zid hands out none (X32)."""

    scope: ClassVar[str] = "customers.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrimaryCustomers(Listing[Customer]):
    """Lighter rows, without tags."""

    scope: ClassVar[str] = "third_customers_read"


@dataclass(frozen=True, slots=True)
class GetCustomer(Operation[Customer]):
    """One customer with the last orders."""

    customer_id: str
    scope: ClassVar[str] = "customers.read"
