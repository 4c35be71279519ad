"""Clean values out of every shape Zid was seen to send (its shape traps), and out of those it may send."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.money import Money, read_money
from core.domain.names import Name
from core.domain.results.attribute import Attribute, Badge, Metafield, Preset
from core.domain.results.cart import Cart
from core.domain.results.category import Category
from core.domain.results.coupon import BundleOffer, Coupon
from core.domain.results.credit_note import CreditNotes
from core.domain.results.customer import Customer
from core.domain.results.customization import CustomInput, CustomOption
from core.domain.results.fields import flag, same_id
from core.domain.results.loyalty import LoyaltyInfo, LoyaltyProgram, PointsAccount, PointsMovement
from core.domain.results.notification import AvailabilityNotice, AvailabilitySettings, AvailabilityStats
from core.domain.results.order import Order
from core.domain.results.order_status import OrderStatus
from core.domain.results.product import Product
from core.domain.results.product_settings import ProductSettings
from core.domain.results.reverse_order import ReverseOrder
from core.domain.results.settings import AppSubscription, City, Country, DeliveryOption, PaymentMethod, TaxSettings
from core.domain.results.stock import Location, Stock
from core.domain.results.voucher import Voucher
from core.errors import UnknownShape

READERS = [
    AppSubscription,
    Attribute,
    AvailabilityNotice,
    AvailabilitySettings,
    AvailabilityStats,
    Badge,
    BundleOffer,
    Cart,
    Category,
    City,
    Country,
    Coupon,
    CreditNotes,
    CustomInput,
    CustomOption,
    Customer,
    DeliveryOption,
    Location,
    LoyaltyInfo,
    LoyaltyProgram,
    Metafield,
    Order,
    OrderStatus,
    PaymentMethod,
    PointsAccount,
    PointsMovement,
    Preset,
    Product,
    ProductSettings,
    ReverseOrder,
    Stock,
    TaxSettings,
    Voucher,
]

_KEYS = """id name customer products payment shipping method invoice variants stocks points order_status histories tags
    description city waybill order_total created_at currency sub_categories attributes images tax_settings reason
    refund location presets choices price value"""
KEYS = st.sampled_from(_KEYS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)


@given(body=st.dictionaries(KEYS, JSON, max_size=8))
def test_no_shape_breaks_a_reader(body: dict[str, Any]) -> None:
    """Whatever stands in the fields: a value, or the one error that says that it is none."""
    for reader in READERS:
        try:
            reader.read(body)  # type: ignore[attr-defined]
        except UnknownShape:
            continue


def order(**more: object) -> Order:
    return Order.read({"id": 39018491, **more})


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("211.44999892193000", "211.45"),
        (200.00000086523, "200"),
        ("11,523.00 SAR", "11523"),
        (" SAR 9.00", "9"),
        ("38.02 ج.م", "38.02"),
        ("-38.02 SAR", "-38.02"),
        ("12.444", "12.444"),
        ("211.4500", "211.45"),
        (0, "0"),
    ],
)
def test_money_in_every_form(written: object, amount: str) -> None:
    assert read_money(written, "SAR") == Money(Decimal(amount), "SAR")


@pytest.mark.parametrize("nothing", [None, "", [], {}, True, "free", float("inf"), 10**30, "1e400"])
def test_what_is_no_money(nothing: object) -> None:
    assert read_money(nothing, "SAR") is None


@pytest.mark.parametrize(
    ("status", "spelling"),
    [
        ({"code": "cancelled", "name": "Canceled"}, "cancelled"),
        ("canceled", "cancelled"),
        ("inDelivery", "indelivery"),
        ({"code": "inDelivery"}, "indelivery"),
        ("جديد", "new"),
        ([], None),
        (None, None),
    ],
)
def test_one_spelling_of_every_status(status: object, spelling: str | None) -> None:
    assert order(order_status=status).status == spelling


def test_a_custom_status_shows_beside_its_parent() -> None:
    shown = order(order_status={"code": "new"}, display_status={"id": 1044, "code": "test"})
    assert (shown.status, shown.custom_status) == ("new", "test")
    plain = order(order_status={"code": "cancelled"}, display_status={"code": "canceled"})
    assert plain.custom_status is None


def test_the_tiny_payload_is_the_same_order() -> None:
    tiny = order(status="new", total="100.00000000000000", currency="SAR", payment="zid_bank_transfer")
    assert (tiny.status, tiny.total, tiny.payment_method) == ("new", Money(Decimal(100), "SAR"), "zid_bank_transfer")


@pytest.mark.parametrize(("sent", "read"), [(True, True), (1, True), (0, False), ("1", True), (None, None), ([], None)])
def test_verified_is_a_bool_or_a_number(sent: object, read: bool | None) -> None:
    assert order(customer={"id": 1, "verified": sent}).buyer.verified is read
    assert Customer.read({"id": 1, "verified": sent}).verified is read
    assert flag(sent) is read


@pytest.mark.parametrize("odd", [None, [], {}, False, "", 0])
def test_absence_in_every_type(odd: object) -> None:
    """`[]` for null or {}, a list for an object, a bool for details, and so on."""
    read = order(
        tax_settings=odd,
        gift_card_details=odd,
        payment_link=odd,
        customer=odd,
        products=odd,
        histories=odd,
        shipping=odd,
        payment=odd,
        tags=odd,
        inventory_address=odd,
        reverse_order_label_request=odd,
    )
    assert (read.lines, read.history, read.reverse_orders, read.payment_link) == ((), (), (), None)
    assert read.buyer.id is None
    product = Product.read({"id": "p", "description": odd, "name": odd, "stocks": odd, "variants": odd})
    assert (product.description, product.stocks, product.variants) == (Name(), (), ())


@pytest.mark.parametrize(
    ("waybill", "url"),
    [
        (None, None),
        ([], None),
        ("https://w", "https://w"),
        ({"url": "https://w"}, "https://w"),
        ([{"url": "https://w"}], "https://w"),
    ],
)
def test_a_waybill_is_null_a_list_a_text_or_an_object(waybill: object, url: str | None) -> None:
    assert order(shipping={"method": {"waybill": waybill}}).shipping.waybill_url == url


@pytest.mark.parametrize("link", ["https://pay", {"url": "https://pay"}])
def test_a_payment_link_is_a_text_or_an_object(link: object) -> None:
    assert order(payment_link=link).payment_link == "https://pay"


@pytest.mark.parametrize(("points", "read"), [(100, 100), ({"points": 32600}, 32600), (None, None), ([], None)])
def test_points_are_a_number_or_an_object(points: object, read: int | None) -> None:
    assert Customer.read({"id": 218, "points": points}).points == read


@pytest.mark.parametrize(("partial", "read"), [(True, True), (1, True), (0, False), (False, False)])
def test_partial_is_a_bool_or_a_number(partial: object, read: bool) -> None:
    reverse = ReverseOrder.read({"id": "r", "is_partial": partial, "reason": ["Damaged", {"id": "x", "name": "Late"}]})
    assert reverse.is_partial is read
    assert set(reverse.reasons) == {"Damaged", "Late"}


def test_the_lighter_customer_has_no_nickname_and_a_guest_no_id() -> None:
    light = Customer.read({"id": 23862, "name": "A", "order_total_payments": "59559.48772970700000", "city": None})
    assert (light.id, light.spent, light.tags) == ("23862", Money(Decimal("59559.4877")), ())
    guest = order(customer={"id": None, "name": "J*** D***", "mobile": None})
    assert (guest.buyer.id, guest.buyer.name) == (None, "J*** D***")


def test_ids_are_text_and_one_thing_has_one_id() -> None:
    assert order(inventory_address={"id": "9059ae2c3cd54e0c850bcd5ed3cdbeca"}).inventory_address_id == (
        "9059ae2c-3cd5-4e0c-850b-cd5ed3cdbeca"
    )
    assert same_id("9059AE2C3CD54E0C850BCD5ED3CDBECA") == same_id("9059ae2c-3cd5-4e0c-850b-cd5ed3cdbeca")
    assert Category.read({"id": 1473477}).id == Category.read({"id": "1473477"}).id == "1473477"


def test_times_in_three_forms_are_one_moment() -> None:
    moment = datetime(2026, 1, 30, 15, 56, 2, tzinfo=UTC)
    assert order(created_at="2026-01-30 15:56:02").created_at == moment
    assert Customer.read({"id": 1, "created_at": "2026-01-30T15:56:02.000000Z"}).created_at == moment
    assert Product.read({"id": "p", "created_at": "2026-01-30T15:56:02.000000Z"}).created_at == moment
    assert Coupon.read({"id": 1, "date_start": "2026-02-01"}).starts_on == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ({"ar": "كوب", "en": "Mug"}, Name("كوب", "Mug")),
        ({"ar": "كوب"}, Name("كوب")),
        ("كوب", Name("كوب")),
        ("Mug", Name(en="Mug")),
        ("", Name()),
        ([], Name()),
        (None, Name()),
    ],
)
def test_names_in_one_language_or_both(name: object, read: Name) -> None:
    assert Product.read({"id": "p", "name": name}).name == read
    assert PaymentMethod.read({"id": 1, "name": name}).name == read


def test_infinite_stock_has_no_quantity_and_a_location_may_be_an_id() -> None:
    endless = Stock.read({"id": "s", "location": {"id": "l"}, "available_quantity": None, "is_infinite": True})
    assert (endless.location_id, endless.quantity, endless.is_infinite) == ("l", None, True)
    assert Stock.read({"id": "s", "location": "l", "available_quantity": "4"}).quantity == 4


@pytest.mark.parametrize("taxes", [[], {}, {"vat_activate": 1}])
def test_tax_settings_are_a_list_when_there_are_none(taxes: object) -> None:
    assert TaxSettings.read({"tax_settings": taxes}).is_active is (True if taxes else None)


def test_misspelled_keys_are_read_and_so_are_the_right_ones() -> None:
    assert LoyaltyProgram.read({"total_redemed_points": 7, "expiration_peroid": 5}).expiration_days == 5
    assert LoyaltyProgram.read({"total_redeemed_points": 7}).redeemed_points == 7
    assert PointsAccount.read({"available_poitns": 0, "used_poitns": 6826}).available == 0


@pytest.mark.parametrize("where", [lambda it: it, lambda it: {"data": it}, lambda it: {"subscription": it}])
@pytest.mark.parametrize("key", ["subscription_status", "status"])
def test_a_subscription_in_every_nesting_and_by_both_names(where: Any, key: str) -> None:
    paid = AppSubscription.read(where({key: "Active", "plan_name": "اختبار", "start_date": "2026-01-01"}))
    assert (paid.status, paid.plan_name) == ("active", Name("اختبار"))
    assert paid.starts_at == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("where", [lambda it: it, lambda it: {"abandoned_cart": it}, lambda it: {"data": it}])
def test_a_cart_wherever_it_is_nested(where: Any) -> None:
    cart = Cart.read(where({"id": "c", "phase": "completed", "cart_total": None, "cart_total_string": "38.02 ج.م"}))
    assert (cart.id, cart.phase, cart.total) == ("c", "completed", Money(Decimal("38.02")))


def test_what_no_reader_knows_is_kept_raw() -> None:
    body = {"id": 5, "a_field_of_tomorrow": {"x": 1}}
    assert Order.read(body).raw == body
    assert "a_field_of_tomorrow" not in repr(Order.read(body))
