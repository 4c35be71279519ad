"""Returns and refunds (managers family)."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

from adapters.zid.answers import many, one
from adapters.zid.encoding import Parts, as_form, as_json, as_multipart, asks, number, parts
from adapters.zid.headers import Family
from adapters.zid.route import Route, Table
from core.domain.operations.reverse_orders import (
    CalculateReturn,
    CreateReturnWaybill,
    CreateReverseOrder,
    CreateReverseReason,
    ListReverseReasons,
    ReceivedLine,
    ReceiveReturn,
    RefundReverseOrder,
    ReturnLine,
    UploadRefundReceipt,
)
from core.domain.results.order import InvoiceLine
from core.domain.results.reverse_order import ReverseOrder, ReverseReason

_REVERSE: Final = "/v1/managers/store/reverse-orders"


def _reverse_order(wanted: CreateReverseOrder) -> Parts:
    return {
        **parts(
            "is_partial",
            "consignee_name",
            "consignee_mobile",
            "consignee_address_1",
            "consignee_address_2",
            "inventory_location_id",
            "refund_payment_method",
            "packages_count",
            "shipping_method",
        )(wanted),
        "order_id": number(wanted.order_id),
        "consignee_city_id": number(wanted.consignee_city_id),
        "reason": [{"id": reason.id, "name": reason.name} for reason in wanted.reasons],
        "products": _lines(wanted.lines),
    }


def _lines(lines: Sequence[ReturnLine]) -> list[dict[str, object]]:
    return [{"order_product_id": number(line.line_id), "quantity": line.quantity} for line in lines]


def _totals(wanted: CalculateReturn) -> Parts:
    """`products[i][order_product_id]`, `products[i][quantity]`; `is_partial` 0 or 1."""
    named = {"products": _lines(wanted.lines)} if wanted.lines else {}
    return {"order_id": wanted.order_id, "is_partial": wanted.is_partial, **named}


def _received(line: ReceivedLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "received_quantity": line.received,
        "not_received_quantity": line.not_received,
        "damaged_quantity": line.damaged,
    }


ROWS: Final[Table] = MappingProxyType(
    {
        CreateReverseOrder: Route(
            "POST", Family.MANAGERS, _REVERSE, one(ReverseOrder.read, "order_reverse"), payload=as_json(_reverse_order)
        ),
        CreateReturnWaybill: Route(
            "POST",
            Family.MANAGERS,
            _REVERSE + "/waybill",
            one(ReverseOrder.read, "order_reverse"),
            payload=as_form(parts("order_id", "is_standalone_zidship_waybill")),
        ),
        ListReverseReasons: Route(
            "GET",
            Family.MANAGERS,
            _REVERSE + "/reasons",
            many(ReverseReason.read, "order_reverse_reasons"),
            query=asks("name"),
        ),
        CreateReverseReason: Route(
            "POST",
            Family.MANAGERS,
            _REVERSE + "/reasons",
            one(ReverseReason.read, "order_reverse_reason"),
            payload=as_form(parts("name")),
        ),
        CalculateReturn: Route(
            "POST",
            Family.MANAGERS,
            "/v1/managers/reverse-credit-note/totals",
            many(InvoiceLine.read, "invoice"),
            payload=as_form(_totals),
        ),
        RefundReverseOrder: Route(
            "POST",
            Family.MANAGERS,
            _REVERSE + "/refund",
            one(ReverseOrder.read, "order_reverse"),
            payload=as_form(parts("amount", "payment_method", "notes", reverse_order_id="order_reverse_id")),
        ),
        UploadRefundReceipt: Route(
            "POST",
            Family.MANAGERS,
            _REVERSE + "/refund/upload-bank-receipt",
            one(ReverseOrder.read, "order_reverse"),
            payload=as_multipart(parts("refund_id", "image")),
        ),
        ReceiveReturn: Route(
            "PUT",
            Family.MANAGERS,
            _REVERSE + "/products",
            one(ReverseOrder.read, "order_reverse"),
            payload=as_json(
                lambda wanted: {
                    "order_reverse_id": wanted.reverse_order_id,
                    "products": [_received(line) for line in wanted.lines],
                }
            ),
        ),
    }
)
