"""Every public method of every resource of Zid's official SDK: how it is called, and what it must give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zid.exceptions import ZidNotFoundError
from zid.models import (
    AbandonedCart,
    AbandonedCartDetail,
    AssignedCategory,
    Attribute,
    AttributePreset,
    Badge,
    BundleOffer,
    Category,
    CategoryDetail,
    Coupon,
    CouponDetail,
    CreditNote,
    Customer,
    CustomerLoyalty,
    CustomInputField,
    CustomOption,
    DeliveryOption,
    Location,
    LoyaltyInfo,
    LoyaltyProgram,
    LoyaltyTransaction,
    LoyaltyTransactionSimple,
    Metafield,
    NotificationSettings,
    NotificationStats,
    Order,
    OrderSimple,
    OrderVoucher,
    PaymentMethod,
    Product,
    ProductImage,
    ProductNotification,
    ProductSettings,
    ReverseOrder,
    StoreProfile,
    VATSettings,
    Voucher,
    Webhook,
)
from zid.models.geography import CityDetail, Country
from zid.models.loyalty import RedemptionRule
from zid.models.order import CustomOrderStatus
from zid.models.product._base import ProductStock
from zid.models.reverse_order import BankReceiptUploadResponse, ReverseOrderReason, ReverseOrderTotals

from tests.sandbox.sdk_shop import PNG, Shop

# Every public method of every resource: how it is called, and what it must give.
CALLS: dict[str, tuple[Callable[[Shop], Any], Any]] = {
    "abandoned_carts.list": (lambda s: s.client.abandoned_carts.list(has_reminders=False), [AbandonedCart]),
    "abandoned_carts.get": (lambda s: s.client.abandoned_carts.get(s.carts[0]["id"]), AbandonedCartDetail),
    "bundle_offers.list": (lambda s: s.client.bundle_offers.list(per_page=1), [BundleOffer]),
    "coupons.list": (lambda s: s.client.coupons.list(discount_status="coupon_active", per_page=1), [Coupon]),
    "coupons.get": (lambda s: s.client.coupons.get(s.coupons[0]["id"]), CouponDetail),
    "coupons.create": (lambda s: s.coupon(), CouponDetail),
    "coupons.update": (
        lambda s: s.client.coupons.update(s.coupon().id, name="New", code="NEW", discount_type="f", discount="5",
                                          apply_to_array=["1", "2"], apply_to="categories", is_shown_in_pos=True),
        CouponDetail,
    ),
    "coupons.delete": (lambda s: s.client.coupons.delete(s.coupon().id), True),
    "customers.list": (lambda s: s.client.customers.list(per_page=3), [Customer]),
    "customers.get": (lambda s: s.client.customers.get(s.order["customer"]["id"]), Customer),
    "delivery_options.list": (lambda s: s.client.delivery_options.list(), [DeliveryOption]),
    "geography.list_operating_countries": (lambda s: s.client.geography.list_operating_countries(), [Country]),
    "geography.list_all_countries": (lambda s: s.client.geography.list_all_countries(), [Country]),
    "geography.list_cities": (lambda s: s.client.geography.list_cities(184), [CityDetail]),
    "locations.list": (lambda s: s.client.locations.list(per_page=1), [Location]),
    "locations.get": (lambda s: s.client.locations.get(s.location), Location),
    "locations.create": (lambda s: s.place(), Location),
    "locations.update": (lambda s: s.client.locations.update(s.place().id, name="Hall", is_default=True), Location),
    "locations.update_stock": (
        lambda s: s.client.locations.update_stock(
            s.location, [{"product_id": s.product, "available_quantity": 5, "is_infinite": False}]
        ),
        None,
    ),
    "loyalty.get_status": (lambda s: s.client.loyalty.get_status(), True),
    "loyalty.get_program": (lambda s: s.client.loyalty.get_program(), LoyaltyProgram),
    "loyalty.get_info": (lambda s: s.client.loyalty.get_info(), LoyaltyInfo),
    "loyalty.get_customer_summary": (
        lambda s: s.client.loyalty.get_customer_summary(customer_id=s.customer), CustomerLoyalty,
    ),
    "loyalty.get_customer_history": (
        lambda s: [
            s.client.loyalty.adjust_customer_points(customer_id=s.customer, direction="+", points=5),
            *s.client.loyalty.get_customer_history(customer_id=s.customer),
        ][1:],
        [LoyaltyTransaction],
    ),
    "loyalty.activate": (lambda s: s.client.loyalty.activate(active=False), {"loyalty_program": {"is_active": False}}),
    "loyalty.set_points_expiration": (
        lambda s: s.client.loyalty.set_points_expiration(days=30), {"points_expiry_period": 30},
    ),
    "loyalty.update_cashback_rule": (
        lambda s: s.client.loyalty.update_cashback_rule(
            rule_id=s.client.loyalty.get_program().cashback_rules[0].id, money=100, points=2
        ),
        dict,
    ),
    "loyalty.create_redemption_rule": (lambda s: s.rule(), RedemptionRule),
    "loyalty.update_redemption_rule": (
        lambda s: s.client.loyalty.update_redemption_rule(
            rule_id=s.rule().id, rule_type="percentage_discount_settings", discount=2.5, points=10
        ),
        dict,
    ),
    "loyalty.delete_redemption_rule": (lambda s: s.client.loyalty.delete_redemption_rule(rule_id=s.rule().id), dict),
    "loyalty.adjust_customer_points": (
        lambda s: s.client.loyalty.adjust_customer_points(
            customer_id=s.customer, direction="+", points=5, reason="gift"
        ),
        LoyaltyTransactionSimple,
    ),
    "orders.list": (lambda s: s.client.orders.list(customer_id=s.order["customer"]["id"]), [OrderSimple]),
    "orders.get": (lambda s: s.client.orders.get(s.order["id"]), Order),
    "orders.update_status": (
        lambda s: s.client.orders.update_status(
            s.order["id"], order_status="ready", inventory_address_id=s.location, tracking_number="T1",
            tracking_url="https://track.example/T1", waybill_url="https://track.example/T1.pdf",
        ),
        Order,
    ),
    "orders.list_credit_notes": (
        lambda s: (s.refunded(), s.client.orders.list_credit_notes(s.order["id"]))[1], [CreditNote],
    ),
    "orders.add_comment": (lambda s: s.client.orders.add_comment(s.order["id"], "On its way"), Order),
    "orders.create": (lambda s: s.draft(), Order),
    "orders.list_custom_statuses": (lambda s: s.client.orders.list_custom_statuses(), [CustomOrderStatus]),
    "payment_methods.list": (lambda s: s.client.payment_methods.list(), [PaymentMethod]),
    "products.list": (lambda s: s.client.products.list(page_size=3, extended=True), [Product]),
    "products.get": (lambda s: s.client.products.get(s.product), Product),
    "products.create": (lambda s: s.new_product(), Product),
    "products.update": (lambda s: s.client.products.update(s.product, price=12.5, quantity=4), Product),
    "products.delete": (lambda s: s.client.products.delete(s.new_product().id), None),
    "products.bulk_update": (
        lambda s: s.client.products.bulk_update([{"id": s.product, "price": "12.444"}, {"sku": s.products[1]["sku"]}]),
        [Product],
    ),
    "products.get_settings": (lambda s: s.client.products.get_settings(), ProductSettings),
    "products.set_manual_order": (lambda s: s.client.products.set_manual_order(products=[s.product]), None),
    "products.reset_manual_order": (lambda s: s.client.products.reset_manual_order(), None),
    "products.export_all": (lambda s: s.client.products.export_all(), None),
    "products.import_file": (
        lambda s: s.client.products.import_file(file=("products.xlsx", b"x", "application/octet-stream")), None,
    ),
    "products.attributes.list": (lambda s: s.client.products.attributes.list(page_size=1), [Attribute]),
    "products.attributes.create": (
        lambda s: s.client.products.attributes.create(name="Weight", is_extra=True), Attribute,
    ),
    "products.attributes.get": (lambda s: s.client.products.attributes.get(s.attribute().id), Attribute),
    "products.attributes.update": (
        lambda s: s.client.products.attributes.update(s.attribute().id, name="Size", display_order=2), Attribute,
    ),
    "products.attributes.delete": (lambda s: s.client.products.attributes.delete(s.attribute().id), None),
    "products.attributes.list_presets": (
        lambda s: s.client.products.attributes.list_presets(s.attribute().id), [AttributePreset],
    ),
    "products.attributes.create_preset": (
        lambda s: s.client.products.attributes.create_preset(s.attribute().id, value={"ar": "ضخم", "en": "Huge"}),
        AttributePreset,
    ),
    "products.attributes.update_preset": (
        lambda s: s.client.products.attributes.update_preset(
            s.attribute().id, s.attribute().presets[0].id, value={"ar": "ضخم", "en": "Huge"}
        ),
        AttributePreset,
    ),
    "products.attributes.delete_preset": (
        lambda s: s.client.products.attributes.delete_preset(s.attribute().id, s.attribute().presets[0].id), None,
    ),
    "products.attributes.list_metafields": (
        lambda s: s.client.products.attributes.list_metafields(page_size=1), [Metafield],
    ),
    "products.attributes.create_metafield": (
        lambda s: s.client.products.attributes.create_metafield(name={"ar": "لون", "en": "Colour"}), Metafield,
    ),
    "products.attributes.list_badges": (lambda s: s.client.products.attributes.list_badges(), [Badge]),
    "products.categories.list": (lambda s: s.client.products.categories.list(), [Category]),
    "products.categories.get": (lambda s: s.client.products.categories.get(s.category), CategoryDetail),
    "products.categories.create": (
        lambda s: s.client.products.categories.create(
            name_ar="قهوة", name_en="Coffee", description_ar="و", description_en="x", parent_id=s.category
        ),
        CategoryDetail,
    ),
    "products.categories.update": (
        lambda s: s.client.products.categories.update(
            s.category, name_ar="شاي", name_en="Tea", description_ar="و", description_en="x"
        ),
        CategoryDetail,
    ),
    "products.categories.publish": (
        lambda s: s.client.products.categories.publish(s.category, is_published=False), dict,
    ),
    "products.categories.detach_all_products": (
        lambda s: s.client.products.categories.detach_all_products(s.category), CategoryDetail,
    ),
    "products.categories.assign": (
        lambda s: s.client.products.categories.assign(s.product, category_id=s.category), AssignedCategory,
    ),
    "products.categories.bulk_assign": (
        lambda s: s.client.products.categories.bulk_assign(s.product, category_ids=[s.category]), None,
    ),
    "products.categories.remove": (
        lambda s: (
            s.client.products.categories.assign(s.product, category_id=s.category),
            s.client.products.categories.remove(s.product, s.category),
        )[1],
        None,
    ),
    "products.customizations.create_option": (lambda s: s.option(), CustomOption),
    "products.customizations.update_option": (
        lambda s: s.client.products.customizations.update_option(
            s.product, s.option().id, label={"ar": "لون", "en": "Colour"}, is_published=True, is_required=True,
            display_order=2, choices=[{"ar": "أحمر", "en": "Red", "price": 1}], min_choices=1, max_choices=1,
        ),
        CustomOption,
    ),
    "products.customizations.delete_option": (
        lambda s: s.client.products.customizations.delete_option(s.product, s.option().id), None,
    ),
    "products.customizations.create_input_field": (
        lambda s: s.client.products.customizations.create_input_field(
            s.product, type="TEXT", label={"ar": "نقش", "en": "Engraving"}, price="5"
        ),
        CustomInputField,
    ),
    "products.images.list": (
        lambda s: (s.client.products.images.upload(s.product, image=PNG, alt_text="x"),
                   s.client.products.images.list(s.product))[1],
        [ProductImage],
    ),
    "products.images.upload": (
        lambda s: s.client.products.images.upload(s.product, image=PNG, alt_text="Lamp"), ProductImage,
    ),
    "products.images.update_order": (
        lambda s: s.client.products.images.update_order(
            s.product, s.client.products.images.upload(s.product, image=PNG, alt_text="Lamp").id, display_order=3
        ),
        ProductImage,
    ),
    "products.images.delete": (
        lambda s: s.client.products.images.delete(
            s.product, s.client.products.images.upload(s.product, image=PNG, alt_text="Lamp").id
        ),
        None,
    ),
    "products.notifications.list": (
        lambda s: (s.client.products.notifications.create(s.product, email="a@example.com", name="A"),
                   s.client.products.notifications.list(q="a@example"))[1],
        [ProductNotification],
    ),
    "products.notifications.get_stats": (lambda s: s.client.products.notifications.get_stats(), NotificationStats),
    "products.notifications.get_settings": (
        lambda s: s.client.products.notifications.get_settings(), NotificationSettings,
    ),
    "products.notifications.update_settings": (
        lambda s: s.client.products.notifications.update_settings(
            delay_unit="day", delay_value=2, email_title={"ar": "متوفر", "en": "Back"}
        ),
        None,
    ),
    "products.notifications.create": (
        lambda s: s.client.products.notifications.create(s.product, email="a@example.com", language="en"), None,
    ),
    "products.notifications.send_email": (
        lambda s: s.client.products.notifications.send_email(
            email="a@example.com", customer_name="A", product_id=s.product, method="email"
        ),
        None,
    ),
    "products.notifications.export": (
        lambda s: s.client.products.notifications.export(email="a@example.com", is_notified=True), None,
    ),
    "products.stocks.list": (lambda s: s.client.products.stocks.list(s.product), [ProductStock]),
    "products.stocks.get": (
        lambda s: s.client.products.stocks.get(s.product, s.client.products.stocks.list(s.product)[0].id),
        ProductStock,
    ),
    "products.stocks.create": (
        lambda s: s.client.products.stocks.create(
            s.product, location=s.place().id, available_quantity=5, is_infinite=False
        ),
        dict,
    ),
    "products.stocks.update": (
        lambda s: s.client.products.stocks.update(
            s.product, s.client.products.stocks.list(s.product)[0].id, is_infinite=True
        ),
        dict,
    ),
    "products.stocks.bulk_update": (
        lambda s: s.client.products.stocks.bulk_update(
            s.product, [{"location": s.location, "available_quantity": 3, "is_infinite": False}]
        ),
        None,
    ),
    "products.variants.create": (
        lambda s: s.client.products.variants.create(
            s.product, variants=[{"sku": "V-1", "price": 9, "attributes": [
                {"slug": s.attribute().slug, "value": {"ar": "", "en": s.attribute().presets[0].value}}
            ]}]
        ),
        Product,
    ),
    "products.vouchers.list": (
        lambda s: (s.voucher(), s.client.products.vouchers.list(s.product))[1], [Voucher],
    ),
    "products.vouchers.create": (lambda s: s.voucher(), Voucher),
    "products.vouchers.update": (
        lambda s: s.client.products.vouchers.update(s.product, s.voucher().id, key="K-2", status="SOLD"), Voucher,
    ),
    "products.vouchers.delete": (lambda s: s.client.products.vouchers.delete(s.product, s.voucher().id), None),
    "products.vouchers.import_file": (
        lambda s: s.client.products.vouchers.import_file(
            s.product, file=("v.csv", b"key,pin_code,status\nK-9,1234,AVAILABLE\n", "text/csv")
        ),
        None,
    ),
    "products.vouchers.export": (
        lambda s: s.client.products.vouchers.export(s.product, email="a@example.com"), {},
    ),
    "products.vouchers.get_order_vouchers": (
        lambda s: (s.voucher(), s.client.products.vouchers.get_order_vouchers("77"))[1], [OrderVoucher],
    ),
    "reverse_orders.create": (lambda s: s.reverse(), ReverseOrder),
    "reverse_orders.create_waybill": (
        lambda s: s.client.reverse_orders.create_waybill(order_id=s.reverse().order_id), ReverseOrder,
    ),
    "reverse_orders.add_reason": (lambda s: s.client.reverse_orders.add_reason(name="No answer"), ReverseOrderReason),
    "reverse_orders.list_reasons": (
        lambda s: s.client.reverse_orders.list_reasons(name="damaged"), [ReverseOrderReason],
    ),
    "reverse_orders.calculate_totals": (
        lambda s: s.client.reverse_orders.calculate_totals(
            order_id=s.order["id"], is_partial=True,
            products=[{"order_product_id": s.order["products"][0]["order_product_id"], "quantity": 1}],
        ),
        ReverseOrderTotals,
    ),
    "reverse_orders.refund": (lambda s: s.refunded("cash"), ReverseOrder),
    "reverse_orders.upload_bank_receipt": (
        lambda s: s.client.reverse_orders.upload_bank_receipt(refund_id=s.refunded().refund.id, file=PNG[1]),
        BankReceiptUploadResponse,
    ),
    "reverse_orders.update_products": (lambda s: s.counted(), ReverseOrder),
    "stores.get_profile": (lambda s: s.client.stores.get_profile(), StoreProfile),
    "stores.get_vat_settings": (lambda s: s.client.stores.get_vat_settings(), VATSettings),
    "webhooks.list": (lambda s: (s.hook(), s.client.webhooks.list())[1], [Webhook]),
    "webhooks.create": (lambda s: s.hook(), Webhook),
    "webhooks.delete": (lambda s: (s.hook(), s.client.webhooks.delete(1292))[1], True),
    "webhooks.delete_by_subscriber": (
        lambda s: s.client.webhooks.delete_by_subscriber(s.hook().subscriber), ZidNotFoundError,
    ),
}  # fmt: skip
