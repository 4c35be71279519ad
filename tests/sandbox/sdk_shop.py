"""A store as the official SDK drives it: its client, what the store has, and what tests make in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zid import ZidClient
from zid.models import Attribute, CouponDetail, CustomOption, Location, Order, Product, ReverseOrder, Voucher, Webhook
from zid.models.loyalty import RedemptionRule

PNG = ("photo.png", b"\x89PNG\r\n\x1a\n", "image/png")


@dataclass
class Shop:
    """The SDK's client, and what the store it is for has."""

    client: ZidClient
    orders: list[dict[str, Any]]
    products: list[dict[str, Any]]
    customers: list[dict[str, Any]]
    categories: list[dict[str, Any]]
    carts: list[dict[str, Any]]
    locations: list[dict[str, Any]]
    coupons: list[dict[str, Any]]

    @property
    def order(self) -> dict[str, Any]:
        """A new order, sent by the store's own courier."""
        return self.orders[-1]

    @property
    def product(self) -> str:
        return next(row["id"] for row in self.products if row["structure"] == "standalone")

    @property
    def customer(self) -> int:
        return self.customers[0]["id"]

    @property
    def category(self) -> int:
        return self.categories[0]["id"]

    @property
    def location(self) -> str:
        return self.locations[0]["id"]

    def attribute(self) -> Attribute:
        return next(row for row in self.client.products.attributes.list() if row.presets)

    def new_product(self) -> Product:
        return self.client.products.create(name="Lamp", price=40, sku="LAMP-1", quantity=3)

    def reverse(self) -> ReverseOrder:
        return self.client.reverse_orders.create(
            order_id=self.order["id"],
            consignee_name="Test User",
            consignee_mobile="+966500000001",
            consignee_city_id=1,
            consignee_address_1="1 Test Road",
            inventory_location_id=self.location,
            reason=[{"id": "r", "name": "Damaged"}],
        )

    def refunded(self, method: str = "zid_bank_transfer") -> ReverseOrder:
        reverse = self.reverse()
        return self.client.reverse_orders.refund(
            order_reverse_id=reverse.id, amount=reverse.refund_total, payment_method=method, notes="sorry"
        )

    def counted(self) -> ReverseOrder:
        reverse = self.reverse()
        counts = {"received_quantity": 1, "not_received_quantity": 0, "damaged_quantity": 0}
        return self.client.reverse_orders.update_products(
            order_reverse_id=reverse.id, products=[{"id": reverse.products[0].id, **counts}]
        )

    def draft(self) -> Order:
        contact = {"full_name": "John Doe", "mobile_country_code": "966", "mobile_number": "500000005"}
        address = {"line_1": "King Fahd Road", "line_2": "12", "city_name": "Riyadh", "country_code": "SA"}
        sku = next(row["sku"] for row in self.products if row["structure"] == "standalone")
        return self.client.orders.create(
            currency_code="SAR",
            customer=contact,
            consignee={"contact": contact, "address": address},
            products=[{"sku": sku, "quantity": 2}],
            shipping_method={"type": "delivery", "id": self.client.delivery_options.list().first().id},
            payment_method={"id": self.client.payment_methods.list()[0].id},
            customer_comment="Ring twice",
        )

    def coupon(self, code: str = "SUMMER") -> CouponDetail:
        return self.client.coupons.create(
            name="Summer", code=code, discount_type="p", discount="20", free_shipping="1", free_cod="0", total="100",
            date_start="2020-01-01", date_end="2099-01-01", uses_total=100, uses_customer=3, apply_to="all",
            status="1", applying_method="CODE", conditions="", max_total="0", max_weight=2, is_mazeed_active=True,
        )  # fmt: skip

    def option(self) -> CustomOption:
        return self.client.products.customizations.create_option(
            self.product, label={"ar": "لون", "en": "Colour"}, is_published=True, is_required=False, display_order=1,
            choices=[{"ar": "أحمر", "en": "Red", "price": 10}], type="DROPDOWN",
        )  # fmt: skip

    def voucher(self) -> Voucher:
        return self.client.products.vouchers.create(self.product, key="K-1", status="AVAILABLE", order="77")

    def place(self) -> Location:
        return self.client.locations.create(
            name={"ar": "فرع", "en": "Branch"}, city=1, coordinates={"latitude": 24.7, "longitude": "46.7"},
            full_address="5 Test Road", short_address="RRRD2929",
        )  # fmt: skip

    def rule(self) -> RedemptionRule:
        return self.client.loyalty.create_redemption_rule(rule_type="fixed_rate_settings", discount=10, points=100)

    def hook(self) -> Webhook:
        return self.client.webhooks.create("product.create", "https://app.example/hook", original_id=1292)
