"""Customers. Zid publishes no path to add, change or delete a single one (U23)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from core.domain.operations.operation import Listing, Operation, Write, refuse_unless
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


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A person with a mobile number (`+9665…`)."""

    name: str
    mobile: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class CreateCustomers(Write[Sequence[Customer]]):
    """Makes customers, several at once. A known mobile brings back the customer who has it (U28)."""

    customers: tuple[NewCustomer, ...]
    scope: ClassVar[str] = "third_customers_write"
    check: ClassVar[str] = "List customers and look for the mobile numbers."

    def __post_init__(self) -> None:
        refuse_unless(len(self.customers) > 0, "customers", "at least one customer")


@dataclass(frozen=True, slots=True)
class RemoveCustomerTag(Write[Customer]):
    """Takes a tag off a customer; Zid publishes no path to put one on."""

    customer_id: str
    tag_id: str
    scope: ClassVar[str] = "third_customers_write"
    check: ClassVar[str] = "Get the customer and look at the tags."
