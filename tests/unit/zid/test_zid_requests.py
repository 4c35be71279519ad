"""What operations send: the documented bodies, key for key, in the encoding each endpoint takes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from adapters.zid.routes import ROUTES, route_of
from core.domain.names import Name
from core.domain.operations.carts import ListCarts
from core.domain.operations.categories import CategoryFields, CreateCategory, UpdateCategory
from core.domain.operations.customers import CreateCustomers, ListCustomers, NewCustomer
from core.domain.operations.files import Upload
from core.domain.operations.marketing import CouponFields, CreateCoupon, DiscountType, UpdateCoupon
from core.domain.operations.operation import Operation
from core.domain.operations.order_writes import (
    ChangeOrderStatus,
    CommentOnOrder,
    Contact,
    CreateOrder,
    DeliveryAddress,
    NewLine,
)
from core.domain.operations.orders import ListOrders, OrderDate, PaymentStatus
from core.domain.operations.product_parts import UploadImage
from core.domain.operations.product_writes import (
    CreateProduct,
    LocationStock,
    ProductChange,
    ProductFields,
    SetVariants,
    UpdateProduct,
    UpdateProducts,
    VariantAttribute,
    VariantFields,
    Weight,
    in_batches,
)
from core.domain.operations.products import ListProducts
from core.domain.operations.reverse_orders import (
    CalculateReturn,
    CreateReverseOrder,
    ReceivedLine,
    ReceiveReturn,
    RefundReverseOrder,
    ReturnLine,
)
from core.domain.operations.stocks import ListLocations, ProductStock, SetLocationStock, UpdateStock
from core.domain.paging import Place
from core.domain.results.reverse_order import ReverseReason
from core.errors import Invalid

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "zid" / "api"
TEXT = Name("نص", "text")


def body_of(operation: Operation[Any]) -> Any:
    payload = route_of(operation).payload(operation)
    assert payload is not None
    assert payload.content_type == "application/json"
    return json.loads(payload.body)


def form_of(operation: Operation[Any]) -> dict[str, str]:
    payload = route_of(operation).payload(operation)
    assert payload is not None
    assert payload.content_type == "application/x-www-form-urlencoded"
    return dict(parse_qsl(payload.body.decode(), keep_blank_values=True))


def multipart_of(operation: Operation[Any]) -> dict[str, tuple[str | None, str, bytes]]:
    """Field name → file name, type, content, as a parser of others reads it."""
    payload = route_of(operation).payload(operation)
    assert payload is not None
    head = f"Content-Type: {payload.content_type}\r\n\r\n".encode()
    return {
        str(part.get_param("name", header="content-disposition")): (
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in message_from_bytes(head + payload.body, policy=HTTP).iter_parts()
    }


def query_of(operation: Operation[Any]) -> dict[str, str]:
    return dict(route_of(operation).query(operation))


def keys(value: Any) -> Any:
    """The shape of a body: its keys, whatever stands under them."""
    if isinstance(value, dict):
        return {name: keys(item) for name, item in value.items()}
    return [keys(item) for item in value[:1]] if isinstance(value, list) else None


def documented(name: str) -> Any:
    return json.loads((FIXTURES / f"shape__{name}.json").read_text())


PERSON = Contact(full_name="Amal", mobile_country_code="966", mobile_number="500000005", email="a@example.com")
ADDRESS = DeliveryAddress(
    line_1="King Fahd Road",
    line_2="12",
    city_name="Riyadh",
    country_code="SA",
    meta={"postcode": "1", "building_number": "2", "additional_number": "3", "city_name": "Riyadh"},
)
ORDER = CreateOrder(
    currency_code="SAR",
    customer=PERSON,
    consignee=PERSON,
    address=ADDRESS,
    lines=(NewLine(sku="Z.1", quantity=1),),
    shipping_type="delivery",
    shipping_id="432480",
    payment_method_id="555224",
)
RETURN = CreateReverseOrder(
    order_id="64086815",
    consignee_name="Jane",
    consignee_mobile="+966500000005",
    consignee_city_id="1",
    consignee_address_1="456",
    consignee_address_2="301",
    reasons=(ReverseReason("r", "Customer canceled"),),
    inventory_location_id="l",
    refund_payment_method="bank_transfer",
)
PRODUCT = ProductFields(
    name="Wireless Headphones",
    price=Decimal(257),
    sale_price=Decimal(199),
    sku="WH-1000XX٢",
    is_draft=True,
    is_infinite=False,
    quantity=50,
    requires_shipping=True,
    is_taxable=True,
)
CHANGE = ProductFields(
    sku="WH",
    name=TEXT,
    description=TEXT,
    price=Decimal("12.444"),
    sale_price=Decimal(199),
    cost=Decimal(10),
    is_draft=False,
    quantity=1,
    is_infinite=False,
    weight=Weight(Decimal(100)),
    keywords=("apps",),
    requires_shipping=True,
    is_published=True,
)
VARIANT = VariantFields(
    id="v",
    is_deleted=False,
    sku="Z.1",
    price=Decimal(144),
    sale_price=None,
    cost=None,
    barcode="b",
    attributes=(VariantAttribute("اللون", TEXT),),
    stocks=(LocationStock("l", 44),),
    weight=Weight(None),
)


@pytest.mark.parametrize(
    ("operation", "fixture"),
    [
        (CreateProduct(PRODUCT), "product_create.request"),
        (UpdateProducts((ProductChange(CHANGE, id="p"),)), "products_bulk_update.request"),
        (SetVariants("p", (VARIANT,)), "variants_create.request"),
        (
            ReceiveReturn("64d0f002", (ReceivedLine(id="l", damaged=1),)),
            "reverse_order_products_update.request",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_bodies_have_the_documented_keys(operation: Operation[Any], fixture: str) -> None:
    assert keys(body_of(operation)) == keys(documented(fixture))


@pytest.mark.parametrize(
    ("operation", "fixture"),
    [(ORDER, "order_create.request"), (RETURN, "reverse_order_create.request")],
    ids=lambda value: type(value).__name__,
)
def test_what_may_be_null_may_be_left_out_but_nothing_is_made_up(operation: Operation[Any], fixture: str) -> None:
    sent, known = body_of(operation), documented(fixture)
    assert set(sent) <= set(known)
    assert {name for name in known if name not in sent} <= {name for name, value in known.items() if value is None}


def test_ids_that_are_numbers_at_zid_travel_as_numbers() -> None:
    sent = body_of(ORDER)
    assert (sent["shipping_method"]["id"], sent["payment_method"]["id"]) == (432480, 555224)
    assert body_of(RETURN)["order_id"] == 64086815
    assert sent["consignee"]["address"]["meta"]["postcode"] == "1"


def test_amounts_keep_their_digits() -> None:
    payload = route_of(UpdateProduct("p", CHANGE)).payload(UpdateProduct("p", CHANGE))
    assert payload is not None
    assert b'"price":12.444' in payload.body
    assert form_of(RefundReverseOrder("r", Decimal("1E+2"), "cash")) == {
        "order_reverse_id": "r",
        "amount": "100",
        "payment_method": "cash",
    }


def test_null_clears_and_silence_keeps() -> None:
    assert body_of(UpdateProduct("p", ProductFields(sale_price=None))) == {"sale_price": None}
    assert body_of(UpdateProduct("p", ProductFields(more={"seo": {"title": TEXT}}))) == {
        "seo": {"title": {"ar": "نص", "en": "text"}}
    }
    assert body_of(UpdateStock("p", "s", None, is_infinite=True)) == {"available_quantity": None, "is_infinite": True}
    assert body_of(SetLocationStock("l", (ProductStock("p", 3),))) == [
        {"product_id": "p", "available_quantity": 3, "is_infinite": False}
    ]


def test_a_payment_link_ends_to_the_millisecond() -> None:
    at = datetime(2024, 12, 10, 16, 0, 49, 947000, tzinfo=timezone(timedelta(hours=3)))
    linked = CreateOrder(
        currency_code="SAR",
        customer=PERSON,
        consignee=PERSON,
        address=ADDRESS,
        lines=ORDER.lines,
        shipping_type="delivery",
        shipping_id="1",
        payment_method_id="2",
        payment_link_expires_at=at,
    )
    assert body_of(linked)["payment_link_configs"] == {"expiryDateTime": "2024-12-10T13:00:49.947Z"}


def test_a_status_travels_as_a_form() -> None:
    moved = ChangeOrderStatus(order_id="1", status="ready", tracking_number="T", tracking_url="u", waybill_url="w")
    assert form_of(moved) == {"order_status": "ready", "tracking_number": "T", "tracking_url": "u", "waybill_url": "w"}
    assert set(form_of(moved)) <= set(documented("order_change_status.form"))


def test_forms_nest_as_laravel_reads_them() -> None:
    made = CreateCategory(CategoryFields(name=TEXT, parent_id="7"))
    assert form_of(made) == {"name[ar]": "نص", "name[en]": "text", "parent_id": "7"}
    assert form_of(UpdateCategory("7", CategoryFields(description=TEXT)))["_method"] == "put"
    totals = CalculateReturn("5", (ReturnLine("62262", 1), ReturnLine("62263", 2)))
    assert form_of(totals) == {
        "order_id": "5",
        "is_partial": "1",
        "products[0][order_product_id]": "62262",
        "products[0][quantity]": "1",
        "products[1][order_product_id]": "62263",
        "products[1][quantity]": "2",
    }
    assert form_of(CalculateReturn("5")) == {"order_id": "5", "is_partial": "0"}


def test_a_new_coupon_is_complete_and_a_change_is_not() -> None:
    fields = CouponFields(
        name="n",
        code="c",
        discount_type=DiscountType.PERCENTAGE,
        discount=Decimal("7.5"),
        date_start=date(2026, 7, 1),
        date_end=date(2026, 7, 31),
        apply_to="products",
        apply_to_array=("p1", "p2"),
        is_pos_active=False,
    )
    sent = form_of(CreateCoupon(fields))
    assert (sent["discount"], sent["date_start"], sent["apply_to_array[1]"]) == ("7.5", "2026-07-01", "p2")
    assert (sent["status"], sent["conditions"], sent["is_pos_active"]) == ("1", "", "0")
    assert form_of(UpdateCoupon("1", CouponFields(status=False))) == {"status": "0"}
    with pytest.raises(Invalid) as caught:
        CreateCoupon(CouponFields(name="n"))
    assert list(caught.value.fields) == ["code"]


def test_people_travel_as_multipart() -> None:
    people = CreateCustomers((NewCustomer("أمل", "+966500000012"), NewCustomer("Badr", "+9665", "b@example.com")))
    sent = multipart_of(people)
    assert set(documented("customers_bulk_add.form")) <= set(sent)
    assert sent["customers[0][name]"][2].decode() == "أمل"
    assert set(sent) - set(documented("customers_bulk_add.form")) == {"customers[1][email]"}


@pytest.mark.parametrize("content", [b"", b"\r\n--wasl-\r\n", bytes(range(256)) * 9])
def test_files_arrive_as_they_are(content: bytes) -> None:
    odd = Upload('a "b"\r\nX: y.png', content, "image/png\r\nX: y")
    sent = multipart_of(UploadImage("p", odd, 'كوب "1"'))
    assert sent["alt_text"][2].decode() == 'كوب "1"'
    name, kind, arrived = sent["image"]
    assert (name, arrived) == ("a %22b%22%0D%0AX: y.png", content)
    assert kind.startswith("image/png")


def test_queries_speak_each_familys_dialect() -> None:
    since = datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=3)))
    orders = ListOrders(
        date_from=since,
        date_attribute=OrderDate.UPDATED,
        payment_status=PaymentStatus.PAID,
        order_ids=("1", "2"),
        is_gift_order=True,
        at=Place(page=3, seen=200),
        per_page=100,
    )
    assert query_of(orders) == {
        "payload_type": "default",
        "date_from": "2026-01-01T00:00:00.000+0000",
        "date_attribute": "updated_at",
        "order_by": "created_at",
        "sort_by": "asc",
        "payment_status": "paid",
        "order_id": "1,2",
        "is_gift_order": "1",
        "page": "3",
        "per_page": "100",
    }
    products = query_of(ListProducts(in_stock=False, ids=("a", "b"), without_sale_price=True))
    assert products["in_stock"] == "false"
    assert (products["id__in"], products["sale_price__isnull"], products["page_size"]) == ("a,b", "true", "50")
    assert query_of(ListCarts(has_reminders=False))["has_reminders"] == "0"
    assert query_of(ListLocations())["per_page"] == query_of(ListLocations())["page_size"] == "50"


def test_a_next_link_is_laid_over_the_first_question() -> None:
    following = ListProducts(extended=True, at=Place(2, 50, query=(("page", "2"), ("page_size", "20"))))
    asked = query_of(following)
    assert (asked["page"], asked["page_size"], asked["extended"]) == ("2", "20", "true")


def test_a_cursor_and_a_page_are_never_asked_for_together() -> None:
    assert query_of(ListCustomers()) == {"per_page": "50", "after": "0"}
    assert query_of(ListCustomers(at=Place(2, 50, cursor="91"))) == {"per_page": "50", "after": "91"}
    assert query_of(ListCustomers(at=Place(cursor=""))) == {"per_page": "50", "page": "1"}
    assert query_of(ListCustomers(at=Place(2, 50))) == {"per_page": "50", "page": "2"}


NAIVE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ListOrders(date_from=NAIVE), "date_from"),
        (lambda: CommentOnOrder("1", "x" * 101), "comment"),
        (lambda: CommentOnOrder("1", ""), "comment"),
        (lambda: ChangeOrderStatus(order_id="1", status=" "), "status"),
        (lambda: CreateProduct(ProductFields(name="x")), "price"),
        (lambda: ProductChange(ProductFields(price=Decimal(1))), "id"),
        (lambda: UpdateProducts(()), "changes"),
        (lambda: RefundReverseOrder("r", Decimal(0), "cash"), "amount"),
        (lambda: ReceivedLine(id="l"), "received"),
        (lambda: UpdateStock("p", "s", None), "quantity"),
        (lambda: ListProducts(per_page=51), "per_page"),
    ],
)
def test_what_zid_would_refuse_is_not_sent(make: Any, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        make()
    assert list(caught.value.fields) == [field]


def test_every_write_says_how_to_find_out_what_became_of_it() -> None:
    plain = {kind.__name__ for kind in ROUTES if kind.writes and kind.check == Operation.check}
    assert plain <= {"CreateWebhook", "DeleteWebhooks"}
    assert all(kind.check.endswith(".") for kind in ROUTES)


def test_only_one_read_is_a_post() -> None:
    methods = {kind.__name__: ROUTES[kind].method for kind in ROUTES if not kind.writes}
    assert {name for name, method in methods.items() if method != "GET"} == {"CalculateReturn"}


def test_many_changes_go_in_calls_of_a_size() -> None:
    changes = [ProductChange(ProductFields(price=Decimal(number)), id=str(number)) for number in range(5)]
    calls = list(in_batches(changes, 2))
    assert [len(call.changes) for call in calls] == [2, 2, 1]
    assert [change for call in calls for change in call.changes] == changes
    assert list(in_batches([])) == []
