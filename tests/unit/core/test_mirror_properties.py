"""The mirror's promise, by its hardest case: any order, any repeats, any batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.domain.entities.order import read_order
from core.domain.entities.product import read_product
from core.domain.mirror import Applied, Arrival, MirrorRow, apply
from core.ids import Entity, EntityKind

START = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = Entity(EntityKind.ORDER, "1001")
PRODUCT = Entity(EntityKind.PRODUCT, "p-1")
STATUSES = ["new", "preparing", "ready", "indelivery", "delivered", "cancelled"]


def at(version: int) -> datetime:
    return START + timedelta(minutes=version)


def order_version(version: int, status: str, payment: str, history: list[tuple[int, str]]) -> Arrival:
    document = {
        "id": 1001,
        "order_status": {"code": status},
        "payment_status": payment,
        "updated_at": at(version).strftime("%Y-%m-%d %H:%M:%S"),
        "histories": [
            {"order_status_name": name, "created_at": at(when).strftime("%Y-%m-%d %H:%M:%S")}
            for when, name in reversed(history)
        ],
    }
    return Arrival(ORDER, START, f"order v{version}".encode(), read_order(document))


def product_version(version: int, quantity: int, price: str) -> Arrival:
    document = {"id": "p-1", "quantity": quantity, "price": price, "updated_at": at(version).isoformat()}
    return Arrival(PRODUCT, START, f"product v{version}".encode(), read_product(document))


def arrive(arrivals: list[Arrival], row: MirrorRow | None = None) -> tuple[MirrorRow, list[Applied]]:
    applied = []
    for arrival in arrivals:
        step = apply(row, arrival)
        applied.append(step)
        row = step.row
    assert row is not None
    return row, applied


def shuffled(versions: list[Arrival]) -> st.SearchStrategy[list[Arrival]]:
    """Every version at least once, some again, in any order."""
    again = st.lists(st.sampled_from(versions), max_size=5)
    return st.tuples(st.permutations(versions), again).flatmap(lambda both: st.permutations([*both[0], *both[1]]))


@st.composite
def order_lives(draw: st.DrawFn) -> tuple[list[Arrival], list[Arrival]]:
    statuses = draw(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=6))
    payments = draw(st.lists(st.sampled_from(["pending", "paid", "refunded", "voided"]), min_size=6, max_size=6))
    told = draw(st.booleans())
    history = list(enumerate(statuses))
    versions = [
        order_version(version, status, payments[version % 6], history[: version + 1] if told else [])
        for version, status in enumerate(statuses)
    ]
    return versions, draw(shuffled(versions))


@given(order_lives())
def test_any_order_of_arrival_ends_in_the_last_version(life: tuple[list[Arrival], list[Arrival]]) -> None:
    versions, arrivals = life
    row, _ = arrive(arrivals)
    assert row.body == versions[-1].body
    assert row.version == versions[-1].reading.version  # type: ignore[union-attr]  # no deletes here


@given(order_lives())
def test_the_emitted_statuses_are_a_gapless_chain_from_first_seen_to_final(
    life: tuple[list[Arrival], list[Arrival]],
) -> None:
    _, arrivals = life
    row, applied = arrive(arrivals)
    first_seen = arrivals[0].reading.facts["status"]  # type: ignore[union-attr]  # no deletes here
    steps = [
        (change.data["old"], change.data["new"])
        for step in applied
        for change in step.changes
        if change.topic == "order.status_changed" and not change.snapshot
    ]
    path = [first_seen, *(new for _, new in steps)]
    assert [old for old, _ in steps] == path[:-1]
    assert path[-1] == row.facts["status"]
    assert all(old != new for old, new in pairwise(path))


@given(order_lives())
def test_each_payment_change_is_told_once_and_in_a_chain(life: tuple[list[Arrival], list[Arrival]]) -> None:
    _, arrivals = life
    row, applied = arrive(arrivals)
    told = [
        change
        for step in applied
        for change in step.changes
        if change.topic.startswith("payment.") and not change.snapshot
    ]
    path = [arrivals[0].reading.facts["payment_status"], *(change.data["new"] for change in told)]  # type: ignore[union-attr]
    assert [change.data["old"] for change in told] == path[:-1]
    assert path[-1] == row.facts["payment_status"]


@given(st.data())
def test_inventory_changes_sum_up_to_final_minus_first_seen(data: st.DataObject) -> None:
    quantities = data.draw(st.lists(st.integers(0, 500), min_size=1, max_size=8))
    versions = [product_version(number, quantity, "9.00") for number, quantity in enumerate(quantities)]
    arrivals = data.draw(shuffled(versions))
    row, applied = arrive(arrivals)
    deltas = [
        change.data["delta"]
        for step in applied
        for change in step.changes
        if change.topic == "inventory.changed" and not change.snapshot
    ]
    first_seen = int(arrivals[0].reading.facts["quantity"])  # type: ignore[union-attr, arg-type]
    assert sum(deltas) == int(row.facts["quantity"] or 0) - first_seen  # type: ignore[arg-type]
    assert int(row.facts["quantity"] or 0) == quantities[-1]


@given(order_lives())
def test_a_repeat_of_what_is_known_changes_nothing(life: tuple[list[Arrival], list[Arrival]]) -> None:
    _, arrivals = life
    row, _ = arrive(arrivals)
    again, applied = arrive(arrivals, row)
    assert again.body == row.body
    assert [change for step in applied for change in step.changes] == []
