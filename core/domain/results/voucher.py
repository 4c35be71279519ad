"""Vouchers: keys that are sold."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.domain.documents import Document, sub, text
from core.domain.results.fields import needed_id, same_id
from core.domain.secret import Secret
from core.domain.timestamps import parse_time


class VoucherStatus(StrEnum):
    AVAILABLE = "AVAILABLE"
    SOLD = "SOLD"
    RESERVED = "RESERVED"
    RETURNED = "RETURNED"


@dataclass(frozen=True, slots=True)
class Voucher:
    """One voucher. Whoever knows `key` and `pin_code` owns what it is worth; `repr` shows neither."""

    id: str
    product_id: str | None
    order_id: str | None
    status: str | None
    key: Secret | None
    pin_code: Secret | None
    serial_number: str | None
    expires_at: datetime | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, voucher: Document) -> Voucher:
        return cls(
            id=needed_id(voucher, "a voucher"),
            product_id=same_id(voucher.get("product_id")),
            order_id=text(voucher.get("order")) or text(sub(voucher, "order").get("id")),
            status=text(voucher.get("status")),
            key=_secret(voucher.get("key")),
            pin_code=_secret(voucher.get("pin_code")),
            serial_number=text(voucher.get("serial_number")),
            expires_at=parse_time(voucher.get("expires_at")),
            raw=voucher,
        )


def _secret(value: object) -> Secret | None:
    found = text(value)
    return Secret(found) if found else None
