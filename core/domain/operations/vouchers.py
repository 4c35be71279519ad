"""Vouchers of a product, and those of an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.domain.operations.files import Upload
from core.domain.operations.operation import Listing, Write
from core.domain.operations.orders import refuse_naive
from core.domain.results.voucher import Voucher, VoucherStatus
from core.domain.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ListVouchers(Listing[Voucher]):
    """The vouchers of a product."""

    product_id: str
    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrderVouchers(Listing[Voucher]):
    """The vouchers an order was served with."""

    order_id: str
    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFields:
    """What a voucher is made of; the key is always sent."""

    key: Secret
    status: VoucherStatus | None = None
    serial_number: str | None = None
    pin_code: Secret | None = None
    expires_at: datetime | None = None
    order_id: str | None = None

    def __post_init__(self) -> None:
        refuse_naive(self.expires_at, "expires_at")


@dataclass(frozen=True, slots=True)
class CreateVoucher(Write[Voucher]):
    """A new voucher of a product."""

    product_id: str
    fields: VoucherFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the vouchers and look for its key."


@dataclass(frozen=True, slots=True)
class UpdateVoucher(Write[Voucher]):
    """Changes a voucher."""

    product_id: str
    voucher_id: str
    fields: VoucherFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the vouchers and compare."


@dataclass(frozen=True, slots=True)
class DeleteVoucher(Write[None]):
    """Removes a voucher."""

    product_id: str
    voucher_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the vouchers: it is gone when it is missing."


@dataclass(frozen=True, slots=True)
class ImportVouchers(Write[None]):
    """Reads vouchers from a file."""

    product_id: str
    file: Upload
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the vouchers before importing the same file again."


@dataclass(frozen=True, slots=True)
class ExportVouchers(Write[None]):
    """Has Zid send the vouchers by mail, to the merchant or to `email`."""

    product_id: str
    email: str | None = None
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Ask whether the mail came; asking twice sends two."
