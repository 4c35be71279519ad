"""Credit and debit notes of an order."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from core.domain.documents import Document, rows, text
from core.domain.money import Money, parse_amount, read_money
from core.domain.results.fields import every, lower, needed_id, same_id, whole


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One product of a note."""

    product_id: str | None
    sku: str | None
    name: str | None
    quantity: int
    total: Money | None
    tax_amount: Money | None
    tax_percentage: Decimal | None

    @classmethod
    def read(cls, line: Document, currency: str | None) -> NoteLine:
        return cls(
            product_id=same_id(line.get("product_id")),
            sku=text(line.get("sku")),
            name=text(line.get("name")),
            quantity=whole(line.get("quantity")) or 0,
            total=read_money(line.get("total"), currency),
            tax_amount=read_money(line.get("tax_amount"), currency),
            tax_percentage=parse_amount(line.get("tax_percentage")),
        )


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A note; `kind` is credit_note or debit_note."""

    id: str
    order_id: str | None
    kind: str | None
    invoice_number: str | None
    original_invoice_number: str | None
    reason: str | None
    payment_status: str | None
    total: Money | None
    lines: tuple[NoteLine, ...]
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, note: Document) -> CreditNote:
        currency = text(note.get("currency_code"))
        return cls(
            id=needed_id(note, "a credit note"),
            order_id=text(note.get("order_id")),
            kind=lower(note.get("invoice_type")),
            invoice_number=text(note.get("invoice_number")),
            original_invoice_number=text(note.get("original_invoice_number")),
            reason=text(note.get("issue_reason")),
            payment_status=lower(note.get("payment_status")),
            total=read_money(note.get("order_total"), currency),
            lines=tuple(NoteLine.read(line, currency) for line in rows(note, "items")),
            raw=note,
        )


@dataclass(frozen=True, slots=True)
class CreditNotes:
    """The notes of an order, and what came back."""

    notes: tuple[CreditNote, ...]
    returned: tuple[NoteLine, ...]
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, payload: Document) -> CreditNotes:
        return cls(
            notes=every(CreditNote.read, payload, "credit_notes"),
            returned=tuple(NoteLine.read(line, None) for line in rows(payload, "returned_items")),
            raw=payload,
        )
