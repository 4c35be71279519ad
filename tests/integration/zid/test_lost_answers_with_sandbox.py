"""A write whose answer is lost was done once, is said to be unknown, and is never sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.domain.names import Name
from core.domain.operations.attributes import AttributeFields, CreateAttribute
from core.domain.operations.categories import CategoryFields, CreateCategory, PublishCategory
from core.domain.operations.customers import CreateCustomers, NewCustomer
from core.domain.operations.files import Upload
from core.domain.operations.loyalty import AdjustPoints
from core.domain.operations.marketing import CouponFields, CreateCoupon, DiscountType
from core.domain.operations.operation import Operation
from core.domain.operations.order_writes import CommentOnOrder
from core.domain.operations.orders import GetOrder
from core.domain.operations.product_parts import UploadImage
from core.domain.operations.product_writes import CreateProduct, DeleteProduct, ProductFields, UpdateProduct
from core.domain.operations.reverse_orders import CreateReverseReason
from core.errors import OutcomeUnknown, Unavailable
from sandbox.server import RunningSandbox
from tests.integration.zid.operations_world import Shop, running_zid, shop

COUPON = CouponFields(
    name="n",
    code="ONCE",
    discount_type=DiscountType.FIXED,
    discount=Decimal(5),
    date_start=date(2030, 1, 1),
    date_end=date(2030, 2, 1),
)


@pytest.fixture(scope="session")
async def zid_of_lost_answers() -> AsyncIterator[RunningSandbox]:
    async with running_zid() as running:
        yield running


@pytest.fixture
async def store(zid_of_lost_answers: RunningSandbox) -> AsyncIterator[Shop]:
    async with shop(zid_of_lost_answers, products=2, categories=1, orders=1, customers=1) as opened:
        yield opened
        await opened.control("DELETE", "/faults")


async def writes(store: Shop) -> list[tuple[str, Operation[Any]]]:
    """One of each verb and encoding, with the name under which the sandbox counts it."""
    product, other = await store.ids("products")
    (category,), (order,), (customer,) = [await store.ids(kind) for kind in ("categories", "orders", "customers")]
    picture = Upload("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 99, "image/png")
    return [
        ("products.create", CreateProduct(ProductFields(name="Mug", price=Decimal(1), sku="ONCE"))),
        ("products.update", UpdateProduct(product, ProductFields(price=Decimal(2)))),
        ("images.add", UploadImage(product, picture)),
        ("products.delete", DeleteProduct(other)),
        ("attributes.create", CreateAttribute(AttributeFields(name=Name(en="Once"), slug="once"))),
        ("categories.add", CreateCategory(CategoryFields(name=Name(en="Once")))),
        ("categories.publish", PublishCategory(category, is_published=True)),
        ("coupons.add", CreateCoupon(COUPON)),
        ("customers.bulk", CreateCustomers((NewCustomer("Once", "+966500000077"),))),
        ("orders.add_comment", CommentOnOrder(order, "once")),
        ("reverse_orders.add_reason", CreateReverseReason("Once")),
        ("loyalty.adjust_points", AdjustPoints(customer, 5, "once")),
    ]


async def test_every_lost_write_is_done_once_and_said_to_be_unknown(store: Shop) -> None:
    planned = await writes(store)
    await store.control("POST", "/faults", {"route": "*", "kind": "cut_after_commit", "probability": 1})
    for _, operation in planned:
        with pytest.raises(OutcomeUnknown) as lost:
            await store.perform(operation)
        assert lost.value.how_to_check == operation.check
    counted = (await store.control("GET", "/stats"))["writes"]
    for name, _ in planned:
        assert (counted[name]["requests"], counted[name]["applied"]) == (1, 1), name


async def test_a_read_is_asked_again_and_then_unavailable(store: Shop) -> None:
    (order,) = await store.ids("orders")
    await store.control("POST", "/faults", {"route": "GET *", "kind": "cut_after_commit", "times": 2})
    assert (await store.perform(GetOrder(order))).id == order
    await store.control("POST", "/faults", {"route": "GET *", "kind": "cut_after_commit", "probability": 1})
    with pytest.raises(Unavailable):
        await store.perform(GetOrder(order))
