"""Zid's official SDK, unmodified but for its two base URLs, drives the sandbox; its own models accept every answer."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pydantic
import pytest
import zid.auth
from zid import RetryConfig, ZidClient
from zid.exceptions import (
    ZidAuthenticationError,
    ZidAuthorizationError,
    ZidError,
    ZidNotFoundError,
    ZidServerError,
    ZidValidationError,
)
from zid.models import Customer, Order, OrderSimple
from zid.models.order import OrderPos, OrderPrint, OrderPrintSummary, OrderTiny, PayloadType
from zid.pagination import PaginatedIterator

from tests.sandbox.sdk_calls import CALLS
from tests.sandbox.sdk_shop import Shop

ONCE = RetryConfig(max_retries=0, retry_on_rate_limit=False)
RESOURCES = (
    "abandoned_carts", "bundle_offers", "coupons", "customers", "delivery_options", "geography", "locations",
    "loyalty", "orders", "payment_methods", "products", "reverse_orders", "stores", "webhooks",
)  # fmt: skip
PRODUCT_PARTS = (
    "attributes", "categories", "customizations", "images", "notifications", "stocks", "variants", "vouchers",
)  # fmt: skip


@pytest.fixture(scope="session")
def sdk(sandbox_server) -> Iterator[ZidClient]:
    """One client for all tests: the tokens it uses are changed in place, as its own refresh does."""
    with ZidClient(authorization="none yet", base_url=sandbox_server.url, retry=ONCE) as client:
        yield client


@pytest.fixture
def client(zid_app, sdk) -> Iterator[Callable[..., ZidClient]]:
    """Gives the SDK the tokens of a store. Its OAuth host is a module constant, and is put back."""
    before, zid.auth.OAUTH_BASE_URL = zid.auth.OAUTH_BASE_URL, zid_app.running.url

    def use(tokens: Any, *, is_refreshing: bool = True) -> ZidClient:
        auth, app, document = sdk.auth, zid_app.app, tokens.document
        auth.authorization, auth.store_token = document["authorization"], document["access_token"]
        auth.refresh_token, auth.store_id = document["refresh_token"], tokens.store_id
        auth.client_id, auth.client_secret = app.client_id, app.client_secret
        auth.redirect_uri = app.callback_url if is_refreshing else None
        return sdk

    yield use
    zid.auth.OAUTH_BASE_URL, sdk.auth.on_tokens_refreshed = before, None


@pytest.fixture
def zid_app(request):
    """The sandbox of the other tests; its fixture has the name of the SDK's package."""
    return request.getfixturevalue("zid")


@pytest.fixture
async def shop(zid_app, client) -> Shop:
    tokens = await zid_app.installed(orders=8, products=8, customers=4, categories=2, carts=2)
    own_courier = {"shipping": {"method": {"courier": None}}, "is_marketplace_order": False}
    await zid_app.trigger(tokens, "order.create", data=own_courier)
    kinds = ("orders", "products", "customers", "categories", "carts", "locations", "coupons")
    rows = {
        kind: (await zid_app.control("GET", f"/stores/{tokens.store_id}/entities/{kind}"))["items"] for kind in kinds
    }
    return Shop(client(tokens), **rows)


def method_names(sdk: ZidClient) -> set[str]:
    """Every public method of every resource of the SDK."""
    owners = {name: getattr(sdk, name) for name in RESOURCES}
    owners |= {f"products.{part}": getattr(owners["products"], part) for part in PRODUCT_PARTS}
    return {
        f"{owner}.{name}"
        for owner, resource in owners.items()
        for name, value in vars(type(resource)).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def test_every_resource_and_method_of_the_sdk_is_in_the_table(sdk):
    properties = {name for name, value in vars(ZidClient).items() if isinstance(value, property)} - {"auth"}

    assert properties == set(RESOURCES)
    assert set(CALLS) == method_names(sdk)


@pytest.mark.parametrize("name", CALLS)
async def test_the_sdk_calls_it_and_its_models_accept_the_answer(shop, name):
    call, expected = CALLS[name]

    if inspect.isclass(expected) and issubclass(expected, ZidError):
        with pytest.raises(expected):
            await asyncio.to_thread(outcome, call, shop)
        return
    result = await asyncio.to_thread(outcome, call, shop)

    if isinstance(expected, list):
        assert result
        assert all(isinstance(row, expected[0]) for row in result)
    elif inspect.isclass(expected):
        assert isinstance(result, expected)
    else:
        assert result == expected


def outcome(call: Callable[[Shop], Any], shop: Shop) -> Any:
    """What a call gives; an iterator is followed over all of its pages."""
    result = call(shop)
    return result.to_list() if isinstance(result, PaginatedIterator) else result


@pytest.mark.parametrize("payload", get_args(PayloadType))
async def test_every_payload_type_of_orders_has_its_model(shop, payload):
    models = {"default": Order, "simple": OrderSimple, "tiny": OrderTiny, "pos": OrderPos, "print": OrderPrint}

    def listed() -> list[Any]:
        return shop.client.orders.list(payload_type=payload, per_page=9, page=1).to_list()

    rows = await asyncio.to_thread(listed)

    assert len(rows) == 9
    assert all(type(row) is models.get(payload, OrderPrintSummary) for row in rows)


async def test_a_status_change_is_read_back_with_its_tracking(shop):
    number = shop.order["id"]

    def work() -> Order:
        shop.client.orders.update_status(
            number, order_status="indelivery", tracking_number="T1", tracking_url="https://track.example/T1"
        )
        return shop.client.orders.get(number)

    order = await asyncio.to_thread(work)

    assert (order.order_status.code, order.display_status.code) == ("indelivery", "indelivery")
    assert (order.shipping.method.tracking.number, order.shipping.method.tracking.url) == (
        "T1",
        "https://track.example/T1",
    )


async def test_an_expired_token_is_refreshed_against_the_sandbox(zid_app, client):
    await zid_app.knobs(oauth__expires_in=3_600)
    tokens = await zid_app.installed(products=2)
    tokens_of_sdk: list[str] = []
    sdk = client(tokens)
    sdk.auth.on_tokens_refreshed = lambda auth: tokens_of_sdk.append(auth.refresh_token)
    await zid_app.control("POST", "/clock", {"advance_seconds": 3_601})
    before = await zid_app.stats()

    products = await asyncio.to_thread(lambda: sdk.products.list().to_list())

    after = await zid_app.stats()
    assert len(products) == 2
    assert len(tokens_of_sdk) == 1
    assert tokens_of_sdk[0] != tokens.document["refresh_token"]
    assert sdk.auth.authorization != tokens.document["authorization"]
    assert after["oauth"]["refresh_token"].get("ok", 0) - before["oauth"]["refresh_token"].get("ok", 0) == 1


@pytest.mark.parametrize(
    ("prepare", "call", "error"),
    [
        (None, lambda sdk: sdk.orders.get(1), ZidNotFoundError),
        (None, lambda sdk: sdk.orders.add_comment(1, "x" * 101), ZidNotFoundError),
        (None, lambda sdk: sdk.coupons.create(**dict.fromkeys(COUPON, "")), ZidValidationError),
        (None, lambda sdk: sdk.products.create(name="", price=1, sku="x"), ZidValidationError),
        ("status", lambda sdk: sdk.orders.list().to_list(), ZidServerError),
        ("uninstall", lambda sdk: sdk.stores.get_profile(), ZidAuthenticationError),
        ("scopes", lambda sdk: sdk.orders.list().to_list(), ZidAuthorizationError),
    ],
)
async def test_refusals_become_the_sdks_own_errors(zid_app, client, prepare, call, error):
    if prepare == "scopes":
        app = zid_app.app
        names = ("client_id", "client_secret", "app_id", "callback_url", "redirection_url")
        registration = {name: getattr(app, name) for name in names}
        await zid_app.control("POST", "/apps", registration | {"scopes": ["products.read"]})
    tokens = await zid_app.installed(orders=1)
    if prepare == "status":
        await zid_app.control("POST", "/faults", {"route": "/v1/managers/store/orders", "kind": "status"})
    if prepare == "uninstall":
        await zid_app.control("POST", f"/stores/{tokens.store_id}/uninstall")
    sdk = client(tokens, is_refreshing=False)

    with pytest.raises(error) as raised:
        await asyncio.to_thread(call, sdk)

    assert raised.value.request_id


COUPON = (
    "name", "code", "discount_type", "discount", "free_shipping", "free_cod", "total", "date_start", "date_end",
    "uses_total", "uses_customer", "apply_to", "status", "applying_method", "conditions", "max_total", "max_weight",
)  # fmt: skip


async def test_the_sdk_reads_one_page_of_orders_and_customers_of_many(zid_app, client):
    """A bug of the SDK: neither list says where the next page is, and it does not count."""
    tokens = await zid_app.installed(orders=60, customers=30, products=3)
    sdk = client(tokens)

    def work() -> tuple[int, int]:
        orders = sdk.orders.list(page=1, per_page=20).to_list()
        return len(orders), len(sdk.customers.list(page=1, per_page=20).to_list())

    assert await asyncio.to_thread(work) == (20, 20)
    _, page = await zid_app.get(tokens, "/v1/managers/store/orders?page=1&per_page=20")
    assert page["total_order_count"] == 60


async def test_the_sdk_follows_the_next_links_of_products(zid_app, client):
    sdk = client(await zid_app.installed(products=35))

    products = await asyncio.to_thread(lambda: sdk.products.list(page_size=10).to_list())

    assert len({product.id for product in products}) == 35


class TestKnownStrictModels:
    """Documented answers that the SDK's own models refuse: bugs of the SDK, listed so that no others hide."""

    async def test_customer_needs_nickname_and_pivot_mobile_which_the_primary_list_lacks(self, zid_app, client):
        tokens = await zid_app.installed(customers=2)
        _, body = await zid_app.get(tokens, "/v1/managers/store/customers/primary-data-list?page=1&per_page=1")

        with pytest.raises(pydantic.ValidationError) as refused:
            Customer.model_validate(body["customers"][0])

        assert {row["loc"][0] for row in refused.value.errors()} == {"nickname", "pivotMobile"}

    async def test_order_customer_needs_an_id_which_guests_have_not(self, zid_app, client):
        tokens = await zid_app.installed(products=3)
        (number,) = (await zid_app.trigger(tokens, "order.create"))["ids"]
        sdk = client(tokens)

        with pytest.raises(pydantic.ValidationError) as refused:
            await asyncio.to_thread(sdk.orders.get, int(number))

        assert {row["loc"] for row in refused.value.errors()} == {("customer", "id")}
