"""Making and changing orders at Zid, their returns and refunds.

Zid has no shipments: tracking travels with a change of status. It neither lists returns
nor gets one: they stand in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web

from core.domain.operations.files import Upload
from core.domain.operations.order_writes import (
    LONGEST_COMMENT,
    ChangeOrderStatus,
    CommentOnOrder,
    CreateOrder,
    GetCreditNotes,
    ListOrderStatuses,
    ViewForReturn,
)
from core.domain.operations.orders import GetOrder
from core.domain.operations.reverse_orders import (
    CalculateReturn,
    CreateReturnWaybill,
    CreateReverseOrder,
    CreateReverseReason,
    ListReverseReasons,
    ReceiveReturn,
    RefundReverseOrder,
    UploadRefundReceipt,
)
from core.domain.results.credit_note import CreditNotes
from core.domain.results.order import InvoiceLine, Order
from core.domain.results.order_status import OrderStatus
from core.domain.results.reverse_order import ReverseOrder, ReverseReason
from entrypoints.http.api.asked import Text, ZidId
from entrypoints.http.api.asking import ask
from entrypoints.http.api.shapes import Asked, json
from entrypoints.http.api.sources import Listed, ZidOneAsked, shown, zid_one
from entrypoints.http.api.views import page_of, tell, told
from entrypoints.http.api.zid_calls import reads, writes
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import bad_request
from entrypoints.http.reading import no_query, read_body, read_fields, read_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.uploads import read_upload

Status = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x20\x7f]+$")]
Comment = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_COMMENT, pattern=r"^[^\x00]*$")]


class StatusBody(Asked, frozen=True):
    """A status of Zid's or the store's own; `ready` needs `inventory_address_id` where a courier is used."""

    status: Status
    inventory_address_id: ZidId | None = None
    tracking_number: Text | None = None
    tracking_url: Text | None = None
    waybill_url: Text | None = None


class TrackingBody(Asked, frozen=True):
    """Sent together with the order's own status, or with the one named here."""

    tracking_number: Text | None = None
    tracking_url: Text | None = None
    waybill_url: Text | None = None
    status: Status | None = None


class FulfillmentBody(Asked, frozen=True):
    """Hands an order to the courier: `ready` at a location, or another status."""

    inventory_address_id: ZidId
    status: Status = "ready"
    tracking_number: Text | None = None
    tracking_url: Text | None = None
    waybill_url: Text | None = None


class CommentBody(Asked, frozen=True):
    """It can never be changed; 20 per order and app."""

    comment: Comment


class ReceiptFields(Asked, frozen=True):
    """Nothing beside the file `image`."""


async def change_status(request: web.Request) -> web.Response:
    query = read_query(request, ZidOneAsked)
    return await _moved(request, await read_body(request, StatusBody), raw=query.raw)


async def fulfil(request: web.Request) -> web.Response:
    query = read_query(request, ZidOneAsked)
    return await _moved(request, await read_body(request, FulfillmentBody), raw=query.raw)


async def track(request: web.Request) -> web.Response:
    """Zid takes tracking only with a status: the order's own is read first where none is named."""
    query = read_query(request, ZidOneAsked)
    body = await read_body(request, TrackingBody)
    if not (body.tracking_number or body.tracking_url or body.waybill_url):
        raise bad_request("tracking_number", "name it, or `tracking_url`, or `waybill_url`")
    status = body.status or await _own_status(request)
    moved = StatusBody(status, None, body.tracking_number, body.tracking_url, body.waybill_url)
    return await _moved(request, moved, raw=query.raw)


async def _own_status(request: web.Request) -> str:
    order = await ask(request, GetOrder(path_id(request, "order_id")))
    status = order.custom_status or order.status
    if status is None:
        raise bad_request("status", "the order tells none; name the one to send with the tracking")
    return status


async def _moved(request: web.Request, body: StatusBody | FulfillmentBody, *, raw: bool) -> web.Response:
    operation = ChangeOrderStatus(
        order_id=path_id(request, "order_id"),
        status=body.status,
        inventory_address_id=body.inventory_address_id,
        tracking_number=body.tracking_number,
        tracking_url=body.tracking_url,
        waybill_url=body.waybill_url,
    )
    return await zid_one(request, Order, operation, raw=raw)


async def comment(request: web.Request) -> web.Response:
    query = read_query(request, ZidOneAsked)
    body = await read_body(request, CommentBody)
    return await zid_one(request, Order, CommentOnOrder(path_id(request, "order_id"), body.comment), raw=query.raw)


async def returns(request: web.Request) -> web.Response:
    no_query(request)
    order = await ask(request, GetOrder(path_id(request, "order_id")))
    return json(Listed(_told(order.reverse_orders), None))


def _told(found: Sequence[ReverseOrder]) -> Sequence[object]:
    return [tell(ReverseOrder, one) for one in found]


async def upload_receipt(request: web.Request) -> web.Response:
    query = read_query(request, ZidOneAsked)
    sent = await read_upload(request)
    read_fields(sent.fields, ReceiptFields)
    image = Upload(sent.filename, sent.content, sent.content_type)
    result = await ask(request, UploadRefundReceipt(path_id(request, "refund_id"), image))
    return shown(ReverseOrder, result, raw=query.raw)


_STORE = "/v1/stores/{store_id}"
_ORDER = f"{_STORE}/orders/{{order_id}}"
_RETURN = f"{_STORE}/returns/{{reverse_order_id}}"


def _moving(path: str, handler: object, body: type[Asked], summary: str, method: str = "POST") -> Route:
    assert callable(handler)
    return Route(
        method,
        f"{_ORDER}/{path}",
        handler,
        summary,
        Access.API_KEY,
        query=ZidOneAsked,
        body=body,
        answer=told(Order),
        zid=True,
        raw=True,
    )


ROUTES = (
    writes("POST", f"{_STORE}/orders", CreateOrder, "Make an order", result=Order, status=201),
    reads(f"{_STORE}/order-statuses", ListOrderStatuses, OrderStatus, "Zid's statuses and the store's own", many=True),
    _moving("status", change_status, StatusBody, "Change an order's status"),
    _moving("fulfillment", fulfil, FulfillmentBody, "Hand an order over to its courier"),
    _moving("tracking", track, TrackingBody, "Set an order's tracking", "PUT"),
    _moving("comments", comment, CommentBody, "Comment on an order"),
    reads(f"{_ORDER}/credit-notes", GetCreditNotes, CreditNotes, "An order's credit notes and what came back"),
    reads(f"{_ORDER}/returnable", ViewForReturn, Order, "An order with only what can still be returned"),
    Route(
        "GET",
        f"{_ORDER}/returns",
        returns,
        "An order's returns with their refunds",
        Access.API_KEY,
        query=NoQuery,
        answer=page_of(ReverseOrder),
        zid=True,
    ),
    writes("POST", f"{_STORE}/returns", CreateReverseOrder, "Start a return", result=ReverseOrder, status=201),
    writes(
        "POST",
        f"{_STORE}/returns/totals",
        CalculateReturn,
        "What a return would be worth",
        result=InvoiceLine,
        many=True,
    ),
    writes(
        "POST",
        f"{_STORE}/returns/waybill",
        CreateReturnWaybill,
        "Have the courier called for a return",
        result=ReverseOrder,
    ),
    reads(f"{_STORE}/return-reasons", ListReverseReasons, ReverseReason, "Why customers return things", many=True),
    writes(
        "POST", f"{_STORE}/return-reasons", CreateReverseReason, "One more reason", result=ReverseReason, status=201
    ),
    writes("PUT", f"{_RETURN}/received", ReceiveReturn, "Note what came back", result=ReverseOrder),
    writes("POST", f"{_STORE}/refunds", RefundReverseOrder, "Give money back", result=ReverseOrder, status=201),
    Route(
        "POST",
        f"{_STORE}/refunds/{{refund_id}}/receipt",
        upload_receipt,
        "The receipt of a bank transfer: multipart/form-data with the file `image`",
        Access.API_KEY,
        query=ZidOneAsked,
        body=ReceiptFields,
        answer=told(ReverseOrder),
        zid=True,
        raw=True,
        upload=True,
    ),
)
