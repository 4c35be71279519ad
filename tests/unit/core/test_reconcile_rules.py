"""What a reconciliation reads, what a listed row means, and how far it is as a value."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.entities.catalogue import READERS
from core.domain.gaps import Gap, GapId
from core.domain.mirror import Arrival, MirrorRow, apply
from core.domain.reconcile_plan import (
    BEYOND_RECOVERY,
    LONGEST_PERIOD,
    SKEW,
    ZONES,
    Known,
    Scan,
    Span,
    Why,
    allowance,
    cost,
    lost,
    plan,
)
from core.domain.reconcile_progress import Progress, SpanReport, ratios, read_progress, to_document
from core.domain.reconcile_rows import SAME, Found, Mirrored, Verdict, compare, row_hash
from core.domain.topics import GONE_TOPICS, RECONCILED_TOPICS, ZID_TOPICS, is_known, mirrored_topic
from core.ids import Entity, EntityKind, InstallId, StoreId

ORDER, PRODUCT, CUSTOMER, CATEGORY, CART = (
    EntityKind.ORDER,
    EntityKind.PRODUCT,
    EntityKind.CUSTOMER,
    EntityKind.CATEGORY,
    EntityKind.CART,
)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def known(**changed: object) -> Known:
    given_: dict[str, object] = {
        "now": NOW,
        "installed_at": NOW - 10 * DAY,
        "covered": dict.fromkeys((ORDER, PRODUCT), NOW - HOUR),
        "full": dict.fromkeys((PRODUCT, CUSTOMER, CATEGORY, CART), NOW - HOUR),
        "counts": {},
        "full_every": DAY,
    }
    return Known(**{**given_, **changed})  # type: ignore[arg-type]


def gap(topic: str | None, hours_ago: float = 2, long: float = 1) -> Gap:
    since = NOW - timedelta(hours=hours_ago)
    return Gap(StoreId(1), InstallId(1), topic, since, since + timedelta(hours=long), "answered 429")


def test_on_schedule_orders_are_read_by_window_and_products_down_to_the_last_time() -> None:
    assert plan(Why.SCHEDULED, known(), []) == (
        Span(PRODUCT, Scan.DOWN_TO, NOW - HOUR - SKEW),
        Span(ORDER, Scan.WINDOW, NOW - HOUR - ZONES),
    )


def test_whole_lists_are_read_when_their_period_is_over_and_long_ones_less_often() -> None:
    long_ago = dict.fromkeys((PRODUCT, CUSTOMER, CATEGORY, CART), NOW - 2 * DAY)
    spans = plan(Why.SCHEDULED, known(full=long_ago, counts={CUSTOMER: 100_000}), [])
    assert {span.kind: span.scan for span in spans} == {
        CATEGORY: Scan.FULL,
        PRODUCT: Scan.FULL,
        ORDER: Scan.WINDOW,
        CART: Scan.FULL,
    }
    for_ages = dict.fromkeys((PRODUCT, CUSTOMER, CATEGORY, CART), NOW - LONGEST_PERIOD)
    spans = plan(Why.SCHEDULED, known(full=for_ages, counts={CUSTOMER: 10_000_000}), [])
    assert CUSTOMER in {span.kind for span in spans}


def test_who_asks_gets_everything_since_the_install_where_nothing_was_read_before() -> None:
    spans = plan(Why.REQUESTED, known(covered={}, full={}), [])
    assert [(span.kind, span.scan) for span in spans] == [
        (CATEGORY, Scan.FULL),
        (PRODUCT, Scan.FULL),
        (CUSTOMER, Scan.FULL),
        (ORDER, Scan.WINDOW),
        (CART, Scan.FULL),
    ]
    assert spans[3].since == NOW - 10 * DAY - ZONES


def test_of_a_gap_exactly_its_window_is_read() -> None:
    one = gap("order.create")
    assert plan(Why.GAP, known(), [one]) == (Span(ORDER, Scan.WINDOW, one.since - ZONES, one.until + ZONES),)
    assert plan(Why.GAP, known(), [gap("product.update")]) == (Span(PRODUCT, Scan.DOWN_TO, gap(None).since - SKEW),)
    assert plan(Why.GAP, known(), [gap("product.delete")]) == (Span(PRODUCT, Scan.FULL),), "deletes show in no window"
    assert plan(Why.GAP, known(), [gap("customer.update")]) == (Span(CUSTOMER, Scan.FULL),)
    assert plan(Why.GAP, known(), [gap("customer.login")]) == (), "nothing tells of logins"
    assert {span.kind for span in plan(Why.GAP, known(), [gap(None)])} == {ORDER, PRODUCT, CUSTOMER, CATEGORY, CART}


def test_windows_that_meet_are_read_once_and_others_apart() -> None:
    near, far = [gap("order.create", 2), gap("order.status.update", 4)], gap("order.create", 400)
    assert plan(Why.GAP, known(), [*near, far]) == (
        Span(ORDER, Scan.WINDOW, far.since - ZONES, far.until + ZONES),
        Span(ORDER, Scan.WINDOW, near[1].since - ZONES, near[0].until + ZONES),
    )
    [open_end] = [span for span in plan(Why.SCHEDULED, known(), near) if span.kind is ORDER]
    assert open_end == Span(ORDER, Scan.WINDOW, near[1].since - ZONES, None)


@given(st.sampled_from([ORDER, PRODUCT, CUSTOMER, CART]), st.integers(0, 100_000), st.integers(0, 100))
def test_the_cost_covers_a_list_that_grew_by_a_quarter(kind: EntityKind, rows: int, missing: int) -> None:
    size = 50 if kind is PRODUCT else 100
    pages = -(-(rows * 5 // 4) // size) or 1
    assert cost(Span(kind, Scan.FULL), rows) >= pages + min(missing, allowance(rows))


def test_what_stays_lost_is_named_by_topic() -> None:
    assert lost("customer.login") == BEYOND_RECOVERY["customer.login"]
    assert lost("order.create") is None
    everything = lost(None)
    assert everything is not None
    assert "customer.login" in everything
    assert set(BEYOND_RECOVERY) <= set(ZID_TOPICS)


def order(status: str = "new", minute: int = 0, **more: object) -> dict[str, object]:
    document = {"id": 7, "order_status": {"code": status}, "payment_status": "pending", "order_total": "10"}
    return {**document, "updated_at": f"2026-06-01 10:{minute:02}:00", **more}


def category(name: str = "a", **more: object) -> dict[str, object]:
    return {"id": 3, "name": name, "is_published": True, **more}


def mirrored(
    kind: EntityKind, document: dict[str, object], *, seen_as: bytes | None = None, pending: bool = False
) -> Mirrored:
    arrival = Arrival(Entity(kind, "7"), NOW, b"{}", READERS[kind](document))
    return Mirrored(apply(None, arrival).row, seen_as, pending)


def judged(kind: EntityKind, document: dict[str, object], held: Mirrored, before: datetime | None = None) -> Verdict:
    listed = row_hash(repr(sorted(document.items(), key=str)).encode())
    return compare(kind, READERS[kind](document), listed, held, settled_before=before)


def test_rows_that_agree_and_rows_that_lag_behind_the_mirror_need_nothing() -> None:
    assert judged(ORDER, order(), mirrored(ORDER, order())) == SAME
    assert judged(ORDER, order("new", 0), mirrored(ORDER, order("ready", 5))) == SAME, "a stale read (U18)"


@pytest.mark.parametrize(
    ("kind", "document", "topics"),
    [
        (ORDER, order(), ("order.create",)),
        (PRODUCT, {"id": "p", "price": 1}, ("product.create",)),
        (CUSTOMER, {"id": 1, "name": "a"}, ("customer.create",)),
        (CATEGORY, category(), ("category.create",)),
        (CART, {"id": "c", "phase": "new"}, ("abandoned_cart.created",)),
        (CART, {"id": "c", "phase": "completed"}, ("abandoned_cart.completed",)),
    ],
)
def test_an_unknown_row_is_what_its_create_webhook_would_have_told(
    kind: EntityKind, document: dict[str, object], topics: tuple[str, ...]
) -> None:
    assert judged(kind, document, Mirrored()) == Verdict(Found.MISSED, topics)


def test_each_missed_change_is_entered_under_its_own_webhooks_name() -> None:
    held = mirrored(ORDER, order("new", 0))
    both = order("ready", 5, payment_status="paid")
    assert judged(ORDER, order("ready", 5), held).topics == ("order.status.update",)
    assert judged(ORDER, both, held).topics == ("order.status.update", "order.payment_status.update")
    assert judged(ORDER, order("new", 5, order_total="12"), held) == Verdict(Found.CATCH_UP, ("reconcile.order",)), (
        "Zid has no webhook for that"
    )


def test_two_changes_within_one_second_share_a_version_and_are_told_apart_all_the_same() -> None:
    held = mirrored(ORDER, order("new", 3))
    assert judged(ORDER, order("ready", 3), held) == Verdict(Found.MISSED, ("order.status.update",))


def test_an_order_from_which_a_person_was_erased_is_not_filled_again() -> None:
    held = mirrored(ORDER, order(customer={"id": 5}, code="abc"))
    assert held.row is not None
    erased = replace(held, row=replace(held.row, columns={**held.row.columns, "customer_id": None, "code": None}))
    assert judged(ORDER, order(customer={"id": 5}, code="abc"), erased) == SAME


def test_what_is_being_taken_in_is_caught_up_with_and_not_counted_as_missed() -> None:
    held = mirrored(ORDER, order("new", 0), pending=True)
    assert judged(ORDER, order("ready", 5), held) == Verdict(Found.CATCH_UP, ("reconcile.order",))


def test_a_webhook_that_may_still_come_is_waited_for() -> None:
    held, change = mirrored(ORDER, order("new", 0)), order("ready", 30)
    at = datetime(2026, 6, 1, 10, 30, tzinfo=UTC)
    assert judged(ORDER, change, held, before=at - HOUR) == SAME
    assert judged(ORDER, change, held, before=at).found is Found.MISSED


def test_rows_without_a_version_are_recognised_by_what_they_looked_like_last() -> None:
    same = row_hash(repr(sorted(category().items(), key=str)).encode())
    assert judged(CATEGORY, category(), mirrored(CATEGORY, category(), seen_as=same)) == SAME
    assert judged(CATEGORY, category(), mirrored(CATEGORY, category())) == SAME, "the first time there is no hash"
    assert judged(CATEGORY, category("b"), mirrored(CATEGORY, category(), seen_as=same)).topics == ("category.update",)
    pictured = category(image="x")
    assert judged(CATEGORY, pictured, mirrored(CATEGORY, category(), seen_as=same)).found is Found.CATCH_UP


def test_what_was_deleted_here_comes_back_only_as_a_newer_version() -> None:
    gone = Mirrored(MirrorRow(Entity(ORDER, "7"), NOW, deleted=True))
    older, newer = order(minute=0), order(updated_at="2026-06-01 13:00:00")
    assert judged(ORDER, older, gone) == SAME
    assert judged(ORDER, newer, gone).topics == ("order.create",)
    assert judged(CATEGORY, category(), Mirrored(MirrorRow(Entity(CATEGORY, "3"), NOW, deleted=True))) == SAME


def test_topics_of_reconciliation_are_mirrored_loudly_and_nobody_can_handle_them() -> None:
    for topic in {*RECONCILED_TOPICS.values(), *GONE_TOPICS.values()}:
        assert mirrored_topic(topic.name) == topic
        assert not topic.quiet
        assert is_known(topic.name) == (topic.name in ZID_TOPICS)
    assert GONE_TOPICS[PRODUCT].name == "product.delete"
    assert all(topic.deletes for topic in GONE_TOPICS.values())


def progress() -> Progress:
    spans = (
        SpanReport(Span(ORDER, Scan.WINDOW, NOW - HOUR, NOW), 7, 3, 1, 2, 30, {"order.create": 2}, 1, 1, 4, 1, None),
        SpanReport(Span(CUSTOMER, Scan.FULL), 5, skipped="the app lacks a permission"),
    )
    return Progress(
        NOW, spans, 1, "page=2", True, (GapId(3),), {ORDER: NOW}, {CUSTOMER: NOW - DAY}, {"order.create": 8}, 2, 9
    )


def test_progress_is_read_back_as_it_was_written() -> None:
    assert read_progress(to_document(progress())) == progress()


def test_a_list_that_was_read_is_covered_and_one_that_could_not_be_is_not() -> None:
    begun = Progress(
        NOW, (SpanReport(Span(CUSTOMER, Scan.FULL), 5), SpanReport(Span(ORDER, Scan.WINDOW, NOW - DAY), 5))
    )
    read = begun.next_span(covers_until=NOW).next_span(covers_until=None)
    assert (read.covered, read.full, read.current) == ({CUSTOMER: NOW}, {CUSTOMER: NOW}, None)
    closed = Progress(NOW, (SpanReport(Span(ORDER, Scan.WINDOW, NOW - DAY, NOW - HOUR), 5),))
    assert closed.next_span(covers_until=NOW).covered == {}, "a window with an end says nothing of later"


def test_the_ratio_counts_what_should_have_come() -> None:
    assert ratios({"order.create": 1}, {"order.create": 3, "customer.create": 2}) == {
        "customer.create": 0.0,
        "order.create": 0.25,
    }
