"""Vouchers, and customers who wait for a product (products family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import nothing, one
from adapters.zid.encoding import Parts, as_form, as_json, as_multipart, filters, number, parts
from adapters.zid.headers import Family
from adapters.zid.listings import linked
from adapters.zid.route import Route, Table
from core.domain.operations.notifications import (
    AddNotice,
    ChangeNoticeSettings,
    ExportNotices,
    GetNoticeSettings,
    GetNoticeStats,
    ListNotices,
    SendNotice,
)
from core.domain.operations.vouchers import (
    CreateVoucher,
    DeleteVoucher,
    ExportVouchers,
    ImportVouchers,
    ListOrderVouchers,
    ListVouchers,
    UpdateVoucher,
    VoucherFields,
)
from core.domain.results.notification import AvailabilityNotice, AvailabilitySettings, AvailabilityStats
from core.domain.results.voucher import Voucher, VoucherStatus

_PRODUCT: Final = "/v1/products/{product_id}/"
_VOUCHERS: Final = _PRODUCT + "vouchers/"
_VOUCHER: Final = _VOUCHERS + "{voucher_id}/"
_NOTICES: Final = "/v1/products/notifications/"


def _voucher(wanted: CreateVoucher | UpdateVoucher) -> Parts:
    made_of: VoucherFields = wanted.fields
    return {
        **parts("status", "serial_number", "expires_at")(made_of),
        "key": made_of.key.reveal(),
        **({"pin_code": made_of.pin_code.reveal()} if made_of.pin_code else {}),
        **({"order": number(made_of.order_id)} if made_of.order_id else {}),
    }


VOUCHER_ROWS: Final[Table] = MappingProxyType(
    {
        ListVouchers: linked(_VOUCHERS, Voucher.read),
        ListOrderVouchers: linked("/v1/order-vouchers/{order_id}/", Voucher.read),
        CreateVoucher: Route(
            "POST",
            Family.PRODUCTS,
            _VOUCHERS,
            one(Voucher.read),
            payload=as_json(lambda wanted: {"status": VoucherStatus.AVAILABLE, **_voucher(wanted)}),
        ),
        UpdateVoucher: Route("PATCH", Family.PRODUCTS, _VOUCHER, one(Voucher.read), payload=as_json(_voucher)),
        DeleteVoucher: Route("DELETE", Family.PRODUCTS, _VOUCHER, nothing),
        ImportVouchers: Route(
            "POST", Family.PRODUCTS, _VOUCHERS + "import/", nothing, payload=as_multipart(parts("file"))
        ),
        ExportVouchers: Route("POST", Family.PRODUCTS, _VOUCHERS + "export/", nothing, payload=as_json(parts("email"))),
    }
)

NOTICE_ROWS: Final[Table] = MappingProxyType(
    {
        ListNotices: linked(
            _NOTICES,
            AvailabilityNotice.read,
            query=filters("q", "product_id", created_from="created_at__gte", created_to="created_at__lte"),
        ),
        GetNoticeStats: Route("GET", Family.PRODUCTS, _NOTICES + "stats/", one(AvailabilityStats.read)),
        GetNoticeSettings: Route(
            "GET", Family.PRODUCTS, _NOTICES + "settings/", one(AvailabilitySettings.read, "settings")
        ),
        ChangeNoticeSettings: Route(
            "POST",
            Family.PRODUCTS,
            _NOTICES + "settings/",
            nothing,
            payload=as_json(parts("delay_unit", "delay_value", "email_title", "email_text")),
        ),
        SendNotice: Route(
            "POST",
            Family.PRODUCTS,
            _NOTICES + "send/",
            nothing,
            payload=as_form(
                parts("product_id", "email", "customer_name", "method", "language", "title", "content"),
            ),
        ),
        ExportNotices: Route(
            "POST",
            Family.PRODUCTS,
            _NOTICES + "export/",
            nothing,
            payload=as_form(
                lambda wanted: {"email": wanted.email, "is_notified": "true" if wanted.is_notified else "false"}
            ),
        ),
        AddNotice: Route(
            "POST",
            Family.PRODUCTS,
            _PRODUCT + "notifications/",
            one(AvailabilityNotice.read),
            payload=as_form(
                parts("email", "language", "customer_id", "customer_name", customer_phone="customer_phone_number")
            ),
        ),
    }
)

ROWS: Final[Table] = MappingProxyType({**VOUCHER_ROWS, **NOTICE_ROWS})
