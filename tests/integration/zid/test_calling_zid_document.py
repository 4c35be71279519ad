"""The examples of "Calling Zid", executed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.zid.routes import ROUTES
from core.domain.operations.orders import GetOrder
from core.domain.operations.products import ListProducts
from core.features.read_pages import items
from sandbox.server import RunningSandbox
from tests.integration.zid.operations_world import Shop, running_zid, shop

SECTION = (Path(__file__).resolve().parents[3] / "docs/calling-zid.md").read_text()


def example(name: str) -> Any:
    """The function of this name, from the block that defines it."""
    (block,) = [text.split("```")[0] for text in SECTION.split("```python\n")[1:] if f"def {name}(" in text]
    found: dict[str, Any] = {}
    exec(compile(block, f"docs/calling-zid.md: {name}", "exec"), found)
    return found[name]


@pytest.fixture(scope="session")
async def zid_of_readme() -> AsyncIterator[RunningSandbox]:
    async with running_zid() as running:
        yield running


@pytest.fixture
async def store(zid_of_readme: RunningSandbox) -> AsyncIterator[Shop]:
    async with shop(zid_of_readme, products=7, orders=60, customers=2) as opened:
        yield opened


@pytest.mark.parametrize("answer", ["heard", "lost"])
async def test_an_order_is_shipped_once(store: Shop, answer: str) -> None:
    order_id = await an_order_that_is(store, "ready")
    if answer == "lost":
        fault = {"route": "POST */change-order-status", "kind": "cut_after_commit", "times": 1}
        await store.control("POST", "/faults", fault)
    assert await example("ship")(store, order_id, "TRK-1") == "indelivery"
    shipped = await store.perform(GetOrder(order_id))
    assert (shipped.status, shipped.shipping.tracking_number) == ("indelivery", "TRK-1")
    counted = (await store.control("GET", "/stats"))["writes"]["orders.change_status"]
    assert counted["applied"] == 1


async def an_order_that_is(store: Shop, status: str) -> str:
    for order_id in await store.ids("orders"):
        if (await store.perform(GetOrder(order_id))).status == status:
            return order_id
    raise AssertionError(f"none of the orders is {status}")


async def test_paid_orders_are_added_up_to_the_last(store: Shop) -> None:
    orders = [await store.perform(GetOrder(order_id)) for order_id in await store.ids("orders")]
    expected = sum((o.total.amount for o in orders if o.total and o.payment_status == "paid"), Decimal(0))
    assert await example("turnover")(store) == expected > 0


async def test_products_are_read_a_few_pages_at_a_time(store: Shop) -> None:
    names, token = await example("some_names")(store, None)
    assert len(names) == 4
    rest, end = await example("some_names")(store, token)
    assert end is None
    assert names + rest == [str(product.name) async for product in items(store, ListProducts())]


def test_the_count_of_operations_is_right() -> None:
    assert f"{len(ROUTES)} of them" in SECTION
