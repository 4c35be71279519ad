"""What comparing a list with the mirror promises."""

from datetime import UTC, datetime, timedelta

from core.domain.reconcile_plan import Scan, Span
from core.domain.reconcile_rows import Mirrored
from core.domain.reconciliation import ReconciliationId
from core.ids import EntityKind
from tests.contract.goods import remove, show
from tests.contract.scenes import install, order, queued
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

ORDERS, PRODUCTS = EntityKind.ORDER, EntityKind.PRODUCT
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ALL_PRODUCTS = Span(PRODUCTS, Scan.FULL)
ME, BEFORE_ME = ReconciliationId(7), ReconciliationId(6)


def product(number: int, hour: int = 12) -> dict[str, object]:
    return {"id": f"p-{number}", "price": 10, "quantity": 3, "updated_at": f"2026-06-01T{hour}:00:00Z"}


async def unseen(world: LedgerWorld, span: Span = ALL_PRODUCTS, limit: int = 10) -> list[str]:
    later = world.now() + timedelta(seconds=1)
    return list(await world.comparison.unseen(STORE, span, ME, before=later, limit=limit))


async def test_every_id_is_answered_with_what_is_held_of_it(world: LedgerWorld) -> None:
    live = await install(world)
    await show(world, live, PRODUCTS, product(1), product(2))
    await remove(world, live, PRODUCTS, "p-2")
    await world.comparison.mark(STORE, PRODUCTS, ME, {"p-1": b"hash"})
    found = await world.comparison.known(STORE, PRODUCTS, ["p-1", "p-2", "p-3"])
    here, gone = found["p-1"], found["p-2"].row
    assert found["p-3"] == Mirrored()
    assert here.row is not None
    assert (here.hash, here.pending, here.row.version) == (b"hash", False, NOON)
    assert (here.row.facts["quantity"], here.row.columns["quantity"]) == ("3", 3)
    assert gone is not None
    assert gone.deleted


async def test_what_is_taken_in_and_not_in_the_mirror_yet_is_pending(world: LedgerWorld) -> None:
    await queued(world, await install(world), 1)
    found = await world.comparison.known(STORE, ORDERS, [order(1).id, order(2).id])
    assert [found[order(number).id].pending for number in (1, 2)] == [True, False]


async def test_other_stores_and_kinds_are_told_apart(world: LedgerWorld) -> None:
    live = await install(world, OTHER_STORE)
    await show(world, live, PRODUCTS, product(1))
    await world.comparison.mark(OTHER_STORE, PRODUCTS, ME, {"p-1": b"theirs"})
    assert await world.comparison.known(STORE, PRODUCTS, ["p-1"]) == {"p-1": Mirrored()}
    assert await world.comparison.known(OTHER_STORE, EntityKind.CART, ["p-1"]) == {"p-1": Mirrored()}
    assert await unseen(world) == []


async def test_a_mark_without_a_hash_keeps_the_one_before(world: LedgerWorld) -> None:
    await world.comparison.mark(STORE, PRODUCTS, BEFORE_ME, {"p-1": b"first"})
    await world.comparison.mark(STORE, PRODUCTS, ME, {"p-1": None})
    assert (await world.comparison.known(STORE, PRODUCTS, ["p-1"]))["p-1"].hash == b"first"
    await world.comparison.mark(STORE, PRODUCTS, ME, {"p-1": b"second"})
    assert (await world.comparison.known(STORE, PRODUCTS, ["p-1"]))["p-1"].hash == b"second"


async def test_unseen_are_the_living_rows_that_this_one_did_not_mark(world: LedgerWorld) -> None:
    live = await install(world)
    await show(world, live, PRODUCTS, *(product(number) for number in range(1, 6)))
    await remove(world, live, PRODUCTS, "p-5")
    await world.comparison.mark(STORE, PRODUCTS, BEFORE_ME, {"p-1": b"x", "p-2": b"x"})
    await world.comparison.mark(STORE, PRODUCTS, ME, {"p-2": b"x"})
    assert await unseen(world) == ["p-1", "p-3", "p-4"]
    assert await unseen(world, limit=2) == ["p-1", "p-3"]


async def test_what_was_written_after_the_list_was_begun_is_not_missed_in_it(world: LedgerWorld) -> None:
    live = await install(world)
    await show(world, live, PRODUCTS, product(1))
    earlier = world.now() - timedelta(hours=1)
    assert list(await world.comparison.unseen(STORE, ALL_PRODUCTS, ME, before=earlier, limit=10)) == []


async def test_of_a_window_only_what_was_changed_in_it_counts(world: LedgerWorld) -> None:
    live = await install(world)
    await show(world, live, PRODUCTS, product(1, 10), product(2, 12), product(3, 14))
    span = Span(PRODUCTS, Scan.WINDOW, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    down_to = Span(PRODUCTS, Scan.DOWN_TO, NOON)
    assert await unseen(world, span) == ["p-2"]
    assert await unseen(world, down_to) == ["p-2", "p-3"]
    assert [await world.comparison.rows(STORE, one) for one in (span, down_to, ALL_PRODUCTS)] == [1, 2, 3]


async def test_webhooks_received_are_counted_by_topic(world: LedgerWorld) -> None:
    live = await install(world)
    began = world.now() - timedelta(days=400)
    await show(world, live, PRODUCTS, product(1), product(2))
    await queued(world, live, 1)
    found = await world.comparison.received(live.install_id, began)
    assert found["product.update"] == 2
    assert sum(found.values()) == 3
    assert await world.comparison.received(live.install_id, world.now() + timedelta(days=400)) == {}
