"""Lives of orders and products, delivered in any order, repeated and late, through real Postgres and real Redis."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from core.domain.event_states import EventState, Origin
from core.ids import EntityKind
from tests.integration.pipeline.scene import STORE, Life, Scene, working
from tests.servers import Database

START = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES = ("new", "preparing", "ready", "indelivery", "delivered")
PAYMENTS = ("pending", "paid", "refunded", "voided")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_order_repeats_and_delays_end_in_the_last_version(
    database: Database, redis_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    orders = [order_life(chance, number) for number in range(30)]
    products = [product_life(chance, number) for number in range(20)]
    async with working(database, redis_url) as scene:
        await deliver_anyhow(scene, chance, [*orders, *products])
        ledger = await scene.settled()
        books = ledger.of(Origin.ZID)
        assert ledger.balanced
        assert books.received + books.duplicates == scene.sent
        for order in orders:
            check_order(scene, order)
        for product in products:
            check_product(scene, product)


async def test_the_first_sight_of_paid_orders_derives_nothing(database: Database, redis_url: str) -> None:
    async with working(database, redis_url) as scene:
        orders = [order_version(f"{number}", 0, ["delivered"], "paid") for number in range(500)]
        await asyncio.gather(*(scene.deliver("order.create", json.dumps(order).encode()) for order in orders))
        ledger = await scene.settled()
        assert ledger.balanced
        assert ledger.of(Origin.ZID).count(EventState.DONE) == ledger.of(Origin.ZID).received == 500
        assert ledger.of(Origin.DERIVED).received == 0
        assert (await scene.parts.adapters.reader().mirror_counts(STORE))[EntityKind.ORDER] == 500
        assert scene.rows("SELECT count(*) FROM events WHERE origin = 'derived'") == [(0,)]


async def deliver_anyhow(scene: Scene, chance: random.Random, lives: Sequence[Life]) -> None:
    """Every version at least once, some again byte for byte, some again written differently, all out of order."""
    letters = [(life.topic, version) for life in lives for version in life.versions]
    letters += chance.choices(letters, k=len(letters) // 2)
    chance.shuffle(letters)
    bodies = [(topic, json.dumps(version, indent=chance.choice([None, 1])).encode()) for topic, version in letters]
    while bodies:
        size = chance.randint(1, 60)
        burst, bodies = bodies[:size], bodies[size:]
        await asyncio.gather(*(scene.deliver(topic, body) for topic, body in burst))
        await asyncio.sleep(chance.choice([0, 0.005, 0.03]))


def order_life(chance: random.Random, number: int) -> Life:
    """Through the statuses once; `told` orders name the way in their histories."""
    statuses = list(STATUSES[: chance.randint(1, len(STATUSES))])
    payments = [chance.choice(PAYMENTS) for _ in statuses]
    told = chance.random() < 0.5
    versions = [
        order_version(f"{number}", version, statuses[: version + 1], payments[version], told=told)
        for version in range(len(statuses))
    ]
    return Life(EntityKind.ORDER, f"{number}", versions)


def order_version(
    id_: str, version: int, statuses: Sequence[str], payment: str, *, told: bool = False
) -> dict[str, Any]:
    history = [{"order_status_name": name, "created_at": naive(at)} for at, name in enumerate(statuses)] if told else []
    return {
        "id": int(id_),
        "order_status": {"code": statuses[-1]},
        "payment_status": payment,
        "updated_at": naive(version),
        "histories": history[::-1],
    }


def product_life(chance: random.Random, number: int) -> Life:
    versions = [
        {
            "id": f"product-{number}",
            "quantity": chance.randint(0, 50),
            "price": chance.choice([9.5, 10, 12]),
            "updated_at": (START + timedelta(minutes=version)).isoformat(),
        }
        for version in range(chance.randint(1, 6))
    ]
    return Life(EntityKind.PRODUCT, f"product-{number}", versions)


def naive(version: int) -> str:
    return (START + timedelta(minutes=version)).strftime("%Y-%m-%d %H:%M:%S")


def check_order(scene: Scene, life: Life) -> None:
    assert scene.mirrored(life) == life.versions[-1]
    first, last = scene.first_seen(life), life.versions[-1]
    statuses = [first["order_status"]["code"], *chain(scene.told(life, "order.status_changed"))]
    assert statuses[-1] == last["order_status"]["code"]
    assert len(set(statuses)) == len(statuses), "no step twice"
    if last["histories"]:
        seen = life.versions.index(first)
        assert statuses == [version["order_status"]["code"] for version in life.versions[seen:]]
    payments = [first["payment_status"], *chain(scene.told(life, "payment.%"))]
    assert payments[-1] == last["payment_status"]
    assert len(payments) <= len(life.versions)


def check_product(scene: Scene, life: Life) -> None:
    assert scene.mirrored(life) == life.versions[-1]
    first, last = scene.first_seen(life), life.versions[-1]
    moved = scene.told(life, "inventory.changed")
    quantities = [str(first["quantity"]), *chain(moved)]
    assert quantities[-1] == str(last["quantity"])
    assert sum(body["delta"] for body in moved) == last["quantity"] - first["quantity"]
    assert len(moved) < len(life.versions)


def chain(told: Sequence[dict[str, Any]]) -> list[str]:
    """Where each step leads to; every step begins where the one before ended, and goes somewhere."""
    assert all(before["new"] == after["old"] for before, after in pairwise(told))
    assert all(body["old"] != body["new"] for body in told)
    return [body["new"] for body in told]
