"""What the mirror makes of single arrivals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.domain.entities.order import read_order
from core.domain.entities.people_and_places import read_category
from core.domain.entities.product import read_product
from core.domain.mirror import Arrival, MirrorRow, apply
from core.ids import Entity, EntityKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDER = Entity(EntityKind.ORDER, "7")
PRODUCT = Entity(EntityKind.PRODUCT, "p")


def order(status: str, minute: int, **more: object) -> Arrival:
    document = {"id": 7, "order_status": {"code": status}, "updated_at": f"2026-03-01 10:{minute:02}:00", **more}
    return Arrival(ORDER, NOW, b"{}", read_order(document))


def product(minute: int, **fields: object) -> Arrival:
    document = {"id": "p", "updated_at": f"2026-03-01T10:{minute:02}:00Z", **fields}
    return Arrival(PRODUCT, NOW, b"{}", read_product(document))


def deletion(entity: Entity, received_at: datetime = NOW) -> Arrival:
    return Arrival(entity, received_at, b"", None)


def seen(*arrivals: Arrival) -> MirrorRow:
    row = None
    for arrival in arrivals:
        row = apply(row, arrival).row
    assert row is not None
    return row


def told(row: MirrorRow, arrival: Arrival) -> list[tuple[str, object, object]]:
    return [(change.topic, change.data["old"], change.data["new"]) for change in apply(row, arrival).changes]


def test_first_sight_tells_nothing_but_a_snapshot() -> None:
    applied = apply(None, order("delivered", 1, payment_status="paid"))
    assert {(change.topic, change.snapshot) for change in applied.changes} == {
        ("order.status_changed", True),
        ("payment.paid", True),
    }


def test_an_older_version_is_skipped_and_said_to_be_stale() -> None:
    applied = apply(seen(order("delivered", 5)), order("new", 1))
    assert applied.stale
    assert applied.changes == ()
    assert applied.row.facts["status"] == "delivered"


def test_missing_steps_are_filled_from_the_orders_own_history() -> None:
    histories = [
        {"order_status_id": 5, "order_status_name": "Delivered", "created_at": "2026-03-01 10:09:00"},
        {"order_status_id": 99, "order_status_name": "مخصص", "created_at": "2026-03-01 10:08:00"},
        {"order_status_id": None, "order_status_name": "In Delivery", "created_at": "2026-03-01 10:07:00"},
        {"order_status_id": 17, "order_status_name": "Ready", "created_at": "2026-03-01 10:06:00"},
        {"order_status_id": 1, "order_status_name": "New", "created_at": "2026-03-01 10:01:00"},
    ]
    assert told(seen(order("new", 2)), order("delivered", 9, histories=histories)) == [
        ("order.status_changed", "new", "ready"),
        ("order.status_changed", "ready", "indelivery"),
        ("order.status_changed", "indelivery", "delivered"),
    ]


def test_both_spellings_of_a_status_are_one() -> None:
    assert told(seen(order("canceled", 1)), order("cancelled", 2)) == []


def test_a_status_may_be_an_arabic_string() -> None:
    applied = apply(seen(order("new", 1)), order("ignored", 2, order_status="جاهز"))
    assert applied.row.facts["status"] == "ready"


def test_equal_versions_count_by_arrival() -> None:
    assert told(seen(order("new", 1)), order("ready", 1)) == [("order.status_changed", "new", "ready")]


def test_a_delete_stays_until_something_newer_comes() -> None:
    buried = seen(product(1, quantity=3), deletion(PRODUCT))
    assert buried.deleted
    assert apply(buried, product(2, quantity=9)).stale
    after_the_delete = Arrival(
        PRODUCT, NOW, b"{}", read_product({"id": "p", "quantity": 9, "updated_at": (NOW + timedelta(1)).isoformat()})
    )
    assert not apply(buried, after_the_delete).row.deleted


def test_a_second_delete_is_stale() -> None:
    assert apply(seen(deletion(PRODUCT)), deletion(PRODUCT)).stale


def test_a_short_payload_does_not_undo_what_is_known() -> None:
    row = seen(product(1, quantity=3, price=9), product(2, price=9))
    assert row.facts["quantity"] == "3"


def test_noise_in_prices_is_no_change_of_price() -> None:
    assert told(seen(product(1, price=200.00000086523)), product(2, price="200.00")) == []


def test_price_and_sale_price_and_variants_are_told_apart() -> None:
    before = product(1, price=9, sale_price=None, variants=[{"id": "v", "price": 9, "quantity": 4}])
    after = product(
        2, price=9, sale_price=8, variants=[{"id": "v", "price": 7.5, "quantity": 1}, {"id": "w", "price": 1}]
    )
    changes = apply(seen(before), after).changes
    assert [(c.topic, c.data.get("field"), c.data["variant_id"], c.data["old"], c.data["new"]) for c in changes] == [
        ("product.price_changed", "sale_price", None, None, "8"),
        ("product.price_changed", "price", "v", "9", "7.5"),
        ("inventory.changed", None, "v", "4", "1"),
    ]


def test_going_infinite_is_told_without_a_delta() -> None:
    change = apply(seen(product(1, quantity=3)), product(2, quantity=None, is_infinite=True)).changes[0]
    assert (change.data["old"], change.data["new"], change.data["delta"]) == ("3", "infinite", None)


def test_what_has_no_version_counts_by_arrival() -> None:
    category = Entity(EntityKind.CATEGORY, "1")
    first = Arrival(category, NOW, b"1", read_category({"id": 1, "name": "one"}))
    second = Arrival(category, NOW, b"2", read_category({"id": 1, "name": "two"}))
    assert seen(first, second).body == b"2"
