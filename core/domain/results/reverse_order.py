"""Returns and refunds (docs group "reverse orders"). Zid neither lists them nor gets one: orders carry them."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.documents import Document, rows, sub, text
from core.domain.money import Money, read_money
from core.domain.results.fields import every, flag, lower, needed_id, same_id, texts, whole


@dataclass(frozen=True, slots=True)
class ReverseReason:
    """Why customers return things, as the store words it."""

    id: str
    name: str | None

    @classmethod
    def read(cls, reason: Document) -> ReverseReason:
        return cls(needed_id(reason, "a reason"), text(reason.get("name")))


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """One product of a return. `id` is what received quantities are noted by."""

    id: str
    line_id: str | None
    product_id: str | None
    quantity: int | None
    reversed_quantity: int | None
    received_quantity: int | None
    not_received_quantity: int | None
    damaged_quantity: int | None

    @classmethod
    def read(cls, line: Document) -> ReturnedLine:
        return cls(
            id=needed_id(line, "a returned product"),
            line_id=text(line.get("order_product_id")),
            product_id=same_id(line.get("product_uuid")),
            quantity=whole(line.get("quantity")),
            reversed_quantity=whole(line.get("reversed_quantity")),
            received_quantity=whole(line.get("received_quantity")),
            not_received_quantity=whole(line.get("not_received_quantity")),
            damaged_quantity=whole(line.get("damaged_quantity")),
        )


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back. `receipt_url` is what a bank transfer needs, possibly later."""

    id: str
    amount: Money | None
    method: str | None
    notes: str | None
    receipt_url: str | None

    @classmethod
    def read(cls, refund: Document) -> Refund:
        return cls(
            id=needed_id(refund, "a refund"),
            amount=read_money(refund.get("amount")),
            method=lower(refund.get("payment_method")),
            notes=text(refund.get("notes")),
            receipt_url=text(refund.get("bank_transfer_receipt")),
        )


@dataclass(frozen=True, slots=True)
class ReverseOrder:
    """A return. `refundable` and `refund_methods` bound what may be refunded: read both first."""

    id: str
    order_id: str | None
    is_partial: bool | None
    reasons: tuple[str, ...]
    lines: tuple[ReturnedLine, ...]
    total: Money | None
    refundable: Money | None
    refund: Refund | None
    refund_methods: tuple[str, ...]
    shipment_status: str | None
    tracking_number: str | None
    tracking_url: str | None
    waybill_url: str | None
    inventory_location_id: str | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, reverse: Document) -> ReverseOrder:
        """`waybill` is null, a list or an object; reasons are objects or strings; `is_partial` a bool or 0/1."""
        waybill = sub(reverse, "waybill")
        named = tuple(name for row in rows(reverse, "reason") if (name := text(row.get("name"))))
        return cls(
            id=needed_id(reverse, "a reverse order"),
            order_id=text(reverse.get("order_id")),
            is_partial=flag(reverse.get("is_partial")),
            reasons=named + texts(reverse.get("reason")),
            lines=every(ReturnedLine.read, reverse, "products"),
            total=read_money(reverse.get("reverse_total")),
            refundable=read_money(reverse.get("refund_total")),
            refund=_refund(sub(reverse, "refund")),
            refund_methods=tuple(
                code for row in rows(reverse, "available_refund_payment_methods") if (code := lower(row.get("code")))
            ),
            shipment_status=lower(reverse.get("shipment_status")) or lower(waybill.get("status")),
            tracking_number=text(waybill.get("tracking_number")),
            tracking_url=text(waybill.get("tracking_url")),
            waybill_url=text(waybill.get("label")),
            inventory_location_id=same_id(reverse.get("inventory_location_id")),
            raw=reverse,
        )


def _refund(refund: Document) -> Refund | None:
    return Refund.read(refund) if text(refund.get("id")) else None
