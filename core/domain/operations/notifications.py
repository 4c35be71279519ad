"""Telling customers that a product is available again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.domain.keep import KEEP, Keep
from core.domain.names import Name
from core.domain.operations.operation import Listing, Operation, Write
from core.domain.operations.orders import refuse_naive
from core.domain.results.notification import AvailabilityNotice, AvailabilitySettings, AvailabilityStats


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNotices(Listing[AvailabilityNotice]):
    """Who waits for what; `q` looks at the customer."""

    q: str | None = None
    product_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    scope: ClassVar[str] = "products.read"

    def __post_init__(self) -> None:
        Listing.__post_init__(self)
        refuse_naive(self.created_from, "created_from")
        refuse_naive(self.created_to, "created_to")


@dataclass(frozen=True, slots=True)
class GetNoticeStats(Operation[AvailabilityStats]):
    """How much waiting there is."""

    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class GetNoticeSettings(Operation[AvailabilitySettings]):
    """What customers are told, and when."""

    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNoticeSettings(Write[None]):
    """Changes what customers are told, and when."""

    delay_unit: str | Keep = KEEP
    delay_value: int | Keep = KEEP
    email_title: Name | Keep = KEEP
    email_text: Name | Keep = KEEP
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the settings and compare."


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNotice(Write[None]):
    """Sends one message now."""

    product_id: str
    email: str
    customer_name: str
    method: str = "email"
    language: str | None = None
    title: str | None = None
    content: str | None = None
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the notices: is_notified says that it was sent. Sending again sends two."


@dataclass(frozen=True, slots=True)
class ExportNotices(Write[None]):
    """Has Zid send the waiting list by mail."""

    email: str
    is_notified: bool
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Ask whether the mail came; asking twice sends two."


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNotice(Write[AvailabilityNotice]):
    """Puts a customer on the waiting list of a product."""

    product_id: str
    email: str
    language: str | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    customer_phone: str | None = None
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the notices of the product and look for the e-mail address."
