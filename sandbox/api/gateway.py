"""What stands before every endpoint: tokens, Store-Id, rate limit, scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.api.answers import Answer, Family, ForbiddenError, NotAuthenticatedError, ThrottledError
from sandbox.bodies import Body
from sandbox.sandbox import Sandbox
from sandbox.settings import AppRegistration
from sandbox.world.records import Grant, Json, Store

# A need is met by any of these names: the docs name scopes in two generations, and write covers read. No scope is
# documented for what needs ANY.
ANY = "any"
SCOPES: dict[str, frozenset[str]] = {
    "account": frozenset({"account.read", "third_account_profile_read"}),
    "orders": frozenset({"third_order_read", "third_order_write", "orders.read", "orders.read_write"}),
    "orders.write": frozenset({"third_order_write", "orders.read_write"}),
    "orders.create": frozenset({"third_create_order", "Order.create", "order_create"}),
    "products": frozenset({"third_product_read", "third_product_write", "products.read", "products.read_write"}),
    "products.write": frozenset({"third_product_write", "products.read_write"}),
    "stocks": frozenset(
        {
            "third_product_stock_write",
            "third_product_read",
            "third_product_write",
            "products.read",
            "products.read_write",
        }
    ),
    "stocks.write": frozenset({"third_product_stock_write", "third_product_write", "products.read_write"}),
    "categories": frozenset(
        {
            "third_categories_read",
            "third_categories_write",
            "third_product_write",
            "products.read",
            "products.read_write",
        }
    ),
    "categories.write": frozenset({"third_categories_write", "third_product_write", "products.read_write"}),
    "inventories": frozenset(
        {"third_inventory_read", "third_inventory_write", "inventories.read", "inventories.read_write"}
    ),
    "inventories.write": frozenset({"third_inventory_write", "inventories.read_write"}),
    "customers": frozenset({"third_customers_read", "third_customers_write", "customers.read"}),
    "customer": frozenset({"third_customers_read", "third_customers_write", "customers.read", "loyalty_program.read"}),
    "customers.write": frozenset({"third_customers_write"}),
    "carts": frozenset({"abandoned_carts.read"}),
    "coupons": frozenset({"third_coupons_read", "third_coupons_write"}),
    "coupons.write": frozenset({"third_coupons_write"}),
    "loyalty": frozenset({"loyalty_program.read", "loyalty_program.read_write"}),
    "loyalty.write": frozenset({"loyalty_program.read_write"}),
    "shipping": frozenset({"shipping.read", "third_delivery_options_read", "third_delivery_options_write"}),
    "webhooks.read": frozenset({"third_webhook_read", "third_webhook_write", "webhooks.read_write"}),
    "webhooks.write": frozenset({"third_webhook_write", "webhooks.read_write"}),
    "embedded": frozenset({"embedded_apps_tokens_write"}),
    "subscription": frozenset({"Subscription.read", "Subscription.read_write"}),
}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as the endpoints see it."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    host: str
    body: Body

    @property
    def document(self) -> Json:
        """The object that was sent, as JSON or as a form; empty when none was."""
        return self.body.document

    @property
    def language(self) -> str:
        """`en` unless Arabic (or all languages) is asked for."""
        asked = self.headers.get("Accept-Language", "en").lower()
        if asked.startswith("all-languages"):
            return "all"
        return "ar" if asked.startswith("ar") else "en"


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request: on whose behalf, in which store."""

    sandbox: Sandbox
    incoming: Incoming
    app: AppRegistration
    store: Store

    @property
    def document(self) -> Json:
        return self.incoming.document

    @property
    def query(self) -> Mapping[str, str]:
        return self.incoming.query


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the route table. A write has an `operation`, under which it is counted.

    `scope` names a need of SCOPES (several, joined by `+`, are all needed), `permission` what the merchant's
    own user must be allowed to do.
    """

    method: str
    path: str
    family: Family
    scope: str
    handle: Callable[[Call], Answer]
    operation: str = ""
    permission: str = ""


def admit(sandbox: Sandbox, endpoint: Endpoint, incoming: Incoming) -> Call:
    """Lets a request through to its endpoint, or raises the refusal. Does not hold the excess; see `hold`."""
    grant = authenticate(sandbox, incoming, endpoint.family)
    app, store = sandbox.world.apps.get(grant.client_id), sandbox.world.stores.get(str(grant.store_id))
    if app is None or store is None:
        raise NotAuthenticatedError
    _throttle(sandbox, endpoint.family, grant)
    if not _is_allowed(endpoint, grant, store):
        raise ForbiddenError
    return Call(sandbox, incoming, app, store)


def _is_allowed(endpoint: Endpoint, grant: Grant, store: Store) -> bool:
    if endpoint.permission in store.denied_permissions:
        return False
    needs = [] if endpoint.scope == ANY else endpoint.scope.split("+")
    return all(SCOPES[need] & set(grant.scopes) for need in needs)


def authenticate(sandbox: Sandbox, incoming: Incoming, family: Family) -> Grant:
    """The grant that both tokens belong to; raises NotAuthenticatedError.

    Either name of the manager token's header will do in either family; the products family also needs its own
    Store-Id, numeric or UUID.
    """
    world, now = sandbox.world, sandbox.world.now()
    bearer = bearer_grant(sandbox, incoming)
    manager = world.manager_tokens.get(_manager_token(incoming.headers))
    if bearer is None or manager is None or not is_open(bearer, now) or not is_open(manager, now):
        raise NotAuthenticatedError
    if (bearer.client_id, bearer.store_id) != (manager.client_id, manager.store_id):
        raise NotAuthenticatedError
    if family == "products":
        _check_store_id(sandbox, incoming, bearer)
    return bearer


def bearer_grant(sandbox: Sandbox, incoming: Incoming) -> Grant | None:
    """Whom the Authorization header was given to, whether or not it still opens anything."""
    kind, _, token = incoming.headers.get("Authorization", "").partition(" ")
    return sandbox.world.bearers.get(token.strip()) if kind.lower() == "bearer" else None


def is_open(grant: Grant, now: float) -> bool:
    """Neither expired nor revoked at `now`."""
    return now < grant.expires and not (grant.revoked and now >= grant.revoke_at)


def _manager_token(headers: Mapping[str, str]) -> str:
    return headers.get("X-Manager-Token") or headers.get("Access-Token") or ""


def _check_store_id(sandbox: Sandbox, incoming: Incoming, grant: Grant) -> None:
    store = sandbox.world.stores.get(str(grant.store_id))
    if store is None or incoming.headers.get("Store-Id") not in (str(store.id), store.uuid):
        raise NotAuthenticatedError


def _throttle(sandbox: Sandbox, family: Family, grant: Grant) -> None:
    knobs = sandbox.knobs
    if family != "products" and knobs.text("rate.scope") == "products":
        return
    key = (grant.client_id, grant.store_id)
    wait = sandbox.buckets.take(key, sandbox.world.now(), knobs.number("rate.bucket"))
    if wait:
        raise ThrottledError(wait)
