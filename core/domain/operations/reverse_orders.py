"""Returns and refunds (docs group "reverse orders"). To read one, get its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from core.domain.operations.files import Upload
from core.domain.operations.operation import Operation, Write, refuse_unless
from core.domain.results.order import InvoiceLine
from core.domain.results.reverse_order import ReverseOrder, ReverseReason

LARGEST_RECEIPT: Final = 5 * 1024 * 1024
_READ_THE_ORDER: Final = "Get the order and look at its reverse orders."


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """How many of an order's line come back."""

    line_id: str
    quantity: int

    def __post_init__(self) -> None:
        refuse_unless(self.quantity > 0, "quantity", "at least one")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateReverseOrder(Write[ReverseOrder]):
    """Starts a return, of everything or of some lines."""

    order_id: str
    consignee_name: str
    consignee_mobile: str
    consignee_city_id: str
    consignee_address_1: str
    consignee_address_2: str | None = None
    reasons: tuple[ReverseReason, ...] = ()
    lines: tuple[ReturnLine, ...] = ()
    inventory_location_id: str | None = None
    refund_payment_method: str | None = None
    packages_count: int | None = None
    shipping_method: str | None = None
    scope: ClassVar[str] = "orders.read_write"
    check: ClassVar[str] = _READ_THE_ORDER

    @property
    def is_partial(self) -> bool:
        """Naming lines makes the return partial."""
        return len(self.lines) > 0


@dataclass(frozen=True, slots=True)
class CreateReturnWaybill(Write[ReverseOrder]):
    """Has the courier called for a return."""

    order_id: str
    is_standalone_zidship_waybill: bool = False
    scope: ClassVar[str] = "orders.read_write"
    check: ClassVar[str] = _READ_THE_ORDER


@dataclass(frozen=True, slots=True)
class ListReverseReasons(Operation[Sequence[ReverseReason]]):
    """The reasons the store offers."""

    name: str | None = None
    scope: ClassVar[str] = "orders.read_write"


@dataclass(frozen=True, slots=True)
class CreateReverseReason(Write[ReverseReason]):
    """One more reason."""

    name: str
    scope: ClassVar[str] = "orders.read_write"
    check: ClassVar[str] = "List the reasons and look for its name."


@dataclass(frozen=True, slots=True)
class CalculateReturn(Operation[Sequence[InvoiceLine]]):
    """What a return would be worth; nothing is changed, though Zid asks for a POST."""

    order_id: str
    lines: tuple[ReturnLine, ...] = ()
    scope: ClassVar[str] = "orders.read_write"

    @property
    def is_partial(self) -> bool:
        """Naming lines makes the return partial."""
        return len(self.lines) > 0


@dataclass(frozen=True, slots=True)
class RefundReverseOrder(Write[ReverseOrder]):
    """Gives money back: at most `refundable`, by one of the `refund_methods` of the reverse order."""

    reverse_order_id: str
    amount: Decimal
    payment_method: str
    notes: str | None = None
    scope: ClassVar[str] = "orders.read_write"
    check: ClassVar[str] = "Get the order and look at the refund of its reverse order: never refund twice."

    def __post_init__(self) -> None:
        refuse_unless(self.amount > 0, "amount", "more than nothing")


@dataclass(frozen=True, slots=True)
class UploadRefundReceipt(Write[ReverseOrder]):
    """The receipt a refund by bank transfer needs; it may come later. A picture of up to 5 MB."""

    refund_id: str
    image: Upload
    scope: ClassVar[str] = "orders.read_write"
    check: ClassVar[str] = "Get the order and look at the refund's receipt."

    def __post_init__(self) -> None:
        refuse_unless(len(self.image.content) <= LARGEST_RECEIPT, "image", "at most 5 MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedLine:
    """What became of a returned product, in pieces."""

    id: str
    received: int = 0
    not_received: int = 0
    damaged: int = 0

    def __post_init__(self) -> None:
        counts = (self.received, self.not_received, self.damaged)
        refuse_unless(min(counts) >= 0 and sum(counts) > 0, "received", "at least one piece in all")


@dataclass(frozen=True, slots=True)
class ReceiveReturn(Write[ReverseOrder]):
    """Notes what came back; all lines or none are taken."""

    reverse_order_id: str
    lines: tuple[ReceivedLine, ...]
    scope: ClassVar[str] = "orders.read_write"
    check: ClassVar[str] = _READ_THE_ORDER

    def __post_init__(self) -> None:
        refuse_unless(len(self.lines) > 0, "lines", "at least one line")
