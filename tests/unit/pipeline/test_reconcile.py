"""Reconciliation through the pipeline: what is entered, who hears of it, and what survives a death on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.domain.audit import AuditEntry
from core.domain.backfill import BackfillState
from core.domain.gaps import Gap
from core.domain.operations.categories import ListCategories
from core.domain.operations.customers import GetCustomer, ListCustomers
from core.domain.operations.operation import Operation
from core.domain.operations.orders import ListOrders, OrderDate
from core.domain.operations.products import GetProduct
from core.domain.paging import START, Page
from core.domain.reconcile_plan import ZONES
from core.domain.results.category import Category
from core.domain.results.customer import Customer
from core.domain.results.product import Product
from core.errors import MissingScope, NotFound, RateLimited
from core.features.event_handlers import Context, Event
from core.features.event_handlers.registry import Handler
from core.features.reconcile_requests import (
    ReconciliationRefused,
)
from core.ids import Entity, EntityKind
from tests.unit.pipeline.conftest import STORE, Pipeline
from tests.unit.pipeline.reconciled_world import EMPTY, Reconciled, order

heard: list[tuple[str, str, str | None]] = []


async def listen(event: Event, _ctx: Context) -> None:
    heard.append((event.topic, event.entity_id, event.data.get("new") if isinstance(event.data, dict) else None))


@pytest.fixture
def reconciled(pipeline: Callable[..., Pipeline]) -> Callable[..., Reconciled]:
    heard.clear()
    return lambda *handlers: Reconciled(pipeline(*handlers))


Build = Callable[..., Reconciled]
HANDLERS = (
    Handler("create", "order.create", listen),
    Handler("status", "order.status.update", listen),
    Handler("changed", "order.status_changed", listen),
)


async def test_what_no_webhook_told_reaches_the_same_handlers_as_if_one_had(reconciled: Build) -> None:
    world = await reconciled(*HANDLERS).ready()
    await world.tell("order.create", order(1))
    heard.clear()
    world.orders(order(1, "ready", 5), order(2))
    report = await world.reconcile()
    assert await world.entered() == [("order.status.update", "1"), ("order.create", "2")]
    assert sorted(heard) == [
        ("order.create", "2", None),
        ("order.status.update", "1", None),
        ("order.status_changed", "1", "ready"),
    ]
    assert report.state is BackfillState.DONE
    assert report.progress is not None
    assert report.progress.missed == {"order.create": 1, "order.status.update": 1}
    assert report.progress.received == {"order.create": 1}
    assert report.progress.calls <= report.progress.estimate


async def test_a_second_one_finds_nothing(reconciled: Build) -> None:
    world = await reconciled(*HANDLERS).ready()
    world.orders(order(1), order(2))
    await world.reconcile()
    heard.clear()
    again = await world.reconcile()
    assert again.progress is not None
    assert (again.progress.missed, heard) == ({}, [])
    assert len(await world.entered()) == 2


async def test_orders_are_asked_for_by_their_last_change_and_with_overlap(reconciled: Build) -> None:
    world = await reconciled().ready()
    await world.reconcile()
    [asked] = world.gateway.asked(ListOrders)
    assert isinstance(asked, ListOrders)
    assert (asked.date_attribute, asked.date_from, asked.date_to) == (
        OrderDate.UPDATED,
        world.install.installed_at - ZONES,
        None,
    )


async def test_a_row_that_a_list_lacks_is_asked_for_and_deleted_only_when_zid_has_it_no_more(reconciled: Build) -> None:
    world = await reconciled(Handler("gone", "product.delete", listen)).ready()
    for name in ("hidden", "gone"):
        await world.tell("product.update", {"id": name, "price": 1, "updated_at": "2025-12-31T10:00:00Z"})
    hidden = Product.read({"id": "hidden", "price": 1, "updated_at": "2025-12-31T10:00:00Z"})
    world.gateway.on(GetProduct, lambda asked: _found(asked, hidden))
    report = await world.reconcile()
    assert await world.entered() == [("product.delete", "gone")]
    assert heard == [("product.delete", "gone", None)]
    [products] = [one for one in (report.progress.spans if report.progress else ()) if one.span.kind.value == "product"]
    assert (products.asked, products.gone, products.left, products.missed) == (2, 1, 0, {"product.delete": 1})


def _found(asked: Operation[object], known: Product) -> Product:
    assert isinstance(asked, GetProduct)
    if asked.product_id != known.id:
        raise NotFound(404, "no such product")
    return known


async def test_customers_that_are_gone_leave_the_mirror_though_zid_has_no_webhook_for_it(reconciled: Build) -> None:
    world = await reconciled().ready()
    await world.tell("customer.create", {"id": 5, "name": "نورة"})
    world.gateway.on(GetCustomer, NotFound(404, "no such customer"))
    report = await world.reconcile()
    assert await world.entered() == [("reconcile.customer.gone", "5")]
    assert (await world.pipeline.reader.mirror_counts(STORE)).get(EntityKind.CUSTOMER, 0) == 0
    assert report.progress is not None
    assert report.progress.missed == {}, "no webhook was missed"


async def test_a_change_back_that_looked_like_a_redelivery_is_found_and_again_the_next_time(reconciled: Build) -> None:
    world = await reconciled().ready()
    for shown in ("first", "second"):
        for name in ("first", "second", "first", "second"):
            await world.tell("category.update", {"id": 3, "name": name})
        world.gateway.on(ListCategories, Page([Category.read({"id": 3, "name": shown})], None, 1))
        await world.reconcile()
        row = world.database.mirror[STORE, Entity(EntityKind.CATEGORY, "3")]
        assert row.columns["name_ar"] == shown


async def test_many_missing_rows_are_asked_for_only_as_far_as_was_told_before(reconciled: Build) -> None:
    world = await reconciled().ready()
    for number in range(25):
        await world.tell("customer.create", {"id": number, "name": "x"})
    world.gateway.on(ListCustomers, Page([Customer.read({"id": 0, "name": "x"})], None, 1))
    world.gateway.on(GetCustomer, NotFound(404, "no such customer"))
    first = await world.reconcile()
    assert first.progress is not None
    [customers] = [one for one in first.progress.spans if one.span.kind.value == "customer"]
    assert (customers.gone, customers.left) == (11, 13)
    assert first.progress.calls <= first.progress.estimate
    second = await world.reconcile()
    assert second.progress is not None
    [customers] = [one for one in second.progress.spans if one.span.kind.value == "customer"]
    assert (customers.gone, customers.left) == (10, 3)


async def test_a_death_costs_one_page_and_enters_nothing_twice(reconciled: Build) -> None:
    world = await reconciled(*HANDLERS).ready()
    world.orders(*(order(number) for number in range(1, 7)), pages=3)
    advance, died = world.reconciliations.advance, []

    async def die_once(*given: object, **named: object) -> None:
        claim, progress = given
        if not died and progress.calls - progress.others == 3:  # type: ignore[attr-defined]
            died.append(claim)
            raise RuntimeError("killed")
        await advance(*given, **named)  # type: ignore[arg-type]

    world.reconciliations.advance = die_once  # type: ignore[method-assign]
    await world.ask.request(STORE)
    with pytest.raises(RuntimeError, match="killed"):
        await _dying_turn(world)
    world.database.workers.clear()
    while (turn := await world.turn()).decided is not None:
        world.pipeline.clock.advance(turn.decided.wait.total_seconds())
    await world.settle()
    assert sorted(await world.entered()) == [("order.create", str(number)) for number in range(1, 7)]
    assert len(heard) == 6


async def _dying_turn(world: Reconciled) -> None:
    """As `turn`, but whoever dies lays nothing aside."""
    world.worker = await world.pipeline.workers.join("scheduler")
    claim = await world.reader().claim()
    assert claim is not None
    work = await world.reader()._begin(claim)
    assert work is not None
    await world.reader()._steps(work)


async def test_a_list_the_app_may_not_read_is_skipped_and_named_and_the_others_are_read(reconciled: Build) -> None:
    world = await reconciled().ready()
    world.gateway.on(ListCustomers, MissingScope("customers.read"))
    world.orders(order(1))
    report = await world.reconcile()
    assert report.state is BackfillState.DONE
    assert report.progress is not None
    skipped = {one.span.kind.value: one.skipped for one in report.progress.spans if one.skipped}
    assert "customers.read" in (skipped["customer"] or "")
    assert report.progress.missed == {"order.create": 1}
    assert EntityKind.CUSTOMER not in report.progress.covered


async def test_zid_being_away_puts_it_off_at_its_page(reconciled: Build) -> None:
    world = await reconciled().ready()
    world.gateway.on(ListOrders, RateLimited("later", 30), EMPTY)
    await world.ask.request(STORE)
    turn = await world.turn()
    assert turn.decided is not None
    assert turn.decided.state is BackfillState.WAITING
    assert turn.decided.wait >= timedelta(seconds=30)
    world.pipeline.clock.advance(turn.decided.wait.total_seconds())
    assert (await world.turn()).decided is None
    assert len(world.gateway.asked(ListCategories)) == 1, "what was read before is not read again"


async def test_a_gap_makes_exactly_its_window_be_read_and_is_closed(reconciled: Build) -> None:
    world = await reconciled().ready()
    since = world.pipeline.clock.now() - timedelta(minutes=20)
    gap = Gap(
        STORE, world.install.install_id, "order.status.update", since, since + timedelta(minutes=5), "answered 429"
    )
    await world.gaps.open([gap])
    assert await world.reader().schedule() == 0, "more may belong to it"
    world.pipeline.clock.advance(30)
    assert await world.reader().schedule() == 1
    assert (await world.turn()).decided is None
    [asked] = world.gateway.calls
    assert isinstance(asked[1], ListOrders)
    assert (asked[1].date_from, asked[1].date_to, asked[1].at) == (gap.since - ZONES, gap.until + ZONES, START)
    assert await world.gaps.of_install(world.install.install_id) == []
    [closed] = await world.gaps.of_store(STORE)
    assert "history" in (closed.lost or "")


async def test_on_schedule_a_fresh_change_is_left_to_its_webhook(reconciled: Build) -> None:
    world = await reconciled(*HANDLERS).ready()
    fresh = world.pipeline.clock.now() - timedelta(minutes=5)
    world.orders(order(1, updated_at=f"{fresh:%Y-%m-%d %H:%M:%S}"))
    world.pipeline.clock.advance(600)
    await world.reader().schedule()
    assert (await world.turn()).decided is None
    assert await world.entered() == []
    world.pipeline.clock.advance(2 * 3600)
    assert await world.reader().schedule() == 1
    assert (await world.turn()).decided is None
    assert await world.entered() == [("order.create", "1")], "it never came"
    _, second = (one for one in world.gateway.asked(ListOrders) if isinstance(one, ListOrders))
    assert second.date_from is not None
    assert second.date_from < fresh


async def test_nothing_is_asked_of_a_store_that_is_over(reconciled: Build) -> None:
    world = await reconciled().ready()
    await world.ask.request(STORE)
    await world.pipeline.installations.end(world.install.install_id, audit=AuditEntry("test"))
    assert isinstance(await world.ask.request(STORE), ReconciliationRefused)
    assert isinstance(await world.ask.estimate(STORE), ReconciliationRefused)
    assert world.gateway.calls == []
