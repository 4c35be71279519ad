"""What a backfill reads shows in the mirror, and takes nothing from what webhooks tell."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.domain.entities.people_and_places import read_category
from core.domain.mirror import Arrival, apply
from core.ids import Entity, EntityKind
from tests.unit.core.test_mirror import NOW, PRODUCT, deletion, order, product, seen
from tests.unit.core.test_mirror_properties import arrive, order_lives, product_version

CATEGORY = Entity(EntityKind.CATEGORY, "5")


def quiet(arrival: Arrival, body: bytes = b"a list's row") -> Arrival:
    return replace(arrival, quiet=True, body=body)


def category(name: str, **more: object) -> Arrival:
    return Arrival(CATEGORY, NOW, name.encode(), read_category({"id": 5, "name": name, **more}))


def test_a_first_sight_is_a_snapshot_and_nothing_else() -> None:
    applied = apply(None, quiet(order("delivered", 1, payment_status="paid")))
    assert {change.topic for change in applied.changes} == {"order.status_changed", "payment.paid"}
    assert all(change.snapshot for change in applied.changes)


def test_a_newer_row_shows_and_its_change_is_told_by_the_webhook_that_follows() -> None:
    known = seen(order("new", 1))
    adopted = apply(known, quiet(order("ready", 5)))
    assert (adopted.changes, adopted.stale) == ((), False)
    assert adopted.row.columns["status"] == "ready"
    assert adopted.row.body == b"a list's row"
    late = apply(adopted.row, order("preparing", 3))
    assert late.stale
    told = apply(adopted.row, order("ready", 5)).changes
    assert [(change.data["old"], change.data["new"]) for change in told] == [("new", "ready")]


def test_the_same_version_keeps_what_the_webhook_said() -> None:
    known = seen(order("new", 5))
    assert apply(known, quiet(order("new", 5))).row is known
    assert apply(known, quiet(order("new", 4))).stale


def test_a_row_of_which_only_one_side_has_a_version_is_kept() -> None:
    dated = seen(category("one", updated_at="2026-01-01T00:00:00Z"))
    assert apply(dated, quiet(category("two"))).stale
    undated = seen(category("one"))
    assert apply(undated, quiet(category("two", updated_at="2026-01-01T00:00:00Z"))).stale


def test_where_there_are_no_versions_the_list_counts_by_arrival() -> None:
    assert apply(seen(category("one")), quiet(category("two"))).row.columns["name_ar"] == "two"


def test_a_tombstone_is_lifted_by_what_is_newer_only() -> None:
    buried = seen(product(1, quantity=5), deletion(PRODUCT, NOW))
    assert apply(buried, quiet(product(2, quantity=5))).stale
    risen = quiet(replace(product(2, quantity=5)))
    assert risen.reading is not None
    newer = replace(risen, reading=replace(risen.reading, version=NOW + timedelta(minutes=1)))
    applied = apply(buried, newer)
    assert not applied.row.deleted
    assert all(change.snapshot for change in applied.changes)


def test_a_field_first_seen_quietly_is_a_first_sight() -> None:
    known = seen(product(1, price="9.00"))
    adopted = apply(known, quiet(product(2, price="9.00", variants=[{"id": "v", "quantity": 3}])))
    assert adopted.row.facts["variant/v/quantity"] == "3"
    later = apply(adopted.row, product(3, price="9.00", variants=[{"id": "v", "quantity": 1}]))
    assert [change.data["delta"] for change in later.changes] == [-2]


@given(order_lives(), st.data())
def test_however_a_backfill_meets_webhooks_the_told_chain_has_no_hole(
    life: tuple[list[Arrival], list[Arrival]], data: st.DataObject
) -> None:
    versions, webhooks = life
    read = [quiet(data.draw(st.sampled_from(versions))) for _ in range(data.draw(st.integers(1, 4)))]
    arrivals = data.draw(st.permutations([*webhooks, *read]))
    row, applied = arrive([*arrivals, versions[-1]])
    first_seen = arrivals[0].reading.facts["status"]  # type: ignore[union-attr]  # no deletes here
    steps = [
        (change.data["old"], change.data["new"])
        for step in applied
        for change in step.changes
        if change.topic == "order.status_changed" and not change.snapshot
    ]
    path = [first_seen, *(new for _, new in steps)]
    assert [old for old, _ in steps] == path[:-1]
    assert path[-1] == row.facts["status"] == versions[-1].reading.facts["status"]  # type: ignore[union-attr]
    assert all(old != new for old, new in pairwise(path))
    assert row.version == versions[-1].reading.version  # type: ignore[union-attr]


@given(st.data())
def test_however_a_backfill_meets_webhooks_stock_changes_sum_up(data: st.DataObject) -> None:
    quantities = data.draw(st.lists(st.integers(0, 500), min_size=1, max_size=6))
    versions = [product_version(number, quantity, "9.00") for number, quantity in enumerate(quantities)]
    read = [quiet(data.draw(st.sampled_from(versions))) for _ in range(data.draw(st.integers(1, 4)))]
    arrivals = data.draw(st.permutations([*versions, *read]))
    _, applied = arrive([*arrivals, versions[-1]])
    deltas = [
        change.data["delta"]
        for step in applied
        for change in step.changes
        if change.topic == "inventory.changed" and not change.snapshot
    ]
    first_seen = int(arrivals[0].reading.facts["quantity"])  # type: ignore[union-attr, arg-type]
    assert sum(deltas) == quantities[-1] - first_seen


@given(order_lives(), st.data())
def test_a_backfill_alone_tells_nobody(life: tuple[list[Arrival], list[Arrival]], data: st.DataObject) -> None:
    versions, _ = life
    read = [quiet(version) for version in data.draw(st.permutations(versions))]
    row, applied = arrive(read)
    assert [change for step in applied for change in step.changes if not change.snapshot] == []
    assert row.columns["status"] == versions[-1].reading.columns["status"]  # type: ignore[union-attr]
