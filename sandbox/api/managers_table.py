"""The managers family as a table: method, path, scope, handler, and the name under which writes are counted."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.api import (
    account,
    bundle_offers,
    carts,
    categories,
    category_writes,
    coupons,
    customer_writes,
    drafts,
    loyalty,
    loyalty_points,
    order_statuses,
    order_writes,
    orders,
    people,
    refunds,
    returns,
    reverse_orders,
    store_settings,
    webhooks,
)
from sandbox.api.answers import Answer
from sandbox.api.gateway import ANY, Call, Endpoint

STORE = "/v1/managers/store"
PROFILE = "/v1/managers/account/profile"
EMBEDDED = "/v1/managers/embedded-apps-token"
_HOOKS = "/v1/managers/webhooks"
_LOYALTY = "/v1/managers/loyalty-program"
_REVERSE = f"{STORE}/reverse-orders"
_ORDER = STORE + "/orders/{id}"


def _row(
    method: str, path: str, scope: str, handle: Callable[[Call], Answer], operation: str = "", permission: str = ""
) -> Endpoint:
    return Endpoint(method, path, "managers", scope, handle, operation, permission)


_ACCOUNT = (
    _row("GET", PROFILE, "account", account.profile),
    _row("POST", EMBEDDED, "embedded", account.register_embedded, "embedded_token.register"),
    _row("DELETE", EMBEDDED, "embedded", account.revoke_embedded, "embedded_token.revoke"),
    _row("GET", "/v1/market/app/subscription", "subscription", account.subscription),
    _row("POST", _HOOKS, "webhooks.write", webhooks.create_webhook, "webhooks.create"),
    _row("GET", _HOOKS, "webhooks.read", webhooks.list_webhooks),
    _row("DELETE", _HOOKS, "webhooks.write", webhooks.delete_webhooks, "webhooks.delete"),
    _row(
        "DELETE",
        _HOOKS + "/subscribers/{subscriber}",
        "webhooks.write",
        webhooks.delete_by_subscriber,
        "webhooks.delete_by_subscriber",
    ),
)
_ORDERS = (
    _row("GET", f"{STORE}/orders", "orders", orders.list_orders),
    _row(
        "GET",
        f"{STORE}/orders/custom-statuses",
        "orders.write",
        order_statuses.custom_statuses,
        permission="orders.custom.statuses.view",
    ),
    _row("GET", _ORDER + "/view", "orders", orders.view_order),
    _row(
        "POST",
        _ORDER + "/change-order-status",
        "orders.write",
        order_writes.change_status,
        "orders.change_status",
        "orders.status.change",
    ),
    _row("POST", _ORDER + "/add-order-comment", "orders.write", order_writes.add_comment, "orders.add_comment"),
    _row("GET", _ORDER + "/credit-notes", "orders", returns.list_credit_notes),
    _row("GET", _ORDER + "/view-for-return", "orders.write", returns.view_for_return),
    _row("POST", f"{STORE}/drafts", "orders.create+orders.write", drafts.create_order, "orders.create"),
)
_REVERSE_ORDERS = (
    _row("POST", _REVERSE, "orders.write", reverse_orders.create_reverse, "reverse_orders.create"),
    _row("POST", f"{_REVERSE}/waybill", "orders.write", reverse_orders.create_waybill, "reverse_orders.waybill"),
    _row("GET", f"{_REVERSE}/reasons", "orders.write", reverse_orders.list_reasons),
    _row("POST", f"{_REVERSE}/reasons", "orders.write", reverse_orders.add_reason, "reverse_orders.add_reason"),
    _row("POST", "/v1/managers/reverse-credit-note/totals", "orders.write", returns.return_totals),
    _row("POST", f"{_REVERSE}/refund", "orders.write", refunds.create_refund, "reverse_orders.refund"),
    _row(
        "POST",
        f"{_REVERSE}/refund/upload-bank-receipt",
        "orders.write",
        refunds.upload_receipt,
        "reverse_orders.upload_receipt",
    ),
    _row("PUT", f"{_REVERSE}/products", "orders.write", reverse_orders.count_products, "reverse_orders.count"),
)
_PEOPLE = (
    _row("GET", f"{STORE}/customers", "customers", people.list_customers),
    _row("GET", f"{STORE}/customers/primary-data-list", "customers", people.list_primary_data),
    _row("GET", STORE + "/customers/{id}", "customer", people.view_customer),
    _row("POST", f"{STORE}/customers/bulk", "customers.write", customer_writes.create_customers, "customers.bulk"),
    _row(
        "DELETE",
        STORE + "/customers/{id}/tags/{tag}",
        "customers.write",
        customer_writes.remove_tag,
        "customers.remove_tag",
    ),
    _row("GET", f"{STORE}/abandoned-carts", "carts", carts.list_carts),
    _row("GET", STORE + "/abandoned-carts/{id}", "carts", carts.view_cart),
)
_CATEGORIES = (
    _row("GET", f"{STORE}/categories", "categories", categories.list_categories),
    _row("GET", STORE + "/categories/{id}/view", "categories", categories.view_category),
    _row("POST", f"{STORE}/categories/add", "categories.write", category_writes.add_category, "categories.add"),
    _row(
        "POST",
        STORE + "/categories/{id}/update",
        "categories.write",
        category_writes.update_category,
        "categories.update",
    ),
    _row(
        "PUT",
        STORE + "/categories/{id}/publishing",
        "categories.write",
        category_writes.publish_category,
        "categories.publish",
    ),
    _row(
        "DELETE",
        STORE + "/categories/{id}/products/delete",
        "categories.write",
        category_writes.detach_products,
        "categories.detach_products",
    ),
)
_MARKETING = (
    _row("GET", f"{STORE}/coupons", "coupons", coupons.list_coupons),
    _row("GET", STORE + "/coupons/{id}/view", "coupons", coupons.view_coupon),
    _row("POST", f"{STORE}/coupons/add", "coupons.write", coupons.add_coupon, "coupons.add"),
    _row("POST", STORE + "/coupons/{id}/update", "coupons.write", coupons.update_coupon, "coupons.update"),
    _row("DELETE", STORE + "/coupons/{id}", "coupons.write", coupons.delete_coupon, "coupons.delete"),
    _row("GET", f"{STORE}/discounts/bundle-offers", "coupons", bundle_offers.list_bundle_offers),
    _row("GET", f"{_LOYALTY}/loyalty-status", "loyalty", loyalty.show_status),
    _row("GET", f"{_LOYALTY}/list-data", "loyalty", loyalty.show_program),
    _row("GET", f"{_LOYALTY}/customers/details", "loyalty", loyalty_points.show_account),
    _row("GET", _LOYALTY + "/points-history/{id}/", "loyalty", loyalty_points.show_history),
    _row("GET", f"{STORE}/loyalty-program-info", "loyalty", loyalty.show_info),
    _row("POST", f"{_LOYALTY}/activation", "loyalty.write", loyalty.activate, "loyalty.activate"),
    _row("POST", f"{_LOYALTY}/points-expiration", "loyalty.write", loyalty.set_expiration, "loyalty.set_expiration"),
    _row(
        "POST",
        f"{_LOYALTY}/points-collection/update",
        "loyalty.write",
        loyalty.update_collection,
        "loyalty.update_collection",
    ),
    _row(
        "POST", f"{_LOYALTY}/points-redemption", "loyalty.write", loyalty.create_redemption, "loyalty.create_redemption"
    ),
    _row(
        "POST",
        f"{_LOYALTY}/points-redemption/update",
        "loyalty.write",
        loyalty.update_redemption,
        "loyalty.update_redemption",
    ),
    _row(
        "POST",
        f"{_LOYALTY}/points-redemption/delete",
        "loyalty.write",
        loyalty.delete_redemption,
        "loyalty.delete_redemption",
    ),
    _row(
        "POST",
        f"{_LOYALTY}/customers/adjust-customer-points",
        "loyalty.write",
        loyalty_points.adjust_points,
        "loyalty.adjust_points",
    ),
)
_SETTINGS = (
    _row("GET", f"{STORE}/third-party/vat", ANY, store_settings.show_vat),
    _row("GET", f"{STORE}/payment-methods", ANY, store_settings.list_payment_methods),
    _row("GET", f"{STORE}/delivery-options", "shipping", store_settings.list_delivery_options),
    _row("GET", "/v1/managers/countries", ANY, store_settings.list_operating_countries),
    _row("GET", "/v1/settings/countries", ANY, store_settings.list_countries),
    _row("GET", "/v1/managers/cities/by-country-id/{id}", ANY, store_settings.list_cities),
)
MANAGERS = (*_ACCOUNT, *_ORDERS, *_REVERSE_ORDERS, *_PEOPLE, *_CATEGORIES, *_MARKETING, *_SETTINGS)
