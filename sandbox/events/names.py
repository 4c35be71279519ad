"""The events Zid documents."""

from __future__ import annotations

CONDITIONAL_EVENTS = ("order.create", "order.status.update")

MERCHANT_EVENTS = (
    *CONDITIONAL_EVENTS,
    "order.payment_status.update",
    "product.create",
    "product.update",
    "product.publish",
    "product.delete",
    "abandoned_cart.created",
    "abandoned_cart.completed",
    "customer.create",
    "customer.update",
    "customer.merchant.update",
    "customer.login",
    "category.create",
    "category.update",
    "category.delete",
)

APP_EVENTS = (
    "app.market.application.authorized",
    "app.market.application.install",
    "app.market.application.uninstall",
    "app.market.application.rated",
    "app.market.subscription.active",
    "app.market.subscription.warning",
    "app.market.subscription.suspended",
    "app.market.subscription.expired",
    "app.market.subscription.renew",
    "app.market.subscription.upgrade",
    "app.market.subscription.refunded",
    "app.market.private.plan.request",
    "app.market.subscription.usage_based.payment_success",
    "app.market.subscription.usage_based.payment_failure",
)
