"""The products family as a table: method, path, scope, handler, and the name under which writes are counted."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.api import (
    attributes,
    customizations,
    images,
    locations,
    notifications,
    product_categories,
    product_writes,
    products,
    stocks,
    variants,
    vouchers,
)
from sandbox.api.answers import Answer
from sandbox.api.gateway import Call, Endpoint

_ALL = "/v1/products/"
_ONE = "/v1/products/{id}/"
_NOTIFICATIONS = "/v1/products/notifications/"
_ATTRIBUTE = "/v1/attributes/{id}/"
_PRESET = "/v1/attributes/{id}/presets/{preset}/"


def _row(method: str, path: str, scope: str, handle: Callable[[Call], Answer], operation: str = "") -> Endpoint:
    return Endpoint(method, path, "products", scope, handle, operation)


def _read(path: str, handle: Callable[[Call], Answer]) -> Endpoint:
    return _row("GET", path, "products", handle)


def _write(method: str, path: str, handle: Callable[[Call], Answer], operation: str) -> Endpoint:
    return _row(method, path, "products.write", handle, operation)


_PRODUCTS = (
    _read(_ALL, products.list_products),
    _write("POST", _ALL, product_writes.create_product, "products.create"),
    _write("PATCH", _ALL, product_writes.update_products, "products.bulk_update"),
    _read(f"{_ALL}settings/", products.product_settings),
    _write("POST", f"{_ALL}ordering/", product_writes.set_order, "products.set_order"),
    _write("DELETE", f"{_ALL}ordering/", product_writes.reset_order, "products.reset_order"),
    _write("POST", f"{_ALL}export/", product_writes.export_products, "products.export"),
    _write("POST", f"{_ALL}import/", product_writes.import_products, "products.import"),
    _read(_ONE, products.view_product),
    _write("PATCH", _ONE, product_writes.update_product, "products.update"),
    _write("DELETE", _ONE, product_writes.delete_product, "products.delete"),
    _write("POST", _ONE + "variants/", variants.create_variants, "variants.create"),
    _write("POST", _ONE + "options/", variants.create_options, "variants.create_options"),
    _write("POST", _ONE + "custom_options_fields/", customizations.create_option, "custom_options.create"),
    _write("PUT", _ONE + "custom_options_fields/{field}/", customizations.replace_option, "custom_options.update"),
    _write("DELETE", _ONE + "custom_options_fields/{field}/", customizations.delete_option, "custom_options.delete"),
    _write("POST", _ONE + "custom_user_input_fields/", customizations.create_input, "custom_inputs.create"),
    _read(_ONE + "images/", images.list_images),
    _write("POST", _ONE + "images/", images.add_image, "images.add"),
    _write("PATCH", _ONE + "images/{image}/", images.move_image, "images.move"),
    _write("DELETE", _ONE + "images/{image}/", images.delete_image, "images.delete"),
    _write("POST", _ONE + "categories/", product_categories.assign_category, "product_categories.assign"),
    _write(
        "PATCH", _ONE + "categories/bulk-add/", product_categories.assign_categories, "product_categories.bulk_assign"
    ),
    _write("DELETE", _ONE + "categories/{category}/", product_categories.remove_category, "product_categories.remove"),
)
_STOCKS = (
    _row("GET", _ONE + "stocks/", "stocks", stocks.list_stocks),
    _row("POST", _ONE + "stocks/", "stocks.write", stocks.create_stock, "stocks.create"),
    _row("PATCH", _ONE + "stocks/", "stocks.write", stocks.change_stocks, "stocks.bulk_update"),
    _row("GET", _ONE + "stocks/{stock}/", "stocks", stocks.view_stock),
    _row("PATCH", _ONE + "stocks/{stock}/", "stocks.write", stocks.change_stock, "stocks.update"),
    _row("GET", "/v1/locations/", "inventories", locations.list_locations),
    _row("POST", "/v1/locations/", "inventories.write", locations.create_location, "locations.create"),
    _row("GET", "/v1/locations/{id}/", "inventories", locations.view_location),
    _row("PATCH", "/v1/locations/{id}/", "inventories.write", locations.update_location, "locations.update"),
    _row(
        "POST",
        "/v1/locations/{id}/stock-update/",
        "inventories.write",
        stocks.change_location_stock,
        "locations.stock_update",
    ),
)
_VOUCHERS = (
    _read(_ONE + "vouchers/", vouchers.list_vouchers),
    _write("POST", _ONE + "vouchers/", vouchers.create_voucher, "vouchers.create"),
    _write("POST", _ONE + "vouchers/import/", vouchers.import_vouchers, "vouchers.import"),
    _write("POST", _ONE + "vouchers/export/", vouchers.export_vouchers, "vouchers.export"),
    _write("PATCH", _ONE + "vouchers/{voucher}/", vouchers.update_voucher, "vouchers.update"),
    _write("DELETE", _ONE + "vouchers/{voucher}/", vouchers.delete_voucher, "vouchers.delete"),
    _read("/v1/order-vouchers/{id}/", vouchers.list_order_vouchers),
)
_NOTIFYING = (
    _read(_NOTIFICATIONS, notifications.list_notifications),
    _read(f"{_NOTIFICATIONS}stats/", notifications.notification_stats),
    _read(f"{_NOTIFICATIONS}settings/", notifications.show_settings),
    _write("POST", f"{_NOTIFICATIONS}settings/", notifications.change_settings, "notifications.settings"),
    _write("POST", f"{_NOTIFICATIONS}send/", notifications.send_notification, "notifications.send"),
    _write("POST", f"{_NOTIFICATIONS}export/", notifications.export_notifications, "notifications.export"),
    _write("POST", _ONE + "notifications/", notifications.create_notification, "notifications.create"),
)
_DESCRIBING = (
    _read("/v1/attributes/", attributes.list_attributes),
    _write("POST", "/v1/attributes/", attributes.create_attribute, "attributes.create"),
    _read(_ATTRIBUTE, attributes.view_attribute),
    _write("PATCH", _ATTRIBUTE, attributes.update_attribute, "attributes.update"),
    _write("DELETE", _ATTRIBUTE, attributes.delete_attribute, "attributes.delete"),
    _read(_ATTRIBUTE + "presets/", attributes.list_presets),
    _write("POST", _ATTRIBUTE + "presets/", attributes.create_preset, "presets.create"),
    _write("PATCH", _PRESET, attributes.update_preset, "presets.update"),
    _write("DELETE", _PRESET, attributes.delete_preset, "presets.delete"),
    _read("/v1/Metafields/", attributes.list_metafields),
    _write("POST", "/v1/Metafields", attributes.create_metafield, "metafields.create"),
    _read("/v1/badges/", attributes.list_badges),
)
CATALOGUE = (*_PRODUCTS, *_STOCKS, *_VOUCHERS, *_NOTIFYING, *_DESCRIBING)
